"""What an action on a ticket answers with: the ticket as it is now."""

from datetime import datetime
from typing import Any

from litestar import Request
from litestar.response import Template

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.leads.tables import Tag
from dashboard.orders.queries import team
from dashboard.pages import fragment
from dashboard.tickets import canned, detail, presence
from dashboard.tickets.answering import THEN
from dashboard.tickets.changes import Done
from dashboard.tickets.filters import CHANNELS, PRIORITIES
from dashboard.typed import once

SUGGESTED = """
    SELECT id, version, coalesce(nullif(edited, ''), draft) AS text, confidence, sources, state, sentiment
    FROM suggestion WHERE organization = {} AND conversation = {} AND state = 'waiting'
      AND (edited <> '' OR draft <> '')
      AND (SELECT needs_reply FROM conversation c WHERE c.id = suggestion.conversation) ORDER BY id DESC LIMIT 1"""


async def context(
    organization: Organization, user: Visitor, number: int, now: datetime, **more: Any
) -> dict[str, Any]:  # fmt: skip
    """What the ticket's templates need. `typed` and `errors` are of an answer that was not accepted."""
    found = await detail.load(organization, number, now)
    ticket = found.ticket
    replies = await canned.every(organization)
    facts = canned.facts(organization, ticket, user.name)
    tags = await Tag.select_of(organization, Tag.id, Tag.name, Tag.colour).order_by(Tag.name)
    return {
        "detail": found, "ticket": ticket, "now": now, "zone": organization.time_zone, "then": THEN,
        "channel": CHANNELS[ticket["channel"]], "priorities": PRIORITIES, "once": once(), "tags": tags,
        "team": await team(organization), "canned": [r | {"filled": canned.filled(r["text"], facts)} for r in replies],
        "suggestion": await row(SUGGESTED, organization.id, ticket["conversation"]), "typed": {}, "errors": {},
        "others": await presence.others(organization, number, user, now), "me": user.id,
    } | more  # fmt: skip


async def show(
    request: Request, organization: Organization, user: Visitor, number: int, now: datetime, notice: str,
    done: Done | None = None, **more: Any,
) -> Template:  # fmt: skip
    """The body of the page with a toast; `done` offers to take the change back."""
    undo = f"/{organization.slug}/tickets/{number}/changes/{done.id}/reversal" if done and done.id else None
    facts = await context(organization, user, number, now)
    return fragment(request, "tickets/_ticket.html", notice=notice, undo=undo, undo_target="#ticket", **(facts | more))
