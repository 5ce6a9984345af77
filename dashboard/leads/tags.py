"""The words an organization puts on its leads: made where they are needed, renamed and coloured in Settings."""

import secrets
from typing import Any

from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import Invalid, NotFound
from dashboard.leads.tables import Tag

LONGEST, MOST, COLOURS = 40, 200, 6
ALL = "SELECT id, name, colour FROM tag WHERE organization = {} ORDER BY lower(name), id LIMIT {}"
USED = """
    SELECT t.id, t.name, t.colour, (SELECT count(*) FROM (SELECT 1 FROM lead l WHERE l.tags @> ARRAY[t.id]
        AND l.organization = t.organization AND l.deleted_at IS NULL LIMIT 10001) found) AS leads
    FROM tag t WHERE t.organization = {} ORDER BY lower(t.name), t.id LIMIT {}"""
MAKE = """
    INSERT INTO tag (organization, name, colour, created_at) VALUES ({}, {}, {}, now())
    ON CONFLICT (organization, lower(name)) DO UPDATE SET name = tag.name RETURNING id, name, colour"""
STRIP = """
    WITH bearers AS (SELECT id FROM lead WHERE organization = {} AND tags @> ARRAY[{}::bigint] ORDER BY id LIMIT {}
                  FOR UPDATE)
    UPDATE lead SET tags = array_remove(tags, {}::bigint), scored_at = NULL FROM bearers WHERE lead.id = bearers.id
    RETURNING lead.id"""
BATCH = 2000


async def every(organization: Organization) -> list[dict[str, Any]]:
    """All tags by name: id, name, colour."""
    return await rows(ALL, organization.id, MOST)


async def used(organization: Organization) -> list[dict[str, Any]]:
    """All tags with how many leads have them, up to 10,001."""
    return await rows(USED, organization.id, MOST)


async def named(organization: Organization, ids: list[int]) -> dict[int, str]:
    """The names of tags by id; NotFound when one of them is not this organization's."""
    found = {tag["id"]: tag["name"] for tag in await every(organization)}
    if unknown := set(ids) - set(found):
        raise NotFound(f"There is no tag {min(unknown)}. Nothing was changed.")
    return {id: found[id] for id in ids}


async def make(organization: Organization, name: str, colour: int = 0) -> dict[str, Any]:
    """The tag of this name, whatever its case; made when it is new."""
    name = _name(name)
    known = await every(organization)
    if len(known) >= MOST and name.lower() not in {tag["name"].lower() for tag in known}:
        raise Invalid({"name": f"There are {MOST} tags already. Delete one that nobody needs."})
    found = await row(MAKE, organization.id, name, colour % COLOURS)
    assert found is not None
    return found


async def change(organization: Organization, id: int, name: str, colour: int, by: Visitor) -> Tag:
    """Give a tag another name or colour; leads keep it."""
    tag, name = await Tag.get_of(organization, id), _name(name)
    async with transaction():
        taken = await row(
            "SELECT id FROM tag WHERE organization = {} AND lower(name) = lower({}) AND id <> {}",
            organization.id,
            name,
            id,
        )
        if taken:
            raise Invalid({"name": "There is a tag with this name already."})
        if (tag.name, tag.colour) != (name, colour % COLOURS):
            title = f"Tag {tag.name} changed" if tag.name == name else f"Tag {tag.name} renamed to {name}"
            tag.name, tag.colour = name, colour % COLOURS
            await tag.save()
            await activity.record(organization, "organization", organization.id, "settings", title, by=by)
    return tag


async def delete(organization: Organization, id: int, by: Visitor) -> int:
    """Take a tag off every lead, 2,000 to a transaction, and forget it. How many leads had it."""
    tag, stripped = await Tag.get_of(organization, id), 0
    while found := await rows(STRIP, organization.id, id, BATCH, id):
        stripped += len(found)
    async with transaction():
        await Tag.delete().where(Tag.organization == organization.id, Tag.id == id)
        batch = {"batch": secrets.token_urlsafe(12)}
        title = f"Tag {tag.name} deleted, {stripped} leads had it"
        await activity.record(organization, "organization", organization.id, "settings", title, by=by, data=batch)
    return stripped


def _name(typed: str) -> str:
    name = line(typed, LONGEST)
    if not name:
        raise Invalid({"name": "Give the tag a name."})
    return name
