"""What an action on a conversation answers with: the conversation as it is now."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.response import Template

from dashboard.accounts.tables import Organization
from dashboard.activity import queries as activity
from dashboard.conversations import listing
from dashboard.conversations.filters import CHANNELS
from dashboard.orders.queries import team
from dashboard.pages import fragment
from dashboard.tickets import of_person

KINDS = {"staff": "staff", "customer": "customer", "machine": "ai", "system": "system"}
ICONS = {
    "archived": "archive", "unarchived": "inbox", "assigned": "user", "reply_sent": "send", "undone": "undo-2",
    "reply_approved": "check", "reply_rejected": "x", "answer_helped": "smile",
}  # fmt: skip
MOST = 60


async def context(organization: Organization, id: int, now: datetime) -> dict[str, Any]:
    """What the conversation's templates need."""
    found = await listing.find(organization, id)
    lines = await activity.timeline(organization, "conversation", id, MOST)
    person = await of_person.find(organization, found["lead"], but=id) if found["lead"] else None
    return {
        "cur": found, "thread": await listing.messages(organization, id), "now": now, "zone": organization.time_zone,
        "channel": CHANNELS[found["channel"]], "team": await team(organization), "person": person,
        "history": [item(line) for line in lines],
    }  # fmt: skip


def item(line: dict[str, Any]) -> dict[str, Any]:
    """A line of the timeline as ui.feed takes it."""
    by = f", by {line['by_name']}" if line["by_name"] else ""
    return {
        "kind": KINDS.get(line["actor"], "system"), "icon": ICONS.get(line["verb"], "clock"),
        "title": line["title"] + by, "text": line["detail"], "at": line["created_at"],
    }  # fmt: skip


async def show(request: Request, organization: Organization, id: int, now: datetime, **answer: Any) -> Template:
    """The body of the page. `answer` goes to `fragment`: notice, undo."""
    facts = await context(organization, id, now)
    return fragment(request, "conversations/_conversation.html", undo_target="#conversation", **facts, **answer)
