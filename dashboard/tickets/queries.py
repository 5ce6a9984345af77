from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows

LATEST = """
    SELECT t.number, t.subject, t.status, t.priority, t.reason, t.created_at, t.updated_at, t.first_reply_due_at,
           t.first_replied_at, t.solve_due_at, t.solved_at, c.channel, c.name, u.name AS assignee
    FROM ticket t JOIN conversation c ON c.id = t.conversation LEFT JOIN app_user u ON u.id = t.assignee
    WHERE t.organization = {} AND ({} = '' OR t.status = {}) ORDER BY t.created_at DESC, t.id DESC LIMIT {}"""
COUNTS = """
    SELECT count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'waiting') AS waiting,
           count(*) FILTER (WHERE status = 'solved') AS solved, count(*) FILTER (WHERE status = 'closed') AS closed,
           count(*) FILTER (WHERE status = 'open' AND assignee IS NULL) AS unassigned, count(*) AS total
    FROM ticket WHERE organization = {}"""


async def latest(organization: Organization, status: str, limit: int) -> list[dict[str, Any]]:
    """The newest tickets, of one status or, with none, of all."""
    return await rows(LATEST, organization.id, status, status, limit)


async def stats(organization: Organization) -> dict[str, int]:
    """How many tickets there are, by status."""
    return await row(COUNTS, organization.id) or {}
