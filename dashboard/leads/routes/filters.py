"""The filter dialog: opened with the filters of a page, put together step by step, and gone with an address."""

import re
from urllib.parse import parse_qsl, urlencode

from litestar import Request, Response, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.leads import tags
from dashboard.lists import List, drafts
from dashboard.lists.drafts import Draft
from dashboard.orders import queries as orders
from dashboard.pages import fragment, redirect

SHOW, AT = "show", "at"
PAGES = {"": "leads", "board": "leads/board"}  # `at`: which page the filters are for
CAMPAIGN = re.compile(r"campaign-([0-9]{1,18})")  # its audience
PLACE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})")


@get("/{org:str}/leads/filters", name="leads.filters", guards=[viewer])
async def show_filters(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Response:
    """The form. Without `do` the query string is a list's address; with it, it is the form, and `do` the button: one
    that changes the form, or "show", which goes to the list or says what is wrong beside each condition."""
    query, do = request.url.query or "", request.query_params.get("do", "")
    listed, asked = await audience.leads(organization), audience.asked(organization, user.id, now)
    if not do:
        return await _form(request, organization, user, listed, drafts.of(listed.read(query, asked)))
    draft = drafts.typed(parse_qsl(query, keep_blank_values=True), listed.columns)
    if do != SHOW:
        return await _form(request, organization, user, listed, drafts.edited(draft, do))
    draft, found = drafts.finished(draft, asked)
    if draft.wrong:
        return await _form(request, organization, user, listed, draft, status_code=422)
    others = listed.read(urlencode([pair for pair in _kept(request) if pair[0] != AT]), asked).query()
    base = f"/{organization.slug}/{_place(request)}"
    return redirect(request, f"{base}?{'&'.join(part for part in (others, found) if part)}".rstrip("?"))


@get("/{org:str}/leads/filters/condition", name="leads.filter_condition", guards=[viewer])
async def show_condition(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template:
    """Operator and value of one row, after its column or operator has changed."""
    listed = await audience.leads(organization)
    draft = drafts.typed(parse_qsl(request.url.query or "", keep_blank_values=True), listed.columns)
    place = PLACE.fullmatch(request.query_params.get("row", ""))
    return fragment(
        request, "leads/_condition.html", row=draft.groups[0].rows[0], place=place.groups() if place else ("1", "1"),
        focus="", options=await _options(organization, user),
    )  # fmt: skip


async def _form(
    request: Request, organization: Organization, user: Visitor, listed: List, draft: Draft, status_code: int = 200
) -> Template:
    sections: dict[str, list[tuple[str, str]]] = {}
    for column in listed.columns:
        sections.setdefault(column.section, []).append((column.name, column.label))
    opened = "do" not in request.query_params
    return fragment(
        request, "leads/_filters.html", draft=draft, kept=_kept(request), sections=sections, focus=draft.focus,
        options=await _options(organization, user), status_code=status_code, open_dialog="#dialog" if opened else "",
        place=_place(request),
    )  # fmt: skip


async def _options(organization: Organization, user: Visitor) -> dict[str, list[tuple[str, str]]]:
    """What can be ticked for columns whose choices are rows."""
    team = [(str(each["id"]), each["name"]) for each in await orders.team(organization) if each["id"] != user.id]
    return {
        "owner": [("me", "Me"), ("none", "Nobody"), *team],
        "campaign": [(str(each["id"]), each["name"]) for each in await audience.campaigns(organization)],
        "tag": [(str(each["id"]), each["name"]) for each in await tags.every(organization)],
    }


def _place(request: Request) -> str:
    """The page the filters are for."""
    at = request.query_params.get(AT, "")
    campaign = CAMPAIGN.fullmatch(at)
    return f"campaigns/{campaign[1]}/audience" if campaign else PAGES.get(at, "leads")


def _kept(request: Request) -> list[tuple[str, str]]:
    """What the form carries along: the search, the order, and which page it is for."""
    return [(name, value) for name in ("q", "sort", AT) if (value := request.query_params.get(name, ""))]


ROUTES = [show_filters, show_condition]
