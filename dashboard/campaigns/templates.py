"""Templates of campaign mails: their texts are in versions that never change, so what was sent can always be read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard import typed
from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns.rendering import Texts
from dashboard.campaigns.tables import Template, TemplateVersion
from dashboard.campaigns.templates_forms import CATEGORIES, Words
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, Invalid, NotFound

MOST = 500
BLANK = Texts("", "Hi {{ first_name | there }},\n\n\n\n{{ sender }}\n\nNo more such mails: {{ unsubscribe_link }}")
COLUMNS = """
    t.id, t.name, t.category, t.version, t.archived_at, t.created_at, v.id AS version_id, v.subject, v.html, v.text,
    v.created_at AS saved_at, u.name AS saved_by
    FROM mail_template t LEFT JOIN mail_template_version v ON v.template = t.id AND v.number = t.version
    LEFT JOIN app_user u ON u.id = v.by"""
LIST = (
    f"SELECT {COLUMNS} WHERE t.organization = {{}} ORDER BY t.archived_at IS NOT NULL, lower(t.name), t.id LIMIT {{}}"
)
ONE = f"SELECT {COLUMNS} WHERE t.organization = {{}} AND t.id = {{}}"
LOCK = (
    "SELECT id, name, category, version, archived_at FROM mail_template WHERE organization = {} AND id = {} FOR UPDATE"
)
VERSIONS = """
    SELECT v.id, v.number, v.subject, v.html, v.text, v.created_at, u.name AS by
    FROM mail_template_version v LEFT JOIN app_user u ON u.id = v.by
    WHERE v.organization = {} AND v.template = {} ORDER BY v.number DESC LIMIT {}"""
RAISE = "UPDATE mail_template SET name = {}, category = {}, version = {} WHERE id = {}"
MOVE = """
    UPDATE mail_template SET archived_at = {} WHERE organization = {} AND id = {}
        AND (archived_at IS NULL) = {} RETURNING name"""
WAITING = """
    SELECT c.name FROM campaign_step s JOIN campaign c ON c.id = s.campaign
    WHERE c.organization = {} AND s.template = {} AND c.state IN ('draft', 'scheduled') AND c.deleted_at IS NULL
    ORDER BY c.id LIMIT 1"""


async def every(organization: Organization) -> list[dict[str, Any]]:
    """All templates with their newest texts, archived ones last."""
    return await rows(LIST, organization.id, MOST)


async def find(organization: Organization, id: int) -> dict[str, Any]:
    """One with its newest texts, or NotFound."""
    found = await row(ONE, organization.id, id)
    if found is None:
        raise NotFound("There is no such template.")
    return found


def texts_of(found: Mapping[str, Any]) -> Texts:
    """The texts of a row of a version, or of a template with its newest version."""
    return Texts(found["subject"] or "", found["html"] or "", found["text"] or "")


async def versions(organization: Organization, id: int) -> list[dict[str, Any]]:
    """The newest first."""
    return await rows(VERSIONS, organization.id, id, MOST)


async def create(
    organization: Organization, name: str, category: str, *, by: Visitor | None, texts: Texts = BLANK
) -> int:
    """A new template with its first version; its id."""
    name = line(name)
    typed.refuse({
        "name": "" if name else "Give the template a name, like “Welcome, first mail”.",
        "category": "" if category in CATEGORIES else "Choose what kind of mail it is.",
    })  # fmt: skip
    async with transaction():
        template = Template(organization=organization.id, name=name, category=category, version=1)
        await template.save()
        await _write(organization, template.id, 1, texts, by)
        await activity.record(organization, "template", template.id, "created", f"Template {name} created", by=by)
    return template.id


async def save(organization: Organization, id: int, words: Words, by: Visitor, based_on: int) -> int:
    """The texts as a new version; its number. Unchanged texts make none. Invalid at `based_on` when somebody else has
    saved one meanwhile: nothing is written over."""
    async with transaction():
        held = await _held(organization, id)
        if held["version"] != based_on:
            newest = await find(organization, id)
            who = newest["saved_by"] or "Somebody"
            said = f"{who} saved version {held['version']} meanwhile. Compare it below. Saving again puts yours on top."
            raise Invalid({"based_on": said})
        newest = await find(organization, id)
        number = held["version"]
        if texts_of(newest) != words.texts or not number:
            number += 1
            await _write(organization, id, number, words.texts, by)
        await rows(RAISE, words.name, words.category, number, id)
        if number != held["version"]:
            title = f"Template {words.name}: version {number}"
            await activity.record(organization, "template", id, "saved", title, by=by)
        await activity.changed(organization, "campaigns")
    return number


async def put_back(organization: Organization, id: int, number: int, by: Visitor) -> int:
    """An earlier version's texts as the newest version; its number."""
    async with transaction():
        held = await _held(organization, id)
        old = next((each for each in await versions(organization, id) if each["number"] == number), None)
        if old is None:
            raise NotFound("There is no such version.")
        if number == held["version"]:
            return number
        await _write(organization, id, held["version"] + 1, texts_of(old), by)
        await rows(RAISE, held["name"], held["category"], held["version"] + 1, id)
        title = f"Template {held['name']}: version {number} put back"
        await activity.record(organization, "template", id, "put_back", title, by=by)
    return held["version"] + 1


async def duplicate(organization: Organization, id: int, by: Visitor) -> int:
    """A template of its own with the newest texts of this one."""
    found = await find(organization, id)
    name = f"{found['name'][:112]}, copy"
    return await create(organization, name, found["category"], by=by, texts=texts_of(found))


async def archive(organization: Organization, id: int, by: Visitor, now: datetime) -> None:
    """Offered no more. Conflict while a campaign that has not begun is to send it; those under way keep their texts.
    Repeating it changes nothing."""
    async with transaction():
        await _held(organization, id)
        if waiting := await row(WAITING, organization.id, id):
            raise Conflict(
                f"“{waiting['name']}” is to send this. Choose another mail there first. Nothing was changed."
            )
        if moved := await row(MOVE, now, organization.id, id, True):
            await activity.record(organization, "template", id, "archived", f"Template {moved['name']} archived", by=by)


async def bring_back(organization: Organization, id: int, by: Visitor) -> None:
    """Undo of archiving. Repeating it changes nothing."""
    async with transaction():
        await _held(organization, id)
        if moved := await row(MOVE, None, organization.id, id, False):
            title = f"Template {moved['name']} brought back"
            await activity.record(organization, "template", id, "brought_back", title, by=by)


async def _write(organization: Organization, id: int, number: int, texts: Texts, by: Visitor | None) -> None:
    version = TemplateVersion(
        organization=organization.id, template=id, number=number, subject=texts.subject, html=texts.html,
        text=texts.text, by=by.id if by else None,
    )  # fmt: skip
    await version.save()


async def _held(organization: Organization, id: int) -> dict[str, Any]:
    held = await row(LOCK, organization.id, id)
    if held is None:
        raise NotFound("There is no such template.")
    return held
