"""Opening tickets."""

from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.conversations.actions import topic_of
from dashboard.conversations.tables import Conversation
from dashboard.database import row, rows, serialize, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.tickets import due
from dashboard.tickets.tables import Priority, Ticket
from dashboard.tickets.work import OF_CONVERSATION

REASONS = {
    "asked": "asked for a person", "angry": "sounds angry", "refund": "asks about money back",
    "legal": "speaks of law", "security": "speaks of security", "unanswered": "got no answer twice",
    "unsure": "asked what only a person can say", "mail": "wrote a mail", "staff": "",
}  # fmt: skip


async def open_ticket(
    organization: Organization, conversation: Conversation, subject: str, reason: str, now: datetime, *,
    priority: Priority = Priority.normal, order_id: int | None = None, by: Visitor | None = None,
) -> tuple[Ticket, bool]:  # fmt: skip
    """The open ticket of a conversation, and whether it is new. A new one raises an alert, but not
    one that a member of the team opens; asked twice there is one. Its clocks start now."""
    first, solve = (await due.load(organization)).start(priority, now)
    async with transaction():
        await serialize(f"ticket:{conversation.id}")
        known = await _open(organization, conversation)
        if known is not None:
            return known, False
        number = await row(
            "UPDATE organization SET last_ticket_number = last_ticket_number + 1 WHERE id = {} "
            "RETURNING last_ticket_number AS n", organization.id,
        )  # fmt: skip
        assert number is not None
        ticket = Ticket(
            organization=organization.id, number=number["n"], subject=subject[:250] or "A visitor asks for a person",
            priority=priority, conversation=conversation.id, lead=conversation.lead, order_id=order_id, reason=reason,
            updated_at=now, created_at=now, first_reply_due_at=first, solve_due_at=solve,
            assignee=by.id if by else None,
        )  # fmt: skip
        await ticket.save()
        await rows(
            "UPDATE conversation SET escalated_at = coalesce(escalated_at, {}), needs_reply = true, unread = true, "
            "needs_reply_since = coalesce(needs_reply_since, {}), archived_at = NULL WHERE id = {}",
            now, now, conversation.id,
        )  # fmt: skip
        said = REASONS.get(reason, "asked for a person")
        actor = "" if by else "customer"
        await activity.record(
            organization,
            "ticket",
            ticket.id,
            "opened",
            f"Ticket {ticket.number} opened",
            by=by,
            actor=actor,
            detail=said,
        )
        if conversation.lead:
            title = f"opened ticket {ticket.number}: {ticket.subject}"
            await activity.record(organization, "lead", conversation.lead, "ticket", title, by=by, actor=actor)
        if by is None:
            await _alert(organization, conversation, ticket, said)
        await activity.changed(organization, "tickets")
        await activity.changed(organization, topic_of(conversation.id))
    return ticket, True


async def _alert(organization: Organization, conversation: Conversation, ticket: Ticket, said: str) -> None:
    who = conversation.name or conversation.email or "A visitor"
    await deliveries.queue_alert(
        organization, "ticket_escalated", key=f"ticket:{ticket.id}:escalated",
        title=f"Ticket {ticket.number}: {ticket.subject}", lines=[f"{who} {said}."],
        href=f"/{organization.slug}/tickets/{ticket.number}", subject=("ticket", ticket.id),
    )  # fmt: skip


async def _open(organization: Organization, conversation: Conversation) -> Ticket | None:
    """The one it has, or the one that took that one in."""
    found = await row(OF_CONVERSATION, organization.id, conversation.id)
    ticket = await Ticket.get_of(organization, found["id"]) if found else None
    return ticket if ticket and ticket.status != "closed" else None


async def number_of(organization: Organization, conversation: Conversation) -> int | None:
    """The number of the conversation's open ticket, if it has one."""
    found = await _open(organization, conversation)
    return found.number if found else None
