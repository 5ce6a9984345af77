"""What the team writes about a lead to itself: write, change, delete, and take either back. Each is on the timeline;
the old text is kept beside the line for undo, and forgotten after 30 days."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, Role
from dashboard.activity import actions as activity
from dashboard.activity.tables import Note
from dashboard.database import row, rows, transaction
from dashboard.errors import NotAllowed, NotFound
from dashboard.leads.changes import DONE, Changed, Reversed, locked

KEEP = timedelta(days=30)
FIND = """
    SELECT id, text, author, created_at, updated_at FROM note
    WHERE organization = {} AND id = {} AND subject_kind = 'lead' AND subject_id = {} FOR UPDATE"""
BACK = """
    INSERT INTO note (id, organization, subject_kind, subject_id, text, author, created_at, updated_at)
    VALUES ({}, {}, 'lead', {}, {}, {}, {}::text::timestamptz, {}::text::timestamptz)
    ON CONFLICT (id) DO NOTHING RETURNING id"""
FORGET = """
    UPDATE activity SET data = jsonb_build_object() WHERE id IN (
        SELECT id FROM activity WHERE subject_kind = 'lead' AND verb IN ('note_changed', 'note_deleted')
            AND created_at < {} AND data <> jsonb_build_object() LIMIT {}) RETURNING id"""


async def write(organization: Organization, lead: int, text: str, once: str, by: Visitor) -> Note | None:
    """Add a note; None when this form's note is there already."""
    async with transaction():
        await locked(organization, lead)
        if await row(DONE, organization.id, once, lead):
            return None
        note = await activity.write_note(organization, "lead", lead, text, by)
        data = {"batch": once, "note": note.id}
        await activity.record(organization, "lead", lead, "noted", "wrote a note", by=by, data=data)
    return note


async def change(
    organization: Organization, lead: int, id: int, text: str, by: Visitor, role: Role, now: datetime
) -> Changed:
    """Put other words into a note of one's own; admins may change anybody's."""
    batch = secrets.token_urlsafe(12)
    async with transaction():
        await locked(organization, lead)
        note = await _mine(organization, lead, id, by, role)
        if note["text"] == text:
            return Changed(False, batch)
        await rows("UPDATE note SET text = {}, updated_at = {} WHERE id = {}", text, now, id)
        data = {
            "batch": batch,
            "note": id,
            "before": note["text"],
            "after": text,
            "changed": note["updated_at"] and note["updated_at"].isoformat(),
        }
        await activity.record(organization, "lead", lead, "note_changed", "changed a note", by=by, data=data)
    return Changed(True, batch)


async def delete(organization: Organization, lead: int, id: int, by: Visitor, role: Role) -> Changed:
    """Take a note of one's own away; admins may take anybody's."""
    batch = secrets.token_urlsafe(12)
    async with transaction():
        await locked(organization, lead)
        try:
            note = await _mine(organization, lead, id, by, role)
        except NotFound:
            return Changed(False, batch)
        await rows("DELETE FROM note WHERE id = {}", id)
        kept = note | {name: note[name] and note[name].isoformat() for name in ("created_at", "updated_at")}
        data = {"batch": batch, "note": id, "kept": kept}
        await activity.record(organization, "lead", lead, "note_deleted", "deleted a note", by=by, data=data)
    return Changed(True, batch)


async def reverse(organization: Organization, lead: int, batch: str, by: Visitor) -> Reversed:
    """The note as it was before a change or a deletion, unless it has changed again."""
    async with transaction():
        await locked(organization, lead)
        made = await row(DONE, organization.id, batch, lead)
        if made is None or not {"before", "kept"} & set(made["data"]):
            raise NotFound("There is no such change.")
        done = await _put_back(organization, lead, made["data"])
        if done:
            await activity.record(organization, "lead", lead, "undone", "took the last change back", by=by)
            return Reversed(True)
        return Reversed(False, since="before" in made["data"])


async def _put_back(organization: Organization, lead: int, data: dict[str, Any]) -> bool:
    if note := data.get("kept"):
        back = await row(
            BACK,
            note["id"],
            organization.id,
            lead,
            note["text"],
            note["author"],
            note["created_at"],
            note["updated_at"],
        )
    else:
        back = await row(
            "UPDATE note SET text = {}, updated_at = {}::text::timestamptz "
            "WHERE organization = {} AND id = {} AND text = {} RETURNING id",
            data["before"], data.get("changed"), organization.id, data["note"], data["after"],
        )  # fmt: skip
    return back is not None


async def _mine(organization: Organization, lead: int, id: int, by: Visitor, role: Role) -> dict[str, Any]:
    note = await row(FIND, organization.id, id, lead) if id < 2**63 else None
    if note is None:
        raise NotFound("There is no such note.")
    if note["author"] != by.id and role.rank < Role.admin.rank:
        raise NotAllowed("Only who wrote it, admins and the owner may do this. Nothing was changed.")
    return note


async def forget(now: datetime, most: int = 500) -> int:
    """Drop old texts of notes nobody can bring back any more; how many."""
    return len(await rows(FORGET, now - KEEP, most))
