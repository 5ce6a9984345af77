"""The conversations page: rows, counts, the filter form."""

import re
from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.response import Redirect, Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.conversations import listing
from dashboard.conversations.filters import CHANNELS, CONVERSATIONS, FIRST, STATES, TICKETS, VIEWS
from dashboard.lists import Asked, Filters, counted
from dashboard.orders.queries import team
from dashboard.pages import fragment, page, wants_part
from dashboard.views import queries as views

BLANK = re.compile(r"=(&|$)")


def asked_filters(request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
    """The filters in the address of this request; with none of them, the inbox. A search looks everywhere."""
    asked, query = Asked(now, organization.time_zone, user.id), request.url.query or ""
    found = CONVERSATIONS.read(query, asked)
    return found if found or found.misunderstood else CONVERSATIONS.read(f"{FIRST}&{query}", asked)


@get("/{org:str}/conversations", name="conversations.list", guards=[viewer])
async def list_conversations(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = asked_filters(request, organization, user, now)
    query = request.url.query
    if BLANK.search(query) and not filters.misunderstood and not wants_part(request):
        return Redirect(f"{request.url.path}?{filters.query()}".rstrip("?"), status_code=303)
    found = await listing.find_conversations(organization, filters)
    chips = filters.chips(await listing.names(organization, filters))
    return page(
        request, "conversations/list.html", "conversations/_list.html", found=found, filters=filters, now=now,
        channels=CHANNELS, zone=organization.time_zone, chips=chips, tabs=await _tabs(organization, user, filters),
        here=request.url.path + (f"?{query}" if query else ""),
        no_match=" and ".join(f"“{chip.label} {chip.operator} {chip.text}”" for chip in chips),
    )  # fmt: skip


@get("/{org:str}/conversations/counts", name="conversations.counts", guards=[viewer])
async def count_conversations(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template:
    """How many there are, behind these filters and in each view: loaded after the rows."""
    filters = asked_filters(request, organization, user, now)
    tabs = await _tabs(organization, user, filters)
    asked = Asked(now, organization.time_zone, user.id)
    several = [filters, *(CONVERSATIONS.read(tab.query, asked) for tab in tabs)]
    total, *counts = (counted(number) for number in await listing.count_conversations(organization, several))
    facts: dict[str, Any] = {"page": "conversations", "total": total, "counts": counts, "tabs": tabs}
    return fragment(request, "lists/_counts.html", **facts)


@get("/{org:str}/conversations/filters", name="conversations.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    filters = asked_filters(request, organization, user, now)
    return fragment(
        request, "conversations/_filters.html", filters=filters, team=await team(organization), states=STATES,
        channels=CHANNELS, tickets=TICKETS, open_dialog="#dialog",
    )  # fmt: skip


async def _tabs(organization: Organization, user: Visitor, filters: Filters) -> list[views.Tab]:
    return views.tabs(VIEWS, await views.of_page(organization, user, CONVERSATIONS.page), filters)


ROUTES = [list_conversations, count_conversations, show_filters]
