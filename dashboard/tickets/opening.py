"""A ticket that a member of the team opens: to write to somebody, or to remember something about them."""

from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.conversations import actions as conversations
from dashboard.conversations import replying
from dashboard.conversations.tables import Channel
from dashboard.database import row, rows, serialize, transaction
from dashboard.deliveries.actions import UNDO
from dashboard.leads.actions import find_or_create
from dashboard.orders.queries import get_order
from dashboard.tickets import actions, work
from dashboard.tickets.changes import change, hold
from dashboard.tickets.forms import NewTicket
from dashboard.tickets.tables import Ticket

NOTED = (
    "SELECT subject_id AS id FROM activity WHERE organization = {} AND subject_kind = 'ticket' AND data ->> 'once' = {}"
)


async def open_by_hand(organization: Organization, form: NewTicket, by: Visitor, now: datetime) -> Ticket:
    """One conversation by mail and its ticket; what was written leaves in ten seconds and the ticket waits then, or it
    is kept as a note. Two clicks make one. NotFound for an order that is not there."""
    async with transaction():
        await serialize(f"ticket_by_hand:{organization.id}:{form.once}")
        if made := await row(NOTED, organization.id, form.once):
            return await Ticket.get_of(organization, made["id"])
        lead = await find_or_create(organization, form.email, form.name, source="By hand")
        conversation, _ = await conversations.begin(
            organization,
            Channel.mail,
            now,
            lead=lead,
            name=form.name or lead.name,
            email=form.email,
            subject=form.subject,
        )
        order = await get_order(organization, form.order) if form.order else None
        ticket, _ = await actions.open_ticket(
            organization, conversation, form.subject, "staff", now, priority=form.priority, by=by,
            order_id=order.id if order else None,
        )  # fmt: skip
        await rows("UPDATE conversation SET needs_reply = false, unread = false WHERE id = {}", conversation.id)
        once = {"once": form.once}
        if not form.send:
            await activity.write_note(organization, "ticket", ticket.id, form.message, by)
            await activity.record(organization, "ticket", ticket.id, "noted", "Note written", by=by, data=once)
            return ticket
        key = f"{work.OWN_KEY}{form.once}"
        await replying.reply(organization, conversation, form.message, key, now, by=by, due_at=now + UNDO)
        held = await hold(organization, ticket.id)
        to = {"first_replied_at": now} | await work.moved(organization, held, work.WAITING, now)
        await change(organization, held, to, "wrote", "Wrote, waits for the customer", by=by, data=once)
        return ticket
