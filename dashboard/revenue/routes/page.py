"""The revenue page, and its charts as files."""

from datetime import datetime
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromQuery
from litestar.response import Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.tables import Organization
from dashboard.database import snapshot
from dashboard.errors import NotFound
from dashboard.formats import local_day
from dashboard.lists import spreadsheet
from dashboard.pages import page
from dashboard.revenue import attribution, costs, daily, forecast, funnel, overview, periods
from dashboard.revenue.overview import Overview


async def _overview(request: Request, organization: Organization, now: datetime) -> tuple[Overview, str]:
    asked = request.query_params
    today = local_day(now, organization.time_zone)
    period, problem = periods.read(dict(asked), today, organization.time_zone)
    by = asked.get("by", "")
    await daily.freshen(organization)
    async with snapshot():
        shown = await overview.read(
            organization, period, today, asked.get("currency", ""), by if by in attribution.DIMENSIONS else "source",
            f"/{organization.slug}",
        )  # fmt: skip
    return shown, problem


@get("/{org:str}/revenue", name="revenue.page", guards=[viewer])
async def show_revenue(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Every figure of one period, one currency at a time where currencies cannot stand side by side."""
    shown, problem = await _overview(request, organization, now)
    chosen = {"currency": shown.currency, "by": shown.by}
    return page(
        request, "revenue/page.html", shown=shown, problem=problem, periods=periods.CHOICES, now=now,
        dimensions=attribution.DIMENSIONS, zone=organization.time_zone,
        attribution=attribution.STATED, method=forecast.STATED, costs_stated=costs.STATED, funnel_stated=funnel.STATED,
        query=f"{shown.period.choice}&{urlencode(chosen)}", kept=urlencode(chosen),
    )  # fmt: skip


@get("/{org:str}/revenue.csv", name="revenue.export", guards=[viewer])
async def export_chart(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    chart: FromQuery[str] = "currencies",
) -> Response:  # fmt: skip
    """The values of one chart or table of the page, with the page's own period, currency and dimension."""
    if question := confirmation.before_file(request, user, now):
        return question
    shown, _ = await _overview(request, organization, now)
    table = shown.tables().get(chart)
    if table is None:
        raise NotFound()
    name = f"{organization.slug}-revenue-{chart}-{shown.currency}-{shown.period.first}-{shown.period.last}.csv"
    lines = [[cell.raw for cell in line] for line in table.lines]
    return spreadsheet.answer(name, table.header, spreadsheet.once(lines))


ROUTES = [show_revenue, export_chart]
