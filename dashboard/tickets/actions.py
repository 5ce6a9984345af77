"""Opening tickets."""

from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.conversations.tables import Conversation
from dashboard.database import row, rows, serialize, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.tickets.tables import Priority, Ticket

REASONS = {
    "asked": "asked for a person", "angry": "sounds angry", "refund": "asks about money back",
    "legal": "speaks of law", "security": "speaks of security", "unanswered": "got no answer twice",
    "unsure": "asked what only a person can say",
}  # fmt: skip


async def open_ticket(
    organization: Organization, conversation: Conversation, subject: str, reason: str, now: datetime, *,
    priority: Priority = Priority.normal, order_id: int | None = None,
) -> tuple[Ticket, bool]:  # fmt: skip
    """The open ticket of a conversation, and whether it is new. A new one raises an alert; asked twice there is one."""
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
            updated_at=now, created_at=now,
        )  # fmt: skip
        await ticket.save()
        await rows(
            "UPDATE conversation SET escalated_at = coalesce(escalated_at, {}), needs_reply = true, unread = true, "
            "needs_reply_since = coalesce(needs_reply_since, {}), archived_at = NULL WHERE id = {}",
            now, now, conversation.id,
        )  # fmt: skip
        said = REASONS.get(reason, "asked for a person")
        await activity.record(
            organization, "ticket", ticket.id, "opened", f"Ticket {ticket.number} opened", actor="customer", detail=said
        )
        who = conversation.name or conversation.email or "A visitor"
        await deliveries.queue_alert(
            organization, "ticket_escalated", key=f"ticket:{ticket.id}:escalated",
            title=f"Ticket {ticket.number}: {ticket.subject}", lines=[f"{who} {said}."],
            href=f"/{organization.slug}/tickets/{ticket.number}", subject=("ticket", ticket.id),
        )  # fmt: skip
        await activity.changed(organization, "tickets")
    return ticket, True


async def _open(organization: Organization, conversation: Conversation) -> Ticket | None:
    return await Ticket.of(organization).where(
        Ticket.conversation == conversation.id, Ticket.status != "closed", Ticket.merged_into.is_null()
    ).first()  # fmt: skip


async def number_of(organization: Organization, conversation: Conversation) -> int | None:
    """The number of the conversation's open ticket, if it has one."""
    found = await _open(organization, conversation)
    return found.number if found else None
