"""The tickets page: rows, counts, the filter form, the file."""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.response import Redirect, Stream, Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.leads import tags
from dashboard.lists import Asked, Filters, counted, spreadsheet
from dashboard.orders.queries import team
from dashboard.pages import fragment, page, wants_part
from dashboard.tickets import listing, statistics
from dashboard.tickets.filters import CHANNELS, FIRST, PRIORITIES, STATUSES, TICKETS, VIEWS
from dashboard.views import queries as views

COLUMNS = (
    "Ticket", "Subject", "Customer", "E-mail", "Priority", "Status", "Channel", "Owner", "Opened", "First reply due",
    "First replied", "Solve by", "Solved", "Satisfaction",
)  # fmt: skip
BLANK = re.compile(r"=(&|$)")


def asked_filters(request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
    """The filters in the address of this request; with none of them, what is open."""
    asked = Asked(now, organization.time_zone, user.id)
    found = TICKETS.read(request.url.query or "", asked)
    return found if found or found.misunderstood else TICKETS.read(f"{FIRST}&{request.url.query or ''}", asked)


@get("/{org:str}/tickets", name="tickets.list", guards=[viewer])
async def list_tickets(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = asked_filters(request, organization, user, now)
    query = request.url.query
    if BLANK.search(query) and not filters.misunderstood and not wants_part(request):
        return Redirect(f"{request.url.path}?{filters.query()}".rstrip("?"), status_code=303)
    found = await listing.find_tickets(organization, filters)
    chips = filters.chips(await listing.names(organization, filters))
    return page(
        request, "tickets/list.html", "tickets/_list.html", tickets=found, filters=filters, now=now, channels=CHANNELS,
        rows=[listing.shown(each, now) for each in found.rows], zone=organization.time_zone, chips=chips,
        tabs=await _tabs(organization, user, filters), here=request.url.path + (f"?{query}" if query else ""),
        no_match=" and ".join(f"“{chip.label} {chip.operator} {chip.text}”" for chip in chips), me=user.id,
    )  # fmt: skip


@get("/{org:str}/tickets/counts", name="tickets.counts", guards=[viewer])
async def count_tickets(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, and how the last seven days went: loaded after the rows."""
    filters = asked_filters(request, organization, user, now)
    tabs = await _tabs(organization, user, filters)
    asked = Asked(now, organization.time_zone, user.id)
    found = await listing.count_tickets(organization, [filters, *(TICKETS.read(tab.query, asked) for tab in tabs)])
    total, *counts = (counted(number) for number in found)
    week = await statistics.summary(organization, now, 7)
    return fragment(request, "tickets/_counts.html", page="tickets", total=total, counts=counts, tabs=tabs, week=week)


@get("/{org:str}/tickets/filters", name="tickets.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    filters = asked_filters(request, organization, user, now)
    return fragment(
        request, "tickets/_filters.html", filters=filters, team=await team(organization), statuses=STATUSES,
        priorities=PRIORITIES, channels=CHANNELS, tags=await tags.every(organization), open_dialog="#dialog",
    )  # fmt: skip


@get("/{org:str}/tickets.csv", name="tickets.export", guards=[agent])
async def export_tickets(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Stream | Response | Template:
    """The tickets behind the filters as a file that is sent while it is read."""
    filters = asked_filters(request, organization, user, now)
    if request.query_params.get("all") == "1":
        filters = TICKETS.read(request.query_params.get("query", ""), Asked(now, organization.time_zone, user.id))
    if filters.misunderstood:
        raise Invalid({}, f"Not understood: {', '.join(filters.misunderstood)}. Nothing was exported.")
    if asked := confirmation.before_file(request, user, now):
        return asked
    name = f"{organization.slug}-tickets-{now:%Y-%m-%d}.csv"
    lines = _lines(organization, listing.export_tickets(organization, filters))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(spreadsheet.stream(COLUMNS, lines), media_type="text/csv", headers=headers)


async def _lines(
    organization: Organization, batches: AsyncIterator[list[dict[str, Any]]]
) -> AsyncIterator[Iterable[tuple[object, ...]]]:
    async for batch in batches:
        yield [_line(ticket, organization.time_zone) for ticket in batch]


def _line(ticket: dict[str, Any], zone: str) -> tuple[object, ...]:
    def at(when: datetime | None) -> str:
        return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if when else ""

    return (
        ticket["number"], ticket["subject"], ticket["name"] or ticket["lead_name"] or "", ticket["email"],
        ticket["priority"], ticket["status"], CHANNELS[ticket["channel"]][0], ticket["assignee_name"],
        at(ticket["created_at"]), at(ticket["first_reply_due_at"]), at(ticket["first_replied_at"]),
        at(ticket["solve_due_at"]), at(ticket["solved_at"]), ticket["satisfaction"],
    )  # fmt: skip


async def _tabs(organization: Organization, user: Visitor, filters: Filters) -> list[views.Tab]:
    return views.tabs(VIEWS, await views.of_page(organization, user, TICKETS.page), filters)


ROUTES = [list_tickets, count_tickets, show_filters, export_tickets]
