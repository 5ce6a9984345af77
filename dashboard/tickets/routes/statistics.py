"""How support goes. Every figure leads to its tickets."""

from litestar import Request, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, Now, viewer
from dashboard.pages import page
from dashboard.tickets import actions, statistics
from dashboard.tickets.filters import CHANNELS

DAYS = (7, 30, 90)


@get("/{org:str}/tickets/statistics", name="tickets.statistics", guards=[viewer])
async def show_statistics(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The figures of 7, 30 or 90 days."""
    asked = request.query_params.get("days", "")
    days = int(asked) if asked in {str(each) for each in DAYS} else 30
    tables = {
        by: await statistics.grouped(organization, now, days, by) for by in ("priority", "channel", "person", "reason")
    }
    return page(
        request, "tickets/statistics.html", "tickets/_statistics.html", days=days, choices=DAYS, tables=tables,
        figures=await statistics.summary(organization, now, days), channels=CHANNELS, reasons=actions.REASONS,
    )  # fmt: skip


ROUTES = [show_statistics]
