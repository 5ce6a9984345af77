"""The application with one more address: the orders page with session, membership and navigation, but constant rows."""

import os
from typing import Any

import uvicorn
from litestar import Request, get
from litestar.response import Template

from dashboard import settings
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.orders import queries
from dashboard.orders.routes import listing
from dashboard.pages import page
from dashboard.web import create_app

kept: dict[str, Any] = {}


@get("/{org:str}/floor", guards=[viewer])
async def floor(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Rows, chips and tabs are found once; from then on only the frame and the rendering remain."""
    if not kept:
        filters = listing.asked_filters(request, organization, user, now)
        shown = await queries.find_orders(organization, filters)
        for order in shown.rows:
            order["work"] = order["status"]
        kept.update(
            orders=shown, filters=filters, now=now, zone=organization.time_zone, chips=[],
            tabs=await listing._tabs(organization, user, filters),
        )  # fmt: skip
    return page(request, "orders/list.html", "orders/_list.html", **kept)


if __name__ == "__main__":
    app = create_app(settings.load(), background=False)
    app.register(floor)
    uvicorn.run(
        app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_config=None,
        server_header=False,
    )  # fmt: skip
