"""The campaigns page: rows, counts, the filter form."""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.response import Redirect, Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns import numbers, queries
from dashboard.campaigns.queries import CAMPAIGNS, KINDS, VIEWS
from dashboard.formats import brief, day, moment
from dashboard.pages import fragment, page
from dashboard.revenue import campaigns as earned
from dashboard.views.front import Front, tidied

FRONT = Front(CAMPAIGNS, VIEWS)


@get("/{org:str}/campaigns", name="campaigns.list", guards=[viewer])
async def list_campaigns(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = FRONT.asked(request, organization, user, now)
    if elsewhere := tidied(request, filters):
        return elsewhere
    shown = await queries.find_campaigns(organization, filters)
    ids = [each["id"] for each in shown.rows]
    figures = await numbers.of_campaigns(organization, ids)
    money = await earned.of_campaigns(organization, ids)
    for each in shown.rows:
        each |= {"figures": figures[each["id"]], "money": money[each["id"]].sums}
        each |= {"note": note(each, organization, now), "kind_name": kind_name(each)}
    return page(
        request, "campaigns/list.html", "campaigns/_list.html", campaigns=shown, now=now,
        **await FRONT.around(request, organization, user, filters),
    )  # fmt: skip


@get("/{org:str}/campaigns/counts", name="campaigns.counts", guards=[viewer])
async def count_campaigns(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, behind these filters and in each view."""
    filters = FRONT.asked(request, organization, user, now)
    counts = await FRONT.counts(organization, user, filters, now, queries.count_campaigns)
    return fragment(request, "lists/_counts.html", **counts)


@get("/{org:str}/campaigns/filters", name="campaigns.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    filters = FRONT.asked(request, organization, user, now)
    return fragment(request, "campaigns/_filters.html", filters=filters, open_dialog="#dialog")


def kind_name(campaign: dict[str, Any]) -> str:
    """Blast, or Sequence with its steps."""
    name, steps = KINDS[campaign["kind"]], campaign["steps"]
    return name if campaign["kind"] == "blast" else f"{name}, {steps} step{'' if steps == 1 else 's'}"


def note(campaign: dict[str, Any], organization: Organization, now: datetime) -> tuple[str, str]:
    """Why it stands where it stands, or what comes next; and its tone."""
    zone = organization.time_zone
    match campaign["state"]:
        case "draft":
            return (campaign["why"], "due warning") if campaign["why"] else ("Not launched yet", "dim")
        case "scheduled" if campaign["starts_at"]:
            return f"Starts {moment(campaign['starts_at'], zone)}", "dim"
        case "paused":
            return campaign["why"] or "Paused by hand", "due warning"
        case "running":
            if campaign["figures"].trouble:
                return f"{campaign['figures'].trouble} not sent", "due warning"
            if campaign["next_at"] is None:
                return campaign["why"] or "Nothing is waiting", "dim"
            due = campaign["next_at"]
            return f"Next: {brief(due, zone, now)}" if due > now else "Mails are leaving", "dim"
    ended = campaign["finished_at"]
    word = "Stopped" if campaign["state"] == "stopped" else "Finished"
    return f"{word} {day(ended, zone)}" if ended else word, "dim"


ROUTES = [list_campaigns, count_campaigns, show_filters]
