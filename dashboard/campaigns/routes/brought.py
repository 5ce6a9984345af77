"""The orders and payments that are credited to a campaign: the rows behind its figures."""

from litestar import Request, get
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, Now, viewer
from dashboard.campaigns import queries
from dashboard.campaigns.routes.running import href
from dashboard.pages import page
from dashboard.revenue import attribution
from dashboard.revenue import campaigns as earned


@get("/{org:str}/campaigns/{id:int}/brought", name="campaigns.brought", guards=[viewer])
async def show_brought(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int], of: FromQuery[str] = "",
    step: FromQuery[int] = 0,
) -> Template:  # fmt: skip
    """What it brought so far, newest first: all lines of the journal, or with `of=orders` one for each order."""
    campaign = await queries.get_campaign(organization, id)
    steps = {each["id"]: each["label"] for each in await queries.steps_of(organization, id)}
    step = step if step in steps else 0
    found = await earned.lines(organization, id, orders=of == "orders", step=step)
    return page(
        request, "campaigns/brought.html", campaign=campaign, rows=found, steps=steps, step=step, of=of, now=now,
        zone=organization.time_zone, base=href(organization, id), most=earned.MOST, stated=attribution.STATED,
    )  # fmt: skip


ROUTES = [show_brought]
