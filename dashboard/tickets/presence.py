"""Who has a ticket open, and who is replying: so that two people do not answer the same customer."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.conversations.actions import topic_of
from dashboard.database import row, rows, transaction

HERE = timedelta(seconds=40)  # a page says every 15 seconds that it is open
TYPING = timedelta(seconds=12)
SEEN = """
    INSERT INTO ticket_presence (organization, ticket, "user", seen_at, typing_at, created_at)
    SELECT {}, t.id, {}, {}, {}, {} FROM ticket t WHERE t.organization = {} AND t.number = {}
    ON CONFLICT (ticket, "user") DO UPDATE SET seen_at = excluded.seen_at,
        typing_at = CASE WHEN {} THEN excluded.typing_at ELSE ticket_presence.typing_at END
    RETURNING (SELECT conversation FROM ticket WHERE id = ticket_presence.ticket) AS conversation"""
BEFORE = """
    SELECT p.seen_at, p.typing_at FROM ticket_presence p JOIN ticket t ON t.id = p.ticket
    WHERE t.organization = {} AND t.number = {} AND p."user" = {}"""
REPLYING = """
    SELECT u.name FROM ticket_presence p JOIN ticket t ON t.id = p.ticket JOIN app_user u ON u.id = p.user
    WHERE t.organization = {} AND t.conversation = {} AND p.typing_at > {} ORDER BY p.typing_at DESC LIMIT 1"""
OTHERS = """
    SELECT u.name, p.typing_at > {} AS typing FROM ticket_presence p JOIN ticket t ON t.id = p.ticket
    JOIN app_user u ON u.id = p.user
    WHERE t.organization = {} AND t.number = {} AND p."user" <> {} AND p.seen_at > {}
    ORDER BY 2 DESC NULLS LAST, 1 LIMIT 5"""


def topic(number: int) -> str:
    """What open pages of one ticket listen to."""
    return f"ticket-{number}"


async def seen(organization: Organization, number: int, user: Visitor, now: datetime, *, typing: bool) -> None:
    """This person looks at the ticket, or writes. The pages of others hear of it when it is news."""
    async with transaction():
        before = await row(BEFORE, organization.id, number, user.id)
        [held] = await rows(
            SEEN, organization.id, user.id, now, now if typing else None, now, organization.id, number, typing
        )
        news = before is None or before["seen_at"] <= now - HERE
        if typing:
            news = news or before is None or before["typing_at"] is None or before["typing_at"] <= now - TYPING
        if news:
            await activity.changed(organization, topic(number))
        if news and typing:  # the customer in the chat may know it too
            await activity.changed(organization, topic_of(held["conversation"]))


async def stopped(organization: Organization, number: int, user: Visitor) -> None:
    """Whoever sent something does not write any more."""
    await rows(
        'UPDATE ticket_presence p SET typing_at = NULL FROM ticket t WHERE t.id = p.ticket AND t.organization = {} '
        'AND t.number = {} AND p."user" = {}', organization.id, number, user.id,
    )  # fmt: skip
    await activity.changed(organization, topic(number))


async def others(organization: Organization, number: int, user: Visitor, now: datetime) -> list[dict[str, Any]]:
    """Who else is there: name, and whether they write."""
    return await rows(OTHERS, now - TYPING, organization.id, number, user.id, now - HERE)


async def replying(organization: Organization, conversation: int, now: datetime) -> str:
    """Who of the team writes to this customer right now; empty when nobody does."""
    found = await row(REPLYING, organization.id, conversation, now - TYPING)
    return found["name"] if found else ""
