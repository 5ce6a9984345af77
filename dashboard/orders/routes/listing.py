"""The orders page: rows, counts, the filter form, the file."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect, Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.lists import spreadsheet
from dashboard.orders import progress, queries
from dashboard.orders.filters import ORDERS, VIEWS
from dashboard.orders.tables import Plan
from dashboard.pages import fragment, page
from dashboard.views.front import Front, tidied

COLUMNS = (
    "Order", "Customer", "E-mail", "Plan", "Work", "Payment", "Amount", "Currency", "Placed", "Due", "Done",
    "Assigned to", "Source",
)  # fmt: skip
FRONT = Front(ORDERS, VIEWS)


@get("/{org:str}/orders", name="orders.list", guards=[viewer])
async def list_orders(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = FRONT.asked(request, organization, user, now)
    if elsewhere := tidied(request, filters):
        return elsewhere
    shown = await queries.find_orders(organization, filters)
    for order in shown.rows:
        order["work"] = "overdue" if progress.is_overdue(order, now) else order["status"]
    names = await queries.names(organization, filters)
    return page(
        request, "orders/list.html", "orders/_list.html", orders=shown, now=now,
        **await FRONT.around(request, organization, user, filters, names),
    )  # fmt: skip


@get("/{org:str}/orders/counts", name="orders.counts", guards=[viewer])
async def count_orders(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, behind these filters and in each view."""
    filters = FRONT.asked(request, organization, user, now)
    counts = await FRONT.counts(organization, user, filters, now, queries.count_orders)
    return fragment(request, "lists/_counts.html", **counts)


@get("/{org:str}/orders/filters", name="orders.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    plans = await Plan.select_of(organization, Plan.id, Plan.name).order_by(Plan.name)
    return fragment(
        request, "orders/_filters.html", filters=FRONT.asked(request, organization, user, now),
        team=await queries.team(organization), plans=plans, open_dialog="#dialog",
    )  # fmt: skip


@get("/{org:str}/orders.csv", name="orders.export", guards=[agent])
async def export_orders(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """All orders behind the filters, or those that were ticked, as a file that is sent while it is read."""
    filters = FRONT.for_file(request, organization, user, now)
    if asked := confirmation.before_file(request, user, now):
        return asked
    lines = _lines(queries.export_orders(organization, filters), organization)
    return spreadsheet.answer(f"{organization.slug}-orders-{now:%Y-%m-%d}.csv", COLUMNS, lines)


async def _lines(
    batches: AsyncIterator[list[dict[str, Any]]], organization: Organization
) -> AsyncIterator[spreadsheet.Lines]:
    async for batch in batches:
        yield [_line(order, organization.time_zone) for order in batch]


def _line(order: dict[str, Any], zone: str) -> tuple[object, ...]:
    return (
        order["number"], order["customer_name"], order["customer_email"], order["plan_name"], order["status"],
        order["payment_status"], spreadsheet.amount(order["amount"], order["currency"]), order["currency"],
        *(spreadsheet.at(order[name], zone) for name in ("placed_at", "due_at", "done_at")), order["assignee_name"],
        order["source"],
    )  # fmt: skip


ROUTES = [list_orders, count_orders, show_filters, export_orders]
