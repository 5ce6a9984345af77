"""The orders page: rows, counts, the filter form, the file."""

import re
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.response import Redirect, Stream, Template

from dashboard import formats
from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.lists import Asked, Filters, counted, spreadsheet
from dashboard.orders import progress, queries
from dashboard.orders.filters import ORDERS, PAYMENTS, STATUSES, VIEWS
from dashboard.orders.tables import Plan
from dashboard.pages import fragment, page, wants_part
from dashboard.views import queries as views

COLUMNS = (
    "Order", "Customer", "E-mail", "Plan", "Work", "Payment", "Amount", "Currency", "Placed", "Due", "Done",
    "Assigned to", "Source",
)  # fmt: skip
BLANK = re.compile(r"=(&|$)")


def asked_filters(request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
    """The filters in the address of this request."""
    return ORDERS.read(request.url.query or "", Asked(now, organization.time_zone, user.id))


@get("/{org:str}/orders", name="orders.list", guards=[viewer])
async def list_orders(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame. The filter form sends every field; its address shows what was used."""
    filters = asked_filters(request, organization, user, now)
    query = request.url.query
    if BLANK.search(query) and not filters.misunderstood and not wants_part(request):
        return Redirect(f"{request.url.path}?{filters.query()}".rstrip("?"), status_code=303)
    shown = await queries.find_orders(organization, filters)
    for order in shown.rows:
        order["work"] = "overdue" if progress.is_overdue(order, now) else order["status"]
    chips = filters.chips(await queries.names(organization, filters))
    return page(
        request, "orders/list.html", "orders/_list.html", orders=shown, filters=filters, now=now,
        zone=organization.time_zone, chips=chips, tabs=await _tabs(organization, user, filters),
        here=request.url.path + (f"?{query}" if query else ""),
        no_match=" and ".join(f"“{chip.label} {chip.operator} {chip.text}”" for chip in chips),
    )  # fmt: skip


@get("/{org:str}/orders/counts", name="orders.counts", guards=[viewer])
async def count_orders(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, behind these filters and in each view: loaded after the rows."""
    filters = asked_filters(request, organization, user, now)
    tabs = await _tabs(organization, user, filters)
    asked = Asked(now, organization.time_zone, user.id)
    found = await queries.count_orders(organization, [filters, *(ORDERS.read(tab.query, asked) for tab in tabs)])
    total, *counts = (counted(number) for number in found)
    return fragment(request, "lists/_counts.html", page="orders", total=total, counts=counts, tabs=tabs)


@get("/{org:str}/orders/filters", name="orders.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    filters = asked_filters(request, organization, user, now)
    plans = await Plan.select_of(organization, Plan.id, Plan.name).order_by(Plan.name)
    return fragment(
        request, "orders/_filters.html", filters=filters, team=await queries.team(organization), plans=plans,
        statuses=STATUSES, payments=PAYMENTS, open_dialog="#dialog",
    )  # fmt: skip


@get("/{org:str}/orders.csv", name="orders.export", guards=[agent])
async def export_orders(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """All orders behind the filters, or those that were ticked, as a file that is sent while it is read. A filter that
    is not understood would let out more than was asked for, so it is refused."""
    filters = asked_filters(request, organization, user, now)
    if request.query_params.get("all") == "1":
        filters = ORDERS.read(request.query_params.get("query", ""), Asked(now, organization.time_zone, user.id))
    if filters.misunderstood:
        raise Invalid({}, f"Not understood: {', '.join(filters.misunderstood)}. Nothing was exported.")
    if asked := confirmation.before_file(request, user, now):
        return asked
    name = f"{organization.slug}-orders-{now:%Y-%m-%d}.csv"
    lines = _lines(organization, queries.export_orders(organization, filters))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Stream(spreadsheet.stream(COLUMNS, lines), media_type="text/csv", headers=headers)


async def _lines(
    organization: Organization, batches: AsyncIterator[list[dict[str, Any]]]
) -> AsyncIterator[Iterable[tuple[object, ...]]]:
    async for batch in batches:
        yield [_line(order, organization.time_zone) for order in batch]


def _line(order: dict[str, Any], zone: str) -> tuple[object, ...]:
    def day(when: datetime | None) -> str:
        return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if when else ""

    known = formats.exponent(order["currency"]) is not None
    amount = formats.money_input(order["amount"], order["currency"]) if known else str(order["amount"])
    return (
        order["number"], order["customer_name"], order["customer_email"], order["plan_name"], order["status"],
        order["payment_status"], amount, order["currency"], day(order["placed_at"]), day(order["due_at"]),
        day(order["done_at"]), order["assignee_name"], order["source"],
    )  # fmt: skip


async def _tabs(organization: Organization, user: Visitor, filters: Filters) -> list[views.Tab]:
    return views.tabs(VIEWS, await views.of_page(organization, user, ORDERS.page), filters)


ROUTES = [list_orders, count_orders, show_filters, export_orders]
