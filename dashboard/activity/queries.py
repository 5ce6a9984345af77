from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

TIMELINE = """
    SELECT a.id, a.created_at, a.verb, a.actor, a.title, a.detail, u.name AS by_name
    FROM activity a LEFT JOIN app_user u ON u.id = a.user
    WHERE a.organization = {} AND a.subject_kind = {} AND a.subject_id = {}
    ORDER BY a.created_at DESC, a.id DESC LIMIT {}"""

NOTES = """
    SELECT n.id, n.created_at, n.updated_at, n.text, n.author, u.name AS by_name
    FROM note n LEFT JOIN app_user u ON u.id = n.author
    WHERE n.organization = {} AND n.subject_kind = {} AND n.subject_id = {}
    ORDER BY n.created_at DESC, n.id DESC LIMIT {}"""


async def timeline(organization: Organization, kind: str, id: int, limit: int = 200) -> list[dict[str, Any]]:
    """What happened to one thing, newest first."""
    return await rows(TIMELINE, organization.id, kind, id, limit)


async def notes(organization: Organization, kind: str, id: int, limit: int = 50) -> list[dict[str, Any]]:
    """What the team wrote about one thing, newest first."""
    return await rows(NOTES, organization.id, kind, id, limit)
