"""One order: its page and the drawer of the list."""

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, Now, viewer
from dashboard.orders.routes.showing import context, whole
from dashboard.orders.timeline import SHOWN
from dashboard.pages import fragment, page


@get("/{org:str}/orders/{number:int}", name="orders.detail", guards=[viewer])
async def show_order(request: Request, organization: CurrentOrganization, now: Now, number: FromPath[int]) -> Template:
    """The page; htmx gets its body."""
    asked = request.query_params.get("timeline", "all")
    facts = await whole(organization, number, now, asked if asked in SHOWN else "all")
    return page(request, "orders/detail.html", "orders/_order.html", **facts)


@get("/{org:str}/orders/{number:int}/drawer", name="orders.drawer", guards=[viewer])
async def show_drawer(request: Request, organization: CurrentOrganization, now: Now, number: FromPath[int]) -> Template:
    """The same order beside the list."""
    return fragment(request, "orders/_drawer.html", **await context(organization, number, now))


ROUTES = [show_order, show_drawer]
