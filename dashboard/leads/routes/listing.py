"""The leads page: rows, counts, the filter form, the file."""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.leads import queries, stages
from dashboard.lists import Filters
from dashboard.pages import page
from dashboard.views import queries as views


@get("/{org:str}/leads", name="leads.list", guards=[viewer])
async def list_leads(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The list; htmx gets it without the frame."""
    filters = await audience.read(organization, request.url.query or "", user.id, now)
    return page(request, "leads/list.html", "leads/_list.html", **await context(organization, user, filters, now))


async def context(organization: Organization, user: Visitor, filters: Filters, now: datetime) -> dict[str, Any]:
    """What the list's templates need."""
    shown = await queries.find_leads(organization, filters)
    saved = await views.of_page(organization, user, filters.of.page)
    return {
        "leads": shown, "filters": filters, "now": now, "zone": organization.time_zone, "chips": filters.chips(),
        "tabs": views.tabs(audience.VIEWS, saved, filters), "steps": await stages.steps(organization),
    }  # fmt: skip


ROUTES = [list_leads]
