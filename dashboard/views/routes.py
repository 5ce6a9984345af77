"""Saving, renaming and deleting views of any list page."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, Shell, agent
from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.campaigns.queries import CAMPAIGNS
from dashboard.conversations.filters import CONVERSATIONS
from dashboard.errors import Invalid, NotFound
from dashboard.lists import Asked, Filters
from dashboard.orders.filters import ORDERS
from dashboard.pages import fragment, redirect
from dashboard.tickets.filters import TICKETS
from dashboard.views import actions
from dashboard.views.tables import SavedView

Form = URLEncodedBody[dict[str, str]]
LONGEST_NAME = 60


async def read_orders(organization: Organization, query: str, me: int, now: datetime) -> Filters:
    return ORDERS.read(query, Asked(now, organization.time_zone, me))


async def read_campaigns(organization: Organization, query: str, me: int, now: datetime) -> Filters:
    return CAMPAIGNS.read(query, Asked(now, organization.time_zone, me))


async def read_tickets(organization: Organization, query: str, me: int, now: datetime) -> Filters:
    return TICKETS.read(query, Asked(now, organization.time_zone, me))


async def read_conversations(organization: Organization, query: str, me: int, now: datetime) -> Filters:
    return CONVERSATIONS.read(query, Asked(now, organization.time_zone, me))


LISTS: dict[str, Callable[[Organization, str, int, datetime], Awaitable[Filters]]] = {
    ORDERS.page: read_orders,
    audience.LEADS.page: audience.read,
    CAMPAIGNS.page: read_campaigns,
    TICKETS.page: read_tickets,
    CONVERSATIONS.page: read_conversations,
}


@get("/{org:str}/views/new", name="views.new", guards=[agent])
async def show_new(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Ask for the name of the filters the page is opened with."""
    page = _list(request.query_params.get("page", ""))
    query = await _kept(page, request.url.query or "", organization, user, now)
    return fragment(
        request, "lists/_view.html", page=page, query=query, values={"name": "", "shared": ""}, errors={},
        view=None, open_dialog="#dialog",
    )  # fmt: skip


@post("/{org:str}/views", name="views.save", guards=[agent], status_code=200)
async def save(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Response | Template:
    """Keep the known filters among what was sent; nothing else is stored."""
    page = _list(data.get("page", ""))
    query = await _kept(page, data.get("query", ""), organization, user, now)
    try:
        name = _name(data)
    except Invalid as problem:
        return fragment(
            request, "lists/_view.html", page=page, query=query, values=_values(data), errors=problem.fields,
            view=None, status_code=422,
        )  # fmt: skip
    await actions.save(organization, page, name, query, data.get("shared") == "yes", user)
    return redirect(request, _address(organization, page, query))


@get("/{org:str}/views/{id:int}/name", name="views.rename_form", guards=[agent])
async def show_rename(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    view = await SavedView.get_of(organization, id)
    values = {"name": view.name, "shared": "yes" if view.shared else ""}
    return fragment(
        request, "lists/_view.html", page=view.page, query=view.query, values=values, errors={}, view=view,
        open_dialog="#dialog",
    )  # fmt: skip


@post("/{org:str}/views/{id:int}/name", name="views.rename", guards=[agent], status_code=200)
async def rename(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], data: Form
) -> Response | Template:
    view = await SavedView.get_of(organization, id)
    try:
        name = _name(data)
    except Invalid as problem:
        return fragment(
            request, "lists/_view.html", page=view.page, query=view.query, values=_values(data), errors=problem.fields,
            view=view, status_code=422,
        )  # fmt: skip
    await actions.rename(view, name, data.get("shared") == "yes", user, admin=_shell(request).may("admin"))
    return redirect(request, _address(organization, _list(view.page), view.query))


@delete("/{org:str}/views/{id:int}", name="views.delete", guards=[agent], status_code=200)
async def forget(request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]) -> Response:
    """The rows it showed stay."""
    view = await SavedView.get_of(organization, id)
    await actions.delete(view, user, admin=_shell(request).may("admin"))
    return redirect(request, _address(organization, _list(view.page), ""))


def _list(page: str) -> str:
    if page not in LISTS:
        raise NotFound()
    return page


async def _kept(page: str, query: str, organization: Organization, user: Visitor, now: datetime) -> str:
    return (await LISTS[page](organization, query, user.id, now)).query()


def _name(data: dict[str, str]) -> str:
    name = line(data.get("name", ""), LONGEST_NAME)
    if not name:
        raise Invalid({"name": "Give the view a name, like Waiting for answers."})
    return name


def _values(data: dict[str, str]) -> dict[str, str]:
    return {"name": line(data.get("name", ""), LONGEST_NAME), "shared": data.get("shared", "")}


def _address(organization: Organization, page: str, query: str) -> str:
    return f"/{organization.slug}/{page}" + (f"?{query}" if query else "")


def _shell(request: Request) -> Shell:
    return request.scope["shell"]  # type: ignore[typeddict-item]


ROUTES = [show_new, save, show_rename, rename, forget]
