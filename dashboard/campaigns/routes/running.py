"""One campaign: how it does, what happens next, and what went wrong."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dashboard.accounts.current import CurrentOrganization, Now, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns import ledger, numbers, progress, queries
from dashboard.campaigns.leaving import SHORT
from dashboard.campaigns.numbers import Figures
from dashboard.campaigns.routes.showing import COLUMNS, figures_of, steps_table
from dashboard.lists import Asked
from dashboard.pages import page
from dashboard.revenue import attribution
from dashboard.revenue import campaigns as earned

RECENT = 8
PROBLEMS = ("failed", "unknown", "bounced", "complained", "suppressed")


@get("/{org:str}/campaigns/{id:int}", name="campaigns.running", guards=[viewer])
async def show_campaign(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]
) -> Template | Redirect:
    """The page; htmx gets it without the frame. A draft has its editor."""
    campaign = await queries.get_campaign(organization, id)
    if campaign["state"] == "draft":
        return Redirect(f"{request.url.path}/edit", status_code=303)
    shown = await facts_of(organization, campaign, now)
    return page(request, "campaigns/running.html", "campaigns/_running.html", **shown)


async def facts_of(organization: Organization, campaign: dict[str, Any], now: datetime) -> dict[str, Any]:
    id = campaign["id"]
    steps = await queries.steps_of(organization, id)
    whole, each = await numbers.of_campaign(organization, id)
    money, money_each = await earned.of_campaign(organization, id)
    base, leads = href(organization, id), f"/{organization.slug}/leads?campaign={id}"
    bought = f"{base}/brought?of=orders"
    found = await ledger.find(
        organization, id, ledger.of(steps).read("", Asked(now, organization.time_zone)), size=RECENT
    )  # fmt: skip
    return {
        "campaign": campaign, "base": base, "now": now, "zone": organization.time_zone, "figures": whole,
        "brought": money.sums, "strip": figures_of(whole, money, base, bought, leads),
        "table": steps_table(steps, each, money_each, base), "columns": COLUMNS, "steps": steps,
        "stopped": _stopped(whole, base),
        "next": await progress.upcoming(organization, campaign, steps, whole, now), "rows": found,
        "problems": _problems(await ledger.reasons(organization, id, PROBLEMS, 8), base),
        "trial": await progress.trial(organization, campaign, steps),
        "trial_rule": progress.trial_rule(organization, campaign),
        "labels_of": {step["id"]: step for step in steps},
        "timeline": await progress.timeline(organization, id), "stated": attribution.STATED, "bought": bought,
        "orders": money.orders, "newest": ledger.NEWEST, "not_arrived": whole.of(PROBLEMS),
    }  # fmt: skip


def _stopped(figures: Figures, base: str) -> list[dict[str, Any]]:
    """Why people stopped: name, number, width of the bar, share, and the rows."""
    total = sum(number for _, number in figures.stopped)
    most = max((number for _, number in figures.stopped), default=1)
    return [
        {
            "name": SHORT.get(why, "Not known"), "number": number,
            "width": f"{max(1, round(100 * number / most))}%", "share": number / total,
            "href": _rows(base, why=why if why in SHORT else ledger.UNKNOWN),
        }
        for why, number in figures.stopped
    ]  # fmt: skip


def _rows(base: str, **chosen: str) -> str:
    return f"{base}/ledger?{urlencode({name: value for name, value in chosen.items() if value})}"


def _problems(found: list[dict[str, Any]], base: str) -> list[dict[str, Any]]:
    return [each | {"href": _rows(base, state=each["state"], reason=each["reason"])} for each in found]


def href(organization: Organization, id: int, *rest: str) -> str:
    return "/".join([f"/{organization.slug}/campaigns/{id}", *rest])


ROUTES = [show_campaign]
