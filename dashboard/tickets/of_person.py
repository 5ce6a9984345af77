"""What somebody has written about: tickets and threads, for the pages of their lead and of their orders."""

from dataclasses import dataclass
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

MOST = 5
# A thread that has a ticket is shown as the ticket.
WRITTEN = """
    (SELECT 'ticket' AS kind, t.number AS ref, t.subject AS title, '' AS channel, t.updated_at AS at,
            CASE WHEN t.status = 'open' AND t.due_at <= now() THEN 'overdue' ELSE t.status END AS status
     FROM ticket t WHERE t.organization = {} AND t.lead = {} AND t.merged_into IS NULL
     ORDER BY t.status IN ('open', 'waiting') DESC, t.created_at DESC, t.id DESC LIMIT {})
    UNION ALL
    (SELECT 'thread', c.id, coalesce(nullif(c.subject, ''), nullif(c.excerpt, ''), 'Conversation'), c.channel,
            c.last_message_at, CASE WHEN c.needs_reply AND c.archived_at IS NULL THEN 'waits' ELSE '' END
     FROM conversation c WHERE c.organization = {} AND c.lead = {} AND c.id <> {} AND c.messages > 0
       AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.conversation = c.id)
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT {})"""


@dataclass(frozen=True)
class Written:
    """Tickets, open ones first, and the threads that have none."""

    lead: int
    tickets: list[dict[str, Any]]
    threads: list[dict[str, Any]]


async def find(organization: Organization, lead: int, but: int = 0) -> Written:
    """Of one person, but for one thread."""
    id = organization.id
    found = await rows(WRITTEN, id, lead, MOST, id, lead, but, MOST)
    tickets = [each for each in found if each["kind"] == "ticket"]
    return Written(lead, tickets, [each for each in found if each["kind"] == "thread"])
