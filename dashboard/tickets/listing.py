"""Reading tickets for their list: a page of them, how many, and all of them for a file."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import deadline
from dashboard.lists import Filters, Page, reading
from dashboard.tickets.due import NEVER

COLUMNS = """
    t.id, t.number, t.subject, t.status, t.priority, t.due_at, t.created_at, t.first_reply_due_at, t.first_replied_at,
    t.solve_due_at, t.solved_at, t.assignee, t.satisfaction, c.channel, c.name, c.email, l.name AS lead_name,
    u.name AS assignee_name"""
FROM = """
    FROM ticket t JOIN conversation c ON c.id = t.conversation LEFT JOIN lead l ON l.id = t.lead
    LEFT JOIN app_user u ON u.id = t.assignee"""
PAGE = f"SELECT {COLUMNS} {FROM} WHERE t.organization = {{}} AND {{}} ORDER BY {{}} LIMIT {{}}"
COUNT = """(SELECT count(*) FROM (SELECT 1 FROM ticket t JOIN conversation c ON c.id = t.conversation
    WHERE t.organization = {} AND {} LIMIT {}) found)"""
NAMES = """
    SELECT 'lead' AS field, l.id, coalesce(nullif(l.name, ''), l.email) AS name FROM lead l
    WHERE l.organization = {} AND l.id = ANY({})
    UNION ALL SELECT 'assignee', u.id, u.name FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND u.id = ANY({})
    UNION ALL SELECT 'tag', g.id, g.name FROM tag g WHERE g.organization = {} AND g.id = ANY({})"""
SOME = """
    SELECT t.id FROM ticket t JOIN conversation c ON c.id = t.conversation
    WHERE t.organization = {} AND t.id > {} AND {} ORDER BY t.id LIMIT {}"""
BATCH = 500


async def find_tickets(organization: Organization, filters: Filters) -> Page:
    """One page."""
    return await reading.find_page(PAGE, filters, organization.id)


async def count_tickets(organization: Organization, several: list[Filters]) -> list[int]:
    """How many tickets each of the filters finds, up to CAP + 1, in one statement."""
    return await reading.count_each(COUNT, several, organization.id)


async def export_tickets(organization: Organization, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """All tickets behind the filters, in their order, 500 at a time."""
    async for batch in reading.in_batches(PAGE, filters, organization.id):
        yield batch


async def batches(organization: Organization, where: QueryString) -> AsyncIterator[list[int]]:
    """The ids of all tickets a condition finds, ascending, 500 at a time."""
    last = 0
    while found := await rows(SOME, organization.id, last, where, BATCH):
        ids = [each["id"] for each in found]
        yield ids
        last = ids[-1]


async def names(organization: Organization, filters: Filters) -> dict[tuple[str, int], str]:
    """The names of the people the filters speak of, for their chips."""
    ids = {each.name: list(each.ids) for each in filters.conditions if each.ids}
    if not ids:
        return {}
    known = (value for name in ("lead", "assignee", "tag") for value in (organization.id, ids.get(name, [])))
    found = await rows(NAMES, *known)
    return {(each["field"], each["id"]): each["name"] for each in found}


def shown(ticket: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row with what is derived: who it is, whether it is overdue, and its due time in words."""
    late = ticket["status"] == "open" and ticket["due_at"] <= now
    text, tone = due_words(ticket, now)
    who = ticket["name"] or ticket["lead_name"] or ticket["email"] or "A visitor"
    return ticket | {"who": who, "state": "overdue" if late else ticket["status"], "due": text, "due_tone": tone}


def due_words(ticket: dict[str, Any], now: datetime) -> tuple[str, str]:
    """What is due next, or how it went: ("in 26 min", "warning"), ("Paused", "pending"), ("Met, 14 min", …)."""
    if ticket["status"] == "waiting":
        return "Paused", "pending"
    if ticket["status"] in ("solved", "closed"):
        return outcome(ticket)
    if ticket["due_at"] >= NEVER:
        return "", "neutral"
    return deadline(ticket["due_at"], now)


def outcome(ticket: dict[str, Any]) -> tuple[str, str]:
    """Whether the first reply came in time."""
    replied, due = ticket["first_replied_at"], ticket["first_reply_due_at"]
    if replied is None:
        return "", "neutral"
    minutes = max(1, int((replied - ticket["created_at"]).total_seconds() // 60))
    length = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h" if minutes < 1440 else f"{minutes // 1440} d"
    met = due is None or replied <= due
    return f"{'Met' if met else 'Missed'}, {length}", "positive" if met else "danger"
