"""The ledger's page and its file."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns import ledger, numbers, queries
from dashboard.campaigns.numbers import Figures
from dashboard.formats import num
from dashboard.labels import STATUS
from dashboard.lists import Asked, Filters, counted, spreadsheet
from dashboard.pages import fragment, page
from dashboard.views.front import here

HEADER = (
    "Person", "E-mail", "Company", "Step", "State", "Reason", "Due", "Settled", "Opened", "Clicked", "Replied",
    "Unsubscribed",
)  # fmt: skip
TIMES = ("due_at", "settled_at", "opened_at", "clicked_at", "replied_at", "unsubscribed_at")


@get("/{org:str}/campaigns/{id:int}/ledger", name="campaigns.ledger", guards=[viewer])
async def show_ledger(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """One page of rows; htmx gets it without the frame. The numbers of the tabs are kept, nothing is counted."""
    campaign = await queries.get_campaign(organization, id)
    steps = await queries.steps_of(organization, id)
    filters = asked_filters(request, organization, steps, now)
    found = await ledger.find(organization, id, filters)
    whole, each_step = await numbers.of_campaign(organization, id)
    chosen = filters.chosen("step")
    figures = each_step.get(int(chosen[0]), Figures()) if len(chosen) == 1 else whole
    base = f"/{organization.slug}/campaigns/{id}"
    return page(
        request, "campaigns/ledger.html", "campaigns/_ledger.html", campaign=campaign, rows=found, filters=filters,
        total=await _total(organization, id, filters, figures), now=now, zone=organization.time_zone,
        chips=filters.chips(),
        tabs=_tabs(f"{base}/ledger", filters, figures), base=base, labels_of={step["id"]: step for step in steps},
        here=here(request), no_match=filters.in_words(),
    )  # fmt: skip


@get("/{org:str}/campaigns/{id:int}/ledger/filters", name="campaigns.ledger_filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    campaign = await queries.get_campaign(organization, id)
    steps = await queries.steps_of(organization, id)
    reasons = await ledger.reasons(organization, id, numbers.STATES)
    return fragment(
        request, "campaigns/_ledger_filters.html", filters=asked_filters(request, organization, steps, now),
        campaign=campaign, reasons=list(dict.fromkeys(each["reason"] for each in reasons)), newest=ledger.NEWEST,
        open_dialog="#dialog",
    )  # fmt: skip


@get("/{org:str}/campaigns/{id:int}/ledger.csv", name="campaigns.ledger_export", guards=[agent])
async def export_ledger(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """All rows behind the filters as a file that is sent while it is read."""
    await queries.get_campaign(organization, id)
    steps = await queries.steps_of(organization, id)
    filters = asked_filters(request, organization, steps, now).for_file()
    if asked := confirmation.before_file(request, user, now):
        return asked
    known = {step["id"]: step["label"] for step in steps}
    lines = _lines(ledger.export(organization, id, filters), known, organization.time_zone)
    return spreadsheet.answer(f"{organization.slug}-campaign-{id}-{now:%Y-%m-%d}.csv", HEADER, lines)


def asked_filters(request: Request, organization: Organization, steps: list[dict[str, Any]], now: datetime) -> Filters:
    asked = Asked(now, organization.time_zone, organization=organization.id)
    return ledger.of(steps).read(request.url.query or "", asked)


async def _total(organization: Organization, id: int, filters: Filters, figures: Figures) -> str:
    kept = ledger.what_counts(filters)
    if kept is None:
        return counted(await ledger.count(organization, id, filters))
    return num(figures.mails[kept[0]] if kept[0] else figures.rows)


def _tabs(href: str, filters: Filters, figures: Figures) -> list[tuple[str, str, str, bool]]:
    """All rows and every state that has some, beside the other filters."""
    others = filters.without("state")
    here = filters.chosen("state")
    shown = [("All", "", figures.rows)]
    shown += [(STATUS["send"][state][0], state, figures.mails[state]) for state in numbers.STATES]
    # Kept numbers know steps and states only; beside another filter they would say too much.
    known = not any(each.name not in ("state", "step") for each in filters.conditions)
    return [
        (
            name, f"{href}?{others}{'&' if others and state else ''}{f'state={state}' if state else ''}".rstrip("?&"),
            num(number) if known else "", here == ([state] if state else []),
        )
        for name, state, number in shown
        if number or not state or state in here
    ]  # fmt: skip


async def _lines(
    batches: AsyncIterator[list[dict[str, Any]]], steps: dict[int, str], zone: str
) -> AsyncIterator[spreadsheet.Lines]:
    async for batch in batches:
        yield [
            (
                each["name"], each["email"], each["company"], steps.get(each["step"], ""), each["state"],
                each["reason"], *(spreadsheet.at(each[name], zone) for name in TIMES),
            )
            for each in batch
        ]  # fmt: skip


ROUTES = [show_ledger, show_filters, export_ledger]
