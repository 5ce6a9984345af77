"""Replies written once: their placeholders, and what follows when one is sent."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.deliveries.mails import first_name
from dashboard.errors import Conflict, Invalid
from dashboard.leads.tables import Tag
from dashboard.tickets import due
from dashboard.tickets.tables import CannedReply, Priority

PLACEHOLDERS = {
    "first_name": "First name of the customer, or “there”", "name": "Whole name of the customer",
    "ticket": "Number of the ticket", "subject": "Subject of the ticket", "agent": "Who answers",
    "organization": "Your company",
}  # fmt: skip
WORD = re.compile(r"\{\s*([a-z_]{1,40})\s*\}")
LONGEST, MOST = 10_000, 200
SAVE = """
    INSERT INTO canned_reply (organization, title, text, then_status, then_priority, then_tag, used, created_at)
    VALUES ({}, {}, {}, {}, {}, {}, 0, now())
    ON CONFLICT (organization, lower(title)) WHERE archived_at IS NULL DO NOTHING RETURNING id"""


async def every(organization: Organization) -> list[dict[str, Any]]:
    """Those in use, by title."""
    return await rows(
        "SELECT r.id, r.title, r.text, r.then_status, r.then_priority, r.then_tag, r.used, g.name AS tag "
        "FROM canned_reply r LEFT JOIN tag g ON g.id = r.then_tag "
        "WHERE r.organization = {} AND r.archived_at IS NULL ORDER BY lower(r.title), r.id LIMIT {}",
        organization.id, MOST,
    )  # fmt: skip


async def find(organization: Organization, id: int) -> CannedReply | None:
    return await CannedReply.of(organization).where(CannedReply.id == id).first()


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its placeholders filled. Nothing in a value is read again, and a word we do not know stays."""
    return WORD.sub(lambda found: facts.get(found[1], found[0]), text)


def facts(organization: Organization, ticket: Mapping[str, Any], agent: str) -> dict[str, str]:
    name = ticket["name"] or ticket["lead_name"] or ""
    return {
        "first_name": first_name(name) or "there", "name": name or "there", "ticket": str(ticket["number"]),
        "subject": ticket["subject"], "agent": agent, "organization": organization.name,
    }  # fmt: skip


async def wishes(organization: Organization, reply: CannedReply, ticket: dict[str, Any]) -> dict[str, Any]:
    """The columns of a ticket that a canned reply also changes when it is sent, and one more use of it."""
    await rows("UPDATE canned_reply SET used = used + 1 WHERE id = {}", reply.id)
    to: dict[str, Any] = {}
    if reply.then_priority and reply.then_priority != ticket["priority"]:
        first, solve = due.changed(await due.load(organization), ticket, reply.then_priority)
        to |= {"priority": reply.then_priority, "first_reply_due_at": first, "solve_due_at": solve}
    if reply.then_tag and reply.then_tag not in ticket["tags"]:
        to["tags"] = sorted({*ticket["tags"], reply.then_tag})
    return to


async def save(organization: Organization, data: Mapping[str, str], by: Visitor, id: int = 0) -> int:
    """Add one, or change the one with this id; Invalid with what is wrong, Conflict for a title that is taken."""
    title, text = " ".join(data.get("title", "").split())[:80], data.get("text", "").strip()
    status, priority, tag = (data.get(f"then_{name}", "") for name in ("status", "priority", "tag"))
    unknown = sorted({word for word in WORD.findall(text) if word not in PLACEHOLDERS})
    problems = {
        "title": "" if title else "Name it, so that others find it.",
        "text": "" if text else "Write the reply.",
        "then_status": "" if status in ("", "waiting", "solved", "open") else "Choose what becomes of the ticket.",
        "then_priority": "" if priority in ("", *Priority) else "Choose a priority.",
    }
    if unknown:
        problems["text"] = f"Nothing is known by the name {{{unknown[0]}}}."
    if len(text) > LONGEST:
        problems["text"] = f"This is too long: {LONGEST:,} characters at most."
    if wrong := {field: said for field, said in problems.items() if said}:
        raise Invalid(wrong)
    known = int(tag) if tag.isdecimal() and len(tag) < 19 else 0
    if known and not await Tag.of(organization).where(Tag.id == known).first():
        known = 0
    async with transaction():
        if id:
            await rows(
                "UPDATE canned_reply SET title = {}, text = {}, then_status = {}, then_priority = {}, then_tag = {} "
                "WHERE organization = {} AND id = {}",
                title, text, status, priority, known or None, organization.id, id,
            )  # fmt: skip
        else:
            made = await rows(SAVE, organization.id, title, text, status, priority, known or None)
            if not made:
                raise Conflict("There is a reply with this title already.")
            id = made[0]["id"]
        await activity.record(organization, "canned_reply", id, "saved", f"Canned reply “{title}” saved"[:200], by=by)
    return id


async def archive(organization: Organization, id: int, by: Visitor, now: datetime | None) -> None:
    """Take one out of use, or with no moment back into it."""
    async with transaction():
        await rows(
            "UPDATE canned_reply SET archived_at = {} WHERE organization = {} AND id = {}", now, organization.id, id
        )
        said = "taken away" if now else "brought back"
        await activity.record(organization, "canned_reply", id, "archived", f"A canned reply was {said}", by=by)
