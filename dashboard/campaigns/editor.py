"""A campaign while it is written: its settings, audience and steps. Every change says which revision it was made on, so
that two people who edit at once lose nothing without knowing it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboard import typed
from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns.editor_forms import Settings
from dashboard.campaigns.tables import Campaign, CampaignKind, CampaignState, Step
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound

PRESET = (0, 3, 7, 14)  # days
# What one begins with: (label, what it is, kind, days).
BEGINNINGS = {
    "blast": ("One mail", "To everybody the audience finds at the launch", CampaignKind.blast, (0,)),
    "sequence": (
        "Sequence",
        "Day 0, 3, 7 and 14, also for whoever comes to match later",
        CampaignKind.sequence,
        PRESET,
    ),
    "welcome": ("Welcome sequence", "Takes in new leads only, from the launch on", CampaignKind.sequence, PRESET),
}
ONE = """
    SELECT c.*, u.name AS changed_by_name FROM campaign c LEFT JOIN app_user u ON u.id = c.changed_by
    WHERE c.organization = {} AND c.id = {} AND (c.deleted_at IS NULL OR {})"""
STEPS = """
    SELECT s.id, s.position, s.day, s.template, s.condition, t.name AS template_name, t.archived_at, t.category,
           v.id AS version, coalesce(v.number, 0) AS number, coalesce(v.subject, '') AS subject,
           coalesce(v.html, '') AS html, coalesce(v.text, '') AS text
    FROM campaign_step s LEFT JOIN mail_template t ON t.id = s.template
    LEFT JOIN mail_template_version v ON v.template = t.id AND v.number = t.version
    WHERE s.organization = {} AND s.campaign = {} ORDER BY s.position, s.id"""
TOUCH = """
    UPDATE campaign SET revision = revision + 1, changed_at = {}, changed_by = {}
    WHERE organization = {} AND id = {} AND state = 'draft' AND deleted_at IS NULL AND revision = {}
    RETURNING id"""
FIRST_OF = """
    SELECT id FROM mail_template WHERE organization = {} AND category = ANY({}) AND archived_at IS NULL
    ORDER BY array_position({}, category::text), id LIMIT 1"""


class Changed(Conflict):
    """Somebody else saved meanwhile."""


async def find(organization: Organization, id: int, *, deleted: bool = False) -> dict[str, Any]:
    """The campaign, or NotFound. `deleted`: also a draft that was thrown away."""
    found = await row(ONE, organization.id, id, deleted)
    if found is None:
        raise NotFound("There is no such campaign.")
    return found


async def steps(organization: Organization, id: int) -> list[dict[str, Any]]:
    """Its mails in their order, each with the newest texts of its template."""
    return await rows(STEPS, organization.id, id)


async def create(organization: Organization, data: Mapping[str, str], by: Visitor, now: datetime) -> int:
    """A draft, with the steps it usually has; its id. Invalid for a name or a beginning that is missing."""
    name, start = line(typed.text(data, "name")), data.get("start", "")
    typed.refuse({
        "name": "" if name else "Give the campaign a name, like “Winter capacity”.",
        "start": "" if start in BEGINNINGS else "Choose how to begin.",
    })  # fmt: skip
    *_, kind, days = BEGINNINGS[start]
    welcome = start == "welcome"
    source = line(typed.text(data, "source"), 80) if welcome else ""
    async with transaction():
        campaign = Campaign(
            organization=organization.id, name=name, kind=kind, state=CampaignState.draft,
            enrols=kind == CampaignKind.sequence, new_only=welcome, changed_at=now, changed_by=by.id,
            audience=urlencode({"source": source}) if source else "",
        )  # fmt: skip
        await campaign.save()
        for position, day in enumerate(days):
            template = await _usual(organization, welcome and not position) if welcome else None
            await add(organization, campaign.id, position, day, template)
        await activity.record(organization, "campaign", campaign.id, "created", f"Campaign {name} created", by=by)
    return campaign.id


async def _usual(organization: Organization, first: bool) -> int | None:
    kinds = ["welcome", "lead_magnet"] if first else ["follow_up"]
    found = await row(FIRST_OF, organization.id, kinds, kinds)
    return found["id"] if found else None


async def add(organization: Organization, campaign: int, position: int, day: int, template: int | None) -> None:
    """A step at this place."""
    await Step(
        organization=organization.id, campaign=campaign, position=position, day=day, template=template, condition={}
    ).save()


async def touch(organization: Organization, id: int, revision: int, by: Visitor, now: datetime) -> None:
    """Take the next revision, as the first statement of a change. Changed when somebody else took it, Conflict when the
    campaign is no draft any more."""
    if await row(TOUCH, now, by.id, organization.id, id, revision):
        return
    campaign = await find(organization, id)
    if campaign["state"] != CampaignState.draft:
        raise Conflict("This campaign was launched meanwhile. Nothing was changed.")
    who = "You" if campaign["changed_by"] == by.id else campaign["changed_by_name"] or "Somebody"
    where = " in another window" if campaign["changed_by"] == by.id else ""
    raise Changed(
        f"{who} changed this campaign{where} meanwhile. This is how it stands now. "
        "Your change was not saved: look, then save again."
    )


async def save_settings(
    organization: Organization, id: int, revision: int, settings: Settings, by: Visitor, now: datetime
) -> None:
    async with transaction():
        await touch(organization, id, revision, by, now)
        campaign = await find(organization, id)
        values = settings.columns(sequence=campaign["kind"] == CampaignKind.sequence)
        await Campaign.update(values).where(Campaign.id == id, Campaign.organization == organization.id)
        await activity.changed(organization, "campaigns")


async def set_audience(
    organization: Organization, id: int, revision: int, query: str, by: Visitor, now: datetime
) -> None:
    """Whom it is for: the query string of a lead list. “me” becomes the person who says it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    meant = [(name, str(by.id) if value == "me" and name.split(".")[-1] == "owner" else value) for name, value in pairs]
    async with transaction():
        await touch(organization, id, revision, by, now)
        await rows("UPDATE campaign SET audience = {} WHERE id = {}", urlencode(meant), id)
        await activity.changed(organization, "campaigns")
