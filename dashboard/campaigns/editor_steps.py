"""The steps of a campaign while it is written: which mail on which day, and for whom."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard import typed
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import conditions, templates
from dashboard.campaigns.editor import PRESET, add, find, steps, touch
from dashboard.campaigns.tables import CampaignKind, Step, TemplateCategory
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound

MOST_STEPS, LAST_DAY = 20, 365
# In two statements: a position is unique at every moment.
ASIDE = "UPDATE campaign_step SET position = position + 1000 WHERE campaign = {}"
IN_ORDER = """
    UPDATE campaign_step s SET position = o.position FROM (
        SELECT id, row_number() OVER (ORDER BY day, position, id) - 1 AS position FROM campaign_step
        WHERE campaign = {}) o WHERE o.id = s.id"""


async def add_step(organization: Organization, id: int, revision: int, by: Visitor, now: datetime) -> None:
    """One more mail, three days after the last."""
    async with transaction():
        await touch(organization, id, revision, by, now)
        known = await steps(organization, id)
        if (await find(organization, id))["kind"] == CampaignKind.blast and known:
            raise Conflict("A single mail has no further steps. Begin a sequence instead. Nothing was changed.")
        if len(known) >= MOST_STEPS:
            raise Conflict(f"A sequence has at most {MOST_STEPS} mails. Nothing was changed.")
        day = min(known[-1]["day"] + 3, LAST_DAY) if known else 0
        await add(organization, id, len(known), day, None)


async def use_preset(organization: Organization, id: int, revision: int, by: Visitor, now: datetime) -> None:
    """The days 0, 3, 7 and 14: mails that are missing are added, the first four keep theirs."""
    async with transaction():
        await touch(organization, id, revision, by, now)
        if (await find(organization, id))["kind"] != CampaignKind.sequence:
            raise Conflict("Only a sequence has days. Nothing was changed.")
        known = await steps(organization, id)
        for position, day in enumerate(PRESET):
            if position < len(known):
                await rows("UPDATE campaign_step SET day = {} WHERE id = {}", day, known[position]["id"])
            else:
                await add(organization, id, position, day, None)
        for step in known[len(PRESET) :]:
            await rows("UPDATE campaign_step SET day = greatest(day, {}) WHERE id = {}", PRESET[-1] + 1, step["id"])
        await _sort(id)


async def change_step(
    organization: Organization, id: int, step: int, revision: int, data: Mapping[str, str], by: Visitor, now: datetime
) -> None:
    """Its day, mail and condition. Invalid for a day that is taken or no day, NotFound for a mail or tag nobody has."""
    async with transaction():
        await touch(organization, id, revision, by, now)
        known = await steps(organization, id)
        held = next((each for each in known if each["id"] == step), None)
        if held is None:
            raise NotFound("There is no such step.")
        days = {each["day"] for each in known if each["id"] != step}
        day = held["day"]
        if "day" in data:
            said = typed.text(data, "day").strip()
            day = int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else -1
            wrong = "" if 0 <= day <= LAST_DAY else f"Write a day from 0 to {LAST_DAY}."
            typed.refuse({"day": wrong or (f"There is a mail on day {day} already." if day in days else "")})
        template = typed.number(data, "template") or None
        if template and not await row(
            "SELECT id FROM mail_template WHERE organization = {} AND id = {} AND (archived_at IS NULL OR id = {})",
            organization.id, template, held["template"] or 0,
        ):  # fmt: skip
            raise NotFound("There is no such template. Nothing was changed.")
        changes: dict[Any, Any] = {"day": day, "template": template, "condition": await _condition(organization, data)}
        await Step.update(changes).where(Step.id == step)
        await _sort(id)


async def _condition(organization: Organization, data: Mapping[str, str]) -> dict[str, Any]:
    kind = data.get("condition", "")
    if kind not in conditions.KINDS:
        return {}
    if kind not in conditions.OF_TAG:
        return {"kind": kind}
    tag = typed.number(data, "tag")
    if not await row("SELECT id FROM tag WHERE organization = {} AND id = {}", organization.id, tag):
        typed.refuse({"tag": "Choose a tag."})
    return {"kind": kind, "tag": tag}


async def remove_step(
    organization: Organization, id: int, step: int, revision: int, by: Visitor, now: datetime
) -> None:  # fmt: skip
    """Without this mail. Repeating it changes nothing."""
    async with transaction():
        await touch(organization, id, revision, by, now)
        await rows("DELETE FROM campaign_step WHERE organization = {} AND campaign = {} AND id = {}",
                   organization.id, id, step)  # fmt: skip
        await _sort(id)


async def _sort(id: int) -> None:
    await rows(ASIDE, id)
    await rows(IN_ORDER, id)


async def write_mail(
    organization: Organization, id: int, step: int, revision: int, by: Visitor, now: datetime
) -> int:  # fmt: skip
    """A new template for this step, named after the campaign and the day; its id."""
    async with transaction():
        await touch(organization, id, revision, by, now)
        campaign = await find(organization, id)
        held = next((each for each in await steps(organization, id) if each["id"] == step), None)
        if held is None:
            raise NotFound("There is no such step.")
        sequence = campaign["kind"] == CampaignKind.sequence
        name = f"{campaign['name'][:100]}{', day ' + str(held['day']) if sequence else ''}"
        category = TemplateCategory.follow_up if held["day"] else TemplateCategory.newsletter
        template = await templates.create(organization, name, category, by=by)
        await Step.update({Step.template: template}).where(Step.id == step)
    return template
