"""Which tickets need a person now: what is due by tonight, line by line, and how many nobody owns."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import deadline, end_of_day, num
from dashboard.labels import STATUS

MOST, CAP = 50, 1000
# Each arm reads so much of its own index and no more. The second and the third are one line each.
WAITING = """
    (SELECT 'due' AS kind, 1 AS count, t.number, t.subject, t.priority, t.due_at AS at, t.assignee,
            u.name AS owner, t.first_replied_at IS NOT NULL AS replied,
            coalesce(nullif(c.name, ''), nullif(l.name, ''), nullif(c.email, ''), 'A visitor') AS who
     FROM ticket t JOIN conversation c ON c.id = t.conversation LEFT JOIN lead l ON l.id = t.lead
     LEFT JOIN app_user u ON u.id = t.assignee
     WHERE t.organization = {} AND t.due_at <= {} ORDER BY t.due_at, t.id LIMIT {})
    UNION ALL
    (SELECT 'nobody', count(*), min(number), '', '', min(created_at), NULL, NULL, false, ''
     FROM (SELECT number, created_at, due_at FROM ticket
           WHERE organization = {} AND status = 'open' AND assignee IS NULL ORDER BY created_at, id LIMIT {}) n
     WHERE due_at > {} HAVING count(*) > 0)
    UNION ALL
    (SELECT 'unanswered', count(*), NULL, '', '', min(needs_reply_since), NULL, NULL, false, ''
     FROM (SELECT id, needs_reply_since, drafted_until FROM conversation
           WHERE organization = {} AND needs_reply AND archived_at IS NULL
           ORDER BY needs_reply_since, id LIMIT {}) c
     WHERE c.drafted_until IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM suggestion s WHERE s.conversation = c.id AND s.state IN ('waiting', 'queued'))
       AND NOT EXISTS (SELECT 1 FROM ticket t WHERE t.conversation = c.id AND t.status IN ('open', 'waiting'))
     HAVING count(*) > 0)"""
DUE = "SELECT 1 FROM ticket WHERE organization = {} AND due_at <= {} LIMIT {}"


async def needs_person(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Lines for Today, as orders.attention has them."""
    lines = {"due": _due, "nobody": _nobody, "unanswered": _unanswered}
    return [lines[each["kind"]](organization, each, now) for each in await rows("{}", waiting(organization, now))]


def waiting(organization: Organization, now: datetime) -> QueryString:
    """The rows behind those lines, as a statement: Today reads it, the navigation counts it."""
    id, night = organization.id, tonight(organization, now)
    return QueryString(WAITING, id, night, MOST, id, CAP, night, id, CAP)


def due(organization: Organization, now: datetime) -> QueryString:
    """The tickets whose reply or solution is due by tonight, up to CAP, as a statement to be counted."""
    return QueryString(DUE, organization.id, tonight(organization, now), CAP)


def tonight(organization: Organization, now: datetime) -> datetime:
    return end_of_day(now.astimezone(ZoneInfo(organization.time_zone)).date(), organization.time_zone)


def _due(organization: Organization, ticket: dict[str, Any], now: datetime) -> dict[str, Any]:
    href = f"/{organization.slug}/tickets/{ticket['number']}"
    late, what = ticket["at"] <= now, "Solution" if ticket["replied"] else "First reply"
    when, _ = deadline(ticket["at"], now)
    urgency = STATUS["priority"][ticket["priority"]][0]
    whose = f"{ticket['owner']} owns it" if ticket["owner"] else "nobody owns it"
    fix = {"label": "Reply", "post": ""} if ticket["assignee"] else {"label": "Take it", "post": f"{href}/ownership"}
    return fix | {
        "key": f"ticket-{ticket['number']}", "group": "now" if late else "today", "icon": "ticket",
        "tone": "danger" if late else "warning", "title": f"{what} {'is' if late else 'due'} {when}",
        "concerns": f"{ticket['who']}, ticket {ticket['number']}", "href": href, "at": ticket["at"],
        "why": f"{ticket['subject']}. {urgency} priority, {whose}.", "assignee": ticket["assignee"],
    }  # fmt: skip


def _nobody(organization: Organization, found: dict[str, Any], now: datetime) -> dict[str, Any]:
    base, one = f"/{organization.slug}/tickets", found["count"] == 1
    href = f"{base}/{found['number']}" if one else f"{base}?status=open&assignee=none"
    return {
        "key": "tickets-nobody", "group": "later", "icon": "ticket", "tone": "neutral",
        "title": f"Nobody owns ticket {found['number']}" if one else f"Nobody owns {num(found['count'])} tickets",
        "concerns": "Tickets", "href": href, "at": found["at"], "why": "Their replies are not due before tomorrow.",
        "label": "Take it" if one else "Give out", "post": f"{href}/ownership" if one else "", "assignee": None,
    }  # fmt: skip


def _unanswered(organization: Organization, found: dict[str, Any], now: datetime) -> dict[str, Any]:
    href, one = f"/{organization.slug}/conversations?state=waiting", found["count"] == 1
    return {
        "key": "conversations-waiting", "group": "today", "icon": "inbox", "tone": "warning",
        "title": "A customer waits for an answer" if one else f"{num(found['count'])} customers wait for an answer",
        "concerns": "Conversations", "href": href, "at": found["at"], "label": "Answer", "post": "", "assignee": None,
        "why": "There is no ticket and no suggested reply for them.",
    }  # fmt: skip
