"""Whom a campaign is for: chosen by the filters of the lead list, and narrowed with one click of the pre-flight."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience, editor, preflight, previewing
from dashboard.campaigns.routes.editor import BASE
from dashboard.errors import Invalid
from dashboard.files.uploads import read_values
from dashboard.leads import queries as leads
from dashboard.lists import counted
from dashboard.pages import fragment, page, redirect
from dashboard.views import queries as views


async def chosen(request: Request, organization: Organization, id: int, user: Visitor, now: datetime) -> dict[str, Any]:
    """What the chooser of an audience shows: the filters in its address."""
    campaign = await editor.find(organization, id)
    filters = await audience.read(organization, request.url.query or "", user.id, now)
    names = await audience.names(organization, filters)
    saved = await views.of_page(organization, user, "leads")
    people = [] if filters.misunderstood else await previewing.people(organization, filters.where)
    return {
        "campaign": campaign, "filters": filters, "groups": filters.chip_groups(names), "sample": people,
        "views": views.tabs(audience.VIEWS, saved, filters), "query": filters.query(),
        "new": filters.query() != campaign["audience"],
    }  # fmt: skip


@get(BASE + "/audience", name="campaigns.audience", guards=[viewer])
async def show_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Choose by the filters of the lead list; the address says which. Nothing changes until somebody says so."""
    facts = await chosen(request, organization, id, user, now)
    return page(request, "campaigns/audience.html", "campaigns/_audience.html", **facts)


@get(BASE + "/audience/count", name="campaigns.count_audience", guards=[viewer])
async def count_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """How many leads these filters find; loaded after the page."""
    await editor.find(organization, id)
    filters = await audience.read(organization, request.url.query or "", user.id, now)
    [found] = await leads.count_leads(organization, [filters])
    return fragment(request, "campaigns/_audience_count.html", found="" if found is None else counted(found))


@post(BASE + "/audience", name="campaigns.set_audience", guards=[agent], status_code=200)
async def set_audience(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Take the filters. One that is not understood would mean more people than were seen, so it is refused."""
    data = dict(await read_values(request))
    query = typed.text(data, "query")[:4000]
    filters = await audience.read(organization, query, user.id, now)
    if filters.misunderstood:
        raise Invalid({}, f"Not understood: {', '.join(filters.misunderstood)}. Nothing was changed.")
    await editor.set_audience(organization, id, typed.number(data, "revision"), filters.query(), user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


@post(BASE + "/overlap", name="campaigns.leave_out", guards=[agent], status_code=200)
async def leave_out(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    revision: FromQuery[int] = 0,
) -> Response:  # fmt: skip
    """A condition more: nobody who is in one of the campaigns that overlap."""
    campaign = await editor.find(organization, id)
    checked = await preflight.look(organization, id, user.id, now)
    others = ",".join(str(each["id"]) for each in checked.reach.overlaps)
    if others:
        query = audience.narrowed(campaign["audience"], "campaign.not", others)
        await editor.set_audience(organization, id, revision, query, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


@post(BASE + "/consent", name="campaigns.only_agreed", guards=[agent], status_code=200)
async def only_agreed(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    revision: FromQuery[int] = 0,
) -> Response:  # fmt: skip
    """A condition more: nobody of whom no consent is on record."""
    campaign = await editor.find(organization, id)
    query = audience.narrowed(campaign["audience"], "consent", "yes")
    await editor.set_audience(organization, id, revision, query, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


ROUTES = [show_audience, count_audience, set_audience, leave_out, only_agreed]
