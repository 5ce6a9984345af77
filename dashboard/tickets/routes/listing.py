"""The tickets page: rows, counts, the filter form, the file."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect, Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.leads import tags
from dashboard.lists import spreadsheet
from dashboard.orders.queries import team
from dashboard.pages import fragment, page
from dashboard.tickets import listing, statistics
from dashboard.tickets.filters import CHANNELS, FIRST, TICKETS, VIEWS
from dashboard.views.front import Front, tidied

COLUMNS = (
    "Ticket", "Subject", "Customer", "E-mail", "Priority", "Status", "Channel", "Owner", "Opened", "First reply due",
    "First replied", "Solve by", "Solved", "Satisfaction",
)  # fmt: skip
TIMES = ("created_at", "first_reply_due_at", "first_replied_at", "solve_due_at", "solved_at")
FRONT = Front(TICKETS, VIEWS, FIRST)


@get("/{org:str}/tickets", name="tickets.list", guards=[viewer])
async def list_tickets(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = FRONT.asked(request, organization, user, now)
    if elsewhere := tidied(request, filters):
        return elsewhere
    found = await listing.find_tickets(organization, filters)
    names = await listing.names(organization, filters)
    return page(
        request, "tickets/list.html", "tickets/_list.html", tickets=found, now=now, channels=CHANNELS, me=user.id,
        rows=[listing.shown(each, now) for each in found.rows],
        **await FRONT.around(request, organization, user, filters, names),
    )  # fmt: skip


@get("/{org:str}/tickets/counts", name="tickets.counts", guards=[viewer])
async def count_tickets(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, and how the last seven days went: loaded after the rows."""
    filters = FRONT.asked(request, organization, user, now)
    counts = await FRONT.counts(organization, user, filters, now, listing.count_tickets)
    return fragment(
        request, "tickets/_counts.html", week=await statistics.summary(organization, now, 7), **counts
    )  # fmt: skip


@get("/{org:str}/tickets/filters", name="tickets.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    return fragment(
        request, "tickets/_filters.html", filters=FRONT.asked(request, organization, user, now),
        team=await team(organization),
        tags=await tags.every(organization), open_dialog="#dialog",
    )  # fmt: skip


@get("/{org:str}/tickets.csv", name="tickets.export", guards=[agent])
async def export_tickets(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """The tickets behind the filters, or those that were ticked, as a file that is sent while it is read."""
    filters = FRONT.for_file(request, organization, user, now)
    if asked := confirmation.before_file(request, user, now):
        return asked
    lines = _lines(listing.export_tickets(organization, filters), organization)
    return spreadsheet.answer(f"{organization.slug}-tickets-{now:%Y-%m-%d}.csv", COLUMNS, lines)


async def _lines(
    batches: AsyncIterator[list[dict[str, Any]]], organization: Organization
) -> AsyncIterator[spreadsheet.Lines]:
    async for batch in batches:
        yield [_line(ticket, organization.time_zone) for ticket in batch]


def _line(ticket: dict[str, Any], zone: str) -> tuple[object, ...]:
    return (
        ticket["number"], ticket["subject"], ticket["name"] or ticket["lead_name"] or "", ticket["email"],
        ticket["priority"], ticket["status"], CHANNELS[ticket["channel"]][0], ticket["assignee_name"],
        *(spreadsheet.at(ticket[name], zone) for name in TIMES), ticket["satisfaction"],
    )  # fmt: skip


ROUTES = [list_tickets, count_tickets, show_filters, export_tickets]
