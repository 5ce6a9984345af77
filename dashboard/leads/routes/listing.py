"""The leads page: rows, counts, the file."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.response import Template

from dashboard import formats
from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.leads import attributes, queries, search, stages
from dashboard.lists import Filters, counted, spreadsheet
from dashboard.pages import fragment, page
from dashboard.views import queries as views
from dashboard.views.front import here

COLUMNS = (
    "Lead", "Name", "Company", "E-mail", "Phone", "Stage", "Value", "Currency", "Score", "Owner", "Tags", "Source",
    "Last contact", "Contacts", "Expected close", "Won", "Lost", "Lost because", "Created",
)  # fmt: skip


async def asked_filters(request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
    """The filters in the address of this request."""
    return await audience.read(organization, request.url.query or "", user.id, now)


@get("/{org:str}/leads", name="leads.list", guards=[viewer])
async def list_leads(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The list; htmx gets it without the frame."""
    steps = await stages.steps(organization)
    filters = await audience.read(organization, request.url.query or "", user.id, now, steps)
    shown, similar = await queries.find_leads(organization, filters)
    names = await audience.names(organization, filters)
    return page(
        request, "leads/list.html", "leads/_list.html", leads=shown, similar=similar, filters=filters, now=now,
        zone=organization.time_zone, groups=filters.chip_groups(names), typed=search.typed_in(filters),
        tabs=await _tabs(organization, user, filters), here=here(request),
        steps={step.key: step for step in steps}, no_match=filters.in_words(names),
    )  # fmt: skip


@get("/{org:str}/leads/counts", name="leads.counts", guards=[viewer])
async def count_leads(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """How many there are, behind these filters and in each view: loaded after the rows."""
    filters = await asked_filters(request, organization, user, now)
    tabs = await _tabs(organization, user, filters)
    listed = await audience.leads(organization, "&".join(tab.query for tab in tabs))
    asked = audience.asked(organization, user.id, now)
    found = await queries.count_leads(organization, [filters, *(listed.read(tab.query, asked) for tab in tabs)])
    total, *counts = ("" if number is None else counted(number) for number in found)
    return fragment(request, "lists/_counts.html", page="leads", total=total, counts=counts, tabs=tabs)


@get("/{org:str}/leads.csv", name="leads.export", guards=[agent])
async def export_leads(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """All leads behind the filters, or those that were ticked, as a file that is sent while it is read."""
    filters = await asked_filters(request, organization, user, now)
    if request.query_params.get("all") == "1":
        filters = await audience.read(organization, request.query_params.get("query", ""), user.id, now)
    filters = filters.for_file()
    if asked := confirmation.before_file(request, user, now):
        return asked
    questions, steps = await attributes.every(organization), await stages.steps(organization)
    batches = queries.export_leads(organization, filters)
    name = f"{organization.slug}-leads-{now:%Y-%m-%d}.csv"
    header = [*COLUMNS, *(each["label"] for each in questions)]
    return spreadsheet.answer(name, header, _lines(organization, batches, steps, questions))


async def _lines(
    organization: Organization, batches: AsyncIterator[list[dict[str, Any]]], steps: list[stages.Step],
    questions: list[dict[str, Any]],
) -> AsyncIterator[spreadsheet.Lines]:  # fmt: skip
    async for batch in batches:
        yield [_line(lead, organization.time_zone, steps, questions) for lead in batch]


def _line(
    lead: dict[str, Any], zone: str, steps: list[stages.Step], questions: list[dict[str, Any]]
) -> tuple[object, ...]:
    def at(name: str) -> str:
        return spreadsheet.at(lead[name], zone)

    known = formats.exponent(lead["currency"]) is not None
    value = formats.money_input(lead["value"], lead["currency"]) if known else lead["value"] or ""
    answers = (attributes.typed_in(each, lead["attributes"].get(each["key"])) for each in questions)
    return (
        lead["id"], lead["name"], lead["company"], lead["email"], lead["phone"],
        stages.named(steps, lead["stage"]).name, value, lead["currency"], lead["score"], lead["owner_name"],
        lead["tags"], lead["source"], at("last_contact_at"), lead["contacts"],
        lead["expected_close"].isoformat() if lead["expected_close"] else "", at("won_at"),
        at("lost_at"), lead["lost_reason"], at("created_at"), *answers,
    )  # fmt: skip


async def _tabs(organization: Organization, user: Visitor, filters: Filters) -> list[views.Tab]:
    return views.tabs(audience.VIEWS, await views.of_page(organization, user, filters.of.page), filters)


ROUTES = [list_leads, count_leads, export_leads]
