"""Answering in a ticket: what goes out, what becomes of the ticket, and what only the team reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.conversations import replying
from dashboard.conversations.tables import Conversation
from dashboard.database import row, transaction
from dashboard.deliveries.actions import UNDO
from dashboard.errors import Conflict, Invalid
from dashboard.files.tables import File
from dashboard.tickets import canned, work
from dashboard.tickets.changes import Done, change, hold
from dashboard.tickets.tables import Ticket

LONGEST = 20_000
THEN = {
    "waiting": ("Send and wait", "pause"), "open": ("Send and keep open", "send"),
    "solved": ("Send and solve", "circle-check"),
}  # fmt: skip
SINCE = """
    SELECT m.id, m.direction, u.name, u.id AS by FROM message m LEFT JOIN app_user u ON u.id = m.author
    WHERE m.organization = {} AND m.conversation = {} AND m.id > {} ORDER BY m.id DESC LIMIT 1"""


class Meanwhile(Conflict):
    """Somebody wrote since the page was read."""


async def reply(
    organization: Organization, ticket: Ticket, text: str, once: str, now: datetime, by: Visitor, *,
    then: str = "waiting", seen: int | None = None, files: Sequence[File] = (), used: int = 0,
) -> Done:  # fmt: skip
    """Send this to the customer in ten seconds and move the ticket on. `seen` is the newest message the writer knew;
    Meanwhile when there is another one. `used`: the canned reply it was made from, whose wishes for priority and tag
    are followed; what it wishes for the ticket the page has put into `then`, where the writer may choose otherwise."""
    text = _said(text)
    wishes = await canned.find(organization, used) if used else None
    if then not in THEN:
        raise Invalid({"then": "Choose what becomes of the ticket."})
    async with transaction():
        held = await hold(organization, ticket.id)
        if held["merged_into"]:
            raise Conflict("This ticket was merged into another one. Answer there.")
        conversation = await Conversation.get_of(organization, held["conversation"])
        if seen is not None:
            await _nobody_wrote(organization, conversation, seen, by)
        before = await replying.state(conversation.id)
        message, new = await replying.reply(
            organization, conversation, text, f"ticket:{once}", now, by=by, due_at=now + UNDO, files=list(files)
        )
        if not new:
            return Done(0, held)
        to: dict[str, Any] = {} if held["first_replied_at"] else {"first_replied_at": now}
        if held["status"] != then:
            to |= await work.moved(organization, held | to, then, now)
        if wishes:
            to |= await canned.wishes(organization, wishes, held)
        data = {"message": message.id, "conversation": before}
        done = await change(organization, held, to, "replied", _title(then), by=by, data=data)
        if conversation.lead:
            name = f"wrote about “{held['subject']}”"[:200]
            await activity.record(organization, "lead", conversation.lead, "answered", name, by=by)
    return done


async def note(organization: Organization, ticket: Ticket, text: str, by: Visitor) -> None:
    """What only the team reads."""
    text = _said(text)
    async with transaction():
        await activity.write_note(organization, "ticket", ticket.id, text, by)
        await activity.changed(organization, "tickets")


def _said(text: str) -> str:
    text = text.strip()
    if not text:
        raise Invalid({"text": "Write something first."})
    if len(text) > LONGEST:
        raise Invalid({"text": f"This is too long: {LONGEST:,} characters at most."})
    return text


def _title(then: str) -> str:
    return {"waiting": "Replied, waits for the customer", "solved": "Replied and solved"}.get(then, "Replied")


async def _nobody_wrote(organization: Organization, conversation: Conversation, seen: int, by: Visitor) -> None:
    newer = await row(SINCE, organization.id, conversation.id, seen)
    if newer is None or newer["by"] == by.id:
        return
    who = newer["name"] or ("The customer" if newer["direction"] == "in" else "The assistant")
    raise Meanwhile(f"{who} wrote while you did. Nothing was sent: read it, then send again.")
