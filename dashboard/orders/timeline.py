"""The timeline of an order: what happened and what the team noted, in one stream."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

LONGEST = 200
FEED = """
    SELECT a.id, a.created_at AS at, a.verb, a.actor, a.title, a.detail AS text, u.name AS by_name
    FROM activity a LEFT JOIN app_user u ON u.id = a.user
    WHERE a.organization = {} AND a.subject_kind = 'order' AND a.subject_id = {} AND a.actor = ANY({})
    UNION ALL
    SELECT n.id, n.created_at, 'note', 'staff', 'Note', n.text, u.name
    FROM note n LEFT JOIN app_user u ON u.id = n.author
    WHERE n.organization = {} AND n.subject_kind = 'order' AND n.subject_id = {} AND 'staff' = ANY({})
    ORDER BY at DESC, id DESC LIMIT {}"""
SHOWN = {
    "all": ["staff", "customer", "machine", "system"],
    "people": ["staff", "customer"],
    "machines": ["machine", "system"],
}
KINDS = {"staff": "staff", "customer": "customer", "machine": "ai", "system": "system"}
ICONS = {
    "paid": "credit-card", "created": "shopping-bag", "intake_requested": "send", "reminded": "send",
    "intake_submitted": "list-checks", "started": "play", "delivered": "check", "undone": "undo-2", "cancelled": "ban",
    "reopened": "rotate-ccw", "deadline": "calendar-clock", "assigned": "user", "plan": "package", "note": "pencil",
    "refund_asked": "undo-2", "refunded": "undo-2", "deliverable": "upload", "withdrawn": "trash-2",
}  # fmt: skip
DEFAULT_ICONS = {"staff": "user", "customer": "user", "machine": "bot", "system": "settings"}


async def timeline(organization: Organization, order: int, shown: str = "all") -> list[dict[str, Any]]:
    """Newest first, as ui.feed draws it."""
    actors = SHOWN.get(shown, SHOWN["all"])
    found = await rows(FEED, organization.id, order, actors, organization.id, order, actors, LONGEST)
    return [
        {
            "kind": KINDS.get(line["actor"], "system"),
            "icon": ICONS.get(line["verb"]) or DEFAULT_ICONS.get(line["actor"], "settings"),
            "title": f"{line['title']}, by {line['by_name']}" if line["by_name"] else line["title"],
            "text": line["text"],
            "at": line["at"],
        }
        for line in found
    ]
