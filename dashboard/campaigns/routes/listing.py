"""The campaigns page: rows, counts, the filter form."""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import numbers, queries
from dashboard.campaigns.queries import CAMPAIGNS, KINDS, STATES, VIEWS
from dashboard.formats import brief, day, moment
from dashboard.lists import Asked, Filters, counted
from dashboard.pages import fragment, page
from dashboard.revenue import campaigns as earned
from dashboard.views import queries as views


def asked_filters(request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
    """The filters in the address of this request."""
    return CAMPAIGNS.read(request.url.query or "", Asked(now, organization.time_zone, user.id))


@get("/{org:str}/campaigns", name="campaigns.list", guards=[viewer])
async def list_campaigns(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The list; htmx gets it without the frame."""
    filters = asked_filters(request, organization, user, now)
    shown = await queries.find_campaigns(organization, filters)
    ids = [each["id"] for each in shown.rows]
    figures = await numbers.of_campaigns(organization, ids)
    money = await earned.of_campaigns(organization, ids)
    for each in shown.rows:
        each |= {"figures": figures[each["id"]], "money": money[each["id"]].sums}
        each |= {"note": note(each, organization, now), "kind_name": kind_name(each)}
    chips = filters.chips()
    return page(
        request, "campaigns/list.html", "campaigns/_list.html", campaigns=shown, filters=filters, now=now,
        zone=organization.time_zone, chips=chips, tabs=await _tabs(organization, user, filters),
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        no_match=" and ".join(f"“{chip.label} {chip.operator} {chip.text}”" for chip in chips),
    )  # fmt: skip


@get("/{org:str}/campaigns/counts", name="campaigns.counts", guards=[viewer])
async def count_campaigns(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, behind these filters and in each view: loaded after the rows."""
    filters = asked_filters(request, organization, user, now)
    tabs = await _tabs(organization, user, filters)
    asked = Asked(now, organization.time_zone, user.id)
    found = await queries.count_campaigns(
        organization, [filters, *(CAMPAIGNS.read(tab.query, asked) for tab in tabs)]
    )  # fmt: skip
    total, *counts = (counted(number) for number in found)
    return fragment(request, "lists/_counts.html", page=CAMPAIGNS.page, total=total, counts=counts, tabs=tabs)


@get("/{org:str}/campaigns/filters", name="campaigns.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    kinds = [(kind.value, name) for kind, name in KINDS.items()]
    return fragment(
        request, "campaigns/_filters.html", filters=asked_filters(request, organization, user, now), kinds=kinds,
        states=[(each.value, each.label) for each in STATES], open_dialog="#dialog",
    )  # fmt: skip


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


async def _tabs(organization: Organization, user: Visitor, filters: Filters) -> list[views.Tab]:
    return views.tabs(VIEWS, await views.of_page(organization, user, CAMPAIGNS.page), filters)


ROUTES = [list_campaigns, count_campaigns, show_filters]
