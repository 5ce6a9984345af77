"""What staff do with a ticket, and what a message does to it. Each answers with the change, to be taken back."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.conversations.actions import AUTOMATIC, LISTENERS
from dashboard.conversations.tables import Author, Conversation, Direction, Message
from dashboard.database import row, transaction
from dashboard.errors import Conflict, Invalid
from dashboard.labels import STATUS
from dashboard.leads.tables import Tag
from dashboard.tickets import due
from dashboard.tickets.changes import Done, change, follow, hold, told
from dashboard.tickets.tables import Priority, Ticket, TicketStatus

OPEN, WAITING, SOLVED, CLOSED = (each.value for each in TicketStatus)
OWN_KEY = "ticket:"  # replies written in a ticket: what becomes of it was said with them
DID = {OPEN: "Opened again", WAITING: "Waits for the customer", SOLVED: "Solved", CLOSED: "Closed"}
OF_CONVERSATION = """
    WITH RECURSIVE here AS (
        SELECT id, merged_into, status, created_at FROM ticket WHERE organization = {} AND conversation = {}
        UNION SELECT t.id, t.merged_into, t.status, t.created_at FROM ticket t JOIN here h ON t.id = h.merged_into)
    SELECT id FROM here WHERE merged_into IS NULL ORDER BY status = 'closed', created_at DESC, id DESC LIMIT 1"""


async def set_status(
    organization: Organization, ticket: Ticket | int, status: str, now: datetime, *, by: Visitor | User | None = None,
    actor: str = "",
) -> Done:  # fmt: skip
    """Open, waiting, solved or closed. The clocks stand still while it waits and while it is solved. Conflict for one
    that was merged."""
    if status not in DID:
        raise Invalid({"status": "Choose a status."})
    async with transaction():
        held = await hold(organization, ticket if isinstance(ticket, int) else ticket.id)
        if held["merged_into"]:
            raise Conflict("This ticket was merged into another one. Take that back first.")
        if held["status"] == status:
            return Done(0, held)
        to = await moved(organization, held, status, now)
        return await change(organization, held, to, status, DID[status], by=by, actor=actor)


async def moved(organization: Organization, ticket: dict[str, Any], status: str, now: datetime) -> dict[str, Any]:
    """The columns of a ticket on its way to another status."""
    return course(await due.load(organization), ticket, status, now)


def course(promises: due.Promises, ticket: dict[str, Any], status: str, now: datetime) -> dict[str, Any]:
    """The same, where the promises are known."""
    to: dict[str, Any] = {"status": status}
    if status == OPEN:
        to["solve_due_at"] = promises.moved(ticket["solve_due_at"], ticket["paused_at"], now)
        if ticket["first_replied_at"] is None:
            to["first_reply_due_at"] = promises.moved(ticket["first_reply_due_at"], ticket["paused_at"], now)
        to |= {"paused_at": None, "solved_at": None, "closed_at": None}
        if ticket["status"] in (SOLVED, CLOSED):
            to["reopened"] = ticket["reopened"] + 1
        return to
    if ticket["paused_at"] is None:
        to["paused_at"] = now
    if status in (SOLVED, CLOSED):
        to["solved_at"] = ticket["solved_at"] or now
    if status == CLOSED:
        to["closed_at"] = now
    return to


async def assign(organization: Organization, ticket: Ticket, person: int | None, by: Visitor) -> Done:
    """Give it to a member of the team, or to nobody."""
    name = await _member(organization, person) if person else "nobody"
    title = f"Taken by {name}" if person == by.id else f"Assigned to {name}"
    async with transaction():
        held = await hold(organization, ticket.id)
        done = await change(organization, held, {"assignee": person}, "assigned", title, by=by)
        await follow(organization, [ticket.id])
    return done


async def set_priority(organization: Organization, ticket: Ticket, priority: str, by: Visitor) -> Done:
    """Urgent, high, normal or low; its due times follow."""
    if priority not in set(Priority):
        raise Invalid({"priority": "Choose a priority."})
    promises = await due.load(organization)
    async with transaction():
        held = await hold(organization, ticket.id)
        if held["priority"] == priority:
            return Done(0, held)
        first, solve = due.changed(promises, held, priority)
        to = {"priority": priority, "first_reply_due_at": first, "solve_due_at": solve}
        label = STATUS["priority"][priority][0]
        return await change(organization, held, to, "priority", f"Priority set to {label}", by=by)


async def set_subject(organization: Organization, ticket: Ticket, subject: str, by: Visitor) -> Done:
    subject = " ".join(subject.split())[:250]
    if not subject:
        raise Invalid({"subject": "Say in a few words what it is about."})
    async with transaction():
        held = await hold(organization, ticket.id)
        return await change(organization, held, {"subject": subject}, "subject", "Subject changed", by=by)


async def set_tags(organization: Organization, ticket: Ticket, tags: list[int], by: Visitor) -> Done:
    """Exactly these tags of the organization; unknown ones are left out."""
    known = {each["id"]: each["name"] for each in await Tag.select_of(organization, Tag.id, Tag.name)}
    wanted = sorted({tag for tag in tags if tag in known})
    async with transaction():
        held = await hold(organization, ticket.id)
        words = ", ".join(known[tag] for tag in wanted) or "none"
        return await change(organization, held, {"tags": wanted}, "tagged", f"Tags: {words}", by=by)


async def merge(organization: Organization, ticket: Ticket, into: Ticket, by: Visitor, now: datetime) -> Done:
    """Close it as a part of another one, which then shows both threads. Nothing moves, so that it can be taken back."""
    if ticket.id == into.id:
        raise Invalid({"into": "This is the ticket itself."})
    async with transaction():
        held = {id: await hold(organization, id) for id in sorted((ticket.id, into.id))}
        one, other = held[ticket.id], held[into.id]
        if one["merged_into"]:
            raise Conflict("This ticket was merged already. Nothing was changed.")
        if other["merged_into"]:
            raise Conflict("That ticket was merged into another one. Choose the other one.")
        to = {"merged_into": other["id"], "status": CLOSED, "closed_at": now, "paused_at": one["paused_at"] or now}
        done = await change(organization, one, to, "merged", f"Merged into ticket {other['number']}", by=by)
        await activity.record(organization, "ticket", other["id"], "joined", f"Took in ticket {one['number']}", by=by)
        return done


async def customer_wrote(organization: Organization, conversation: Conversation | int, now: datetime) -> int | None:
    """After a message of theirs: a ticket that waits or was solved opens again; the id of the ticket it belongs to,
    None where the conversation has none that is not closed. Call it in the transaction that stored the message."""
    found = await row(
        OF_CONVERSATION, organization.id, conversation if isinstance(conversation, int) else conversation.id
    )
    if found is None:
        return None
    held = await hold(organization, found["id"])
    if held["status"] == CLOSED:
        return None
    if held["status"] != OPEN:
        to = await moved(organization, held, OPEN, now)
        await change(organization, held, to, "reopened", "The customer wrote again", actor="customer")
    else:
        await told(organization)
    return held["id"]


async def we_replied(
    organization: Organization, conversation: Conversation | int, now: datetime, *, by: Visitor | User | None = None
) -> None:
    """After a reply of ours that was no automatic answer: the first one keeps the first promise."""
    found = await row(
        OF_CONVERSATION, organization.id, conversation if isinstance(conversation, int) else conversation.id
    )
    if found is None:
        return
    held = await hold(organization, found["id"])
    if held["first_replied_at"] is None:
        await change(organization, held, {"first_replied_at": now}, "replied", "First reply", by=by)


async def _member(organization: Organization, person: int) -> str:
    found = await row(
        "SELECT u.name, u.email FROM membership m JOIN app_user u ON u.id = m.user "
        "WHERE m.organization = {} AND u.id = {} AND u.disabled_at IS NULL", organization.id, person,
    )  # fmt: skip
    if found is None:
        raise Invalid({"assignee": "Choose somebody of your team."})
    return found["name"] or found["email"]


async def _heard(conversation: Conversation, message: Message, now: datetime) -> None:
    """Whatever channel it came by or went out on."""
    organization = await Organization.objects().get(Organization.id == conversation.organization)
    if organization is None or message.key.startswith(OWN_KEY) or message.outcome == AUTOMATIC:
        return
    if message.direction == Direction.inbound:
        await customer_wrote(organization, conversation, now)
    elif message.author_kind == Author.staff:
        await we_replied(organization, conversation, now, by=await User.objects().get(User.id == message.author))


LISTENERS.append(_heard)
