"""A lead made by hand, and who may be the same person already."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, agent
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.leads import adding, attributes, duplicates, forms
from dashboard.leads.routes.person import WasDeleted, free_address
from dashboard.leads.routes.showing import href
from dashboard.orders import assignments
from dashboard.orders import queries as orders
from dashboard.pages import fragment, page, redirect


@get("/{org:str}/leads/new", name="leads.new", guards=[agent])
async def show_new(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template:
    """An empty form."""
    values = {"currency": organization.currency, "owner": str(user.id), "once": typed.once()}
    return await _form(request, organization, values)


@get("/{org:str}/leads/new/like", name="leads.like", guards=[agent])
async def show_like(request: Request, organization: CurrentOrganization) -> Template:
    """Who is like what has been typed so far."""
    found = await _like(organization, dict(request.query_params))
    return fragment(request, "leads/_like.html", like=found)


@post("/{org:str}/leads", name="leads.create", guards=[agent], status_code=200)
async def create(
    request: Request, organization: CurrentOrganization, user: CurrentUser, data: URLEncodedBody[dict[str, str]]
) -> Response | Template:
    """Make the lead; somebody who may be the same person is shown first. Two clicks make one."""
    once, asked = typed.token(data), await attributes.every(organization)
    try:
        person, deal = _both(data, asked)
        owner = await assignments.person(organization, deal.owner)
        await free_address(organization, person.email)
    except Invalid as problem:
        fields = {("owner" if name == "assignee" else name): said for name, said in problem.fields.items()}
        gone = problem.lead if isinstance(problem, WasDeleted) else None
        return await _form(request, organization, data, fields, gone=gone)
    like = [] if data.get("sure") == "1" else await _like(organization, data)
    if like:
        return await _form(request, organization, data, like=like)
    facts = person.facts({"attributes": {}}) | deal.facts(owner.id if owner else None)
    id = await adding.add(organization, facts, once, user)
    if id is None:
        return await _form(request, organization, data, {"email": "Somebody has just added this address."})
    return redirect(request, href(organization, id))


def _both(data: Mapping[str, str], asked: list[dict[str, Any]]) -> tuple[forms.PersonForm, forms.DealForm]:
    """Both halves of the form; Invalid with the problems of both."""
    problems: dict[str, str] = {}
    person, deal = None, None
    try:
        person = forms.PersonForm.parse(data, asked)
    except Invalid as problem:
        problems |= problem.fields
    try:
        deal = forms.DealForm.parse(data)
    except Invalid as problem:
        problems |= problem.fields
    if person is None or deal is None:
        raise Invalid(problems)
    return person, deal


async def _like(organization: Organization, data: Mapping[str, str]) -> list[dict[str, Any]]:
    email, phone, name, company = (typed.text(data, each)[:200] for each in ("email", "phone", "name", "company"))
    return await duplicates.like(organization, email=email, phone=phone, name=name, company=company)


async def _form(
    request: Request, organization: Organization, values: Mapping[str, str], errors: dict[str, str] | None = None,
    like: list[dict[str, Any]] | None = None, gone: int | None = None,
) -> Template:  # fmt: skip
    kept = {name: typed.text(values, name)[:500] for name in values}
    return page(
        request, "leads/new.html", "leads/_new.html", status_code=422 if errors or like else 200, values=kept,
        errors=errors or {}, like=like or [], gone=gone, asked=await attributes.every(organization),
        team=await orders.team(organization),
    )  # fmt: skip


ROUTES = [show_new, show_like, create]
