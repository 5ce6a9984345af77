"""The application with one more address: the orders page with session, membership and navigation, but constant rows."""

import os
from typing import Any

import uvicorn
from litestar import Request, get
from litestar.response import Template

from dashboard import settings
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.orders.routes import listing
from dashboard.pages import shell
from dashboard.web import create_app

kept: dict[str, Any] = {}


@get("/{org:str}/floor", guards=[viewer])
async def floor(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """What the real page found is kept the first time; from then on only the frame and the rendering remain."""
    if not kept:
        found = await listing.list_orders.fn(request, organization, user, now)
        kept.update(name=found.template_name, context=found.context)
    return Template(kept["name"], context=kept["context"] | shell(request))


if __name__ == "__main__":
    app = create_app(settings.load(), background=False)
    app.register(floor)
    uvicorn.run(
        app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", access_log=False, log_config=None,
        server_header=False,
    )  # fmt: skip
