"""The revenue page, the rows behind its figures, and both as files."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromQuery
from litestar.response import Stream, Template

from dashboard import formats
from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.database import snapshot
from dashboard.errors import NotFound
from dashboard.lists import spreadsheet
from dashboard.pages import page
from dashboard.revenue import (
    attribution,
    breakdown,
    costs,
    daily,
    drill,
    forecast,
    funnel,
    overview,
    periods,
    recurring,
)
from dashboard.revenue.overview import Overview

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


async def _overview(request: Request, organization: Organization, now: datetime) -> tuple[Overview, str]:
    asked = request.query_params
    today = periods.local_day(now, organization.time_zone)
    period, problem = periods.read(dict(asked), today, organization.time_zone)
    by = asked.get("by", "")
    await daily.freshen(organization)
    async with snapshot():
        shown = await overview.read(
            organization, period, today, asked.get("currency", ""), by if by in attribution.DIMENSIONS else "source",
            f"/{organization.slug}",
        )  # fmt: skip
    return shown, problem


@get("/{org:str}/revenue", name="revenue.page", guards=[viewer])
async def show_revenue(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Every figure of one period, one currency at a time where currencies cannot stand side by side."""
    shown, problem = await _overview(request, organization, now)
    chosen = {"currency": shown.currency, "by": shown.by}
    return page(
        request, "revenue/page.html", shown=shown, problem=problem, periods=periods.CHOICES, now=now,
        dimensions=attribution.DIMENSIONS, zone=organization.time_zone,
        attribution=attribution.STATED, method=forecast.STATED, costs_stated=costs.STATED, funnel_stated=funnel.STATED,
        query=f"{shown.period.choice}&{urlencode(chosen)}", kept=urlencode(chosen),
    )  # fmt: skip


@get("/{org:str}/revenue.csv", name="revenue.export", guards=[viewer])
async def export_chart(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    chart: FromQuery[str] = "currencies",
) -> Response:  # fmt: skip
    """The values of one chart or table of the page, with the page's own period, currency and dimension."""
    if question := confirmation.before_file(request, user, now):
        return question
    shown, _ = await _overview(request, organization, now)
    table = shown.tables().get(chart)
    if table is None:
        raise NotFound()
    name = f"{organization.slug}-revenue-{chart}-{shown.currency}-{shown.period.first}-{shown.period.last}.csv"
    lines = _once([[cell.raw for cell in line] for line in table.lines])
    return _file(name, spreadsheet.stream(table.header, lines))


@get("/{org:str}/revenue/rows", name="revenue.rows", guards=[viewer])
async def show_rows(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The rows a figure was made of, newest first, with what they come to."""
    asked = _asked(request, organization, now)
    found = await drill.find(organization, asked)
    last = found.rows[-1] if found.more else None
    following = ""
    if last:
        after = f"{(last['at'] - EPOCH) // MICROSECOND}-{last['id']}"
        following = urlencode({**asked.query, "after": after})
    return page(
        request, "revenue/rows.html", asked=asked, found=found, following=following, query=urlencode(asked.query),
        title=await _title(organization, asked), kinds=recurring.KINDS, now=now, zone=organization.time_zone,
        back=f"{asked.period.query}&{urlencode({'currency': asked.currency} if asked.currency else {})}".rstrip("&"),
    )  # fmt: skip


@get("/{org:str}/revenue/rows.csv", name="revenue.rows_export", guards=[agent])
async def export_rows(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """All the rows behind a figure as a file."""
    if question := confirmation.before_file(request, user, now):
        return question
    asked = _asked(request, organization, now)
    found = await drill.find(organization, asked, size=None)
    header, lines = _lines(asked.of, found.rows, organization.time_zone)
    name = f"{organization.slug}-{asked.of}-{asked.period.first}-{asked.period.last}.csv"
    return _file(name, spreadsheet.stream(header, _once(lines)))


def _asked(request: Request, organization: Organization, now: datetime) -> drill.Asked:
    query = {name: value for name, value in request.query_params.items() if name != "after"}
    today = periods.local_day(now, organization.time_zone)
    period, _ = periods.read(query, today, organization.time_zone)
    of = query.get("of", "")
    return drill.Asked(
        of if of in drill.WHAT else "payments", period, query.get("kind", ""), query.get("currency", ""),
        query.get("by", ""), query.get("value", ""), "value" in query,
        _place(request.query_params.get("after", "")), query,
    )  # fmt: skip


def _place(text: str) -> tuple[datetime, int] | None:
    at, _, id = text.partition("-")
    if not (at.isascii() and at.isdecimal() and id.isascii() and id.isdecimal() and len(at) < 17 and len(id) < 19):
        return None
    return EPOCH + int(at) * MICROSECOND, int(id)


async def _title(organization: Organization, asked: drill.Asked) -> str:
    """What the rows have in common, in words."""
    if asked.of == "movements":
        name = recurring.KINDS.get(asked.kind)
        return f"Subscriptions: {name.lower()}" if name else "Changes of subscriptions"
    if asked.of == "standing":
        return "Subscriptions that stood at the end of the day"
    if asked.of == "people":
        step = funnel.STEPS.get(asked.kind, "Leads")
        title = "Leads" if step == "Leads" else f"Leads that reached: {step.lower()}"
        return f"{title}, {asked.value or 'source not known'}" if asked.divided else title
    if asked.of == "costs":
        return "Costs of machines" if asked.kind == "ai" else "Costs"
    title = drill.KINDS.get(asked.kind, drill.KINDS[""])[0]
    if asked.by in attribution.DIMENSIONS and asked.divided:
        known = await breakdown.names(organization, asked.by)
        title += f", {attribution.DIMENSIONS[asked.by][0].lower()}: {breakdown.named(known, asked.value)}"
    return title


def _lines(of: str, found: list[dict[str, Any]], zone: str) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    def at(row: dict[str, Any]) -> str:
        return formats.moment(row["at"], zone)

    def plain(minor: int | None, currency: str) -> str:
        if minor is None:
            return ""
        return formats.money_input(minor, currency) if formats.exponent(currency) is not None else str(minor)

    if of == "movements":
        return ("Time", "Subscription", "Change", "A month", "Currency"), [
            (at(row), row["subscription"], row["kind"], plain(row["change"], row["currency"]), row["currency"])
            for row in found
        ]
    if of == "standing":
        return ("Since", "Subscription", "Order", "Customer", "A month", "Currency"), [
            (at(row), row["subscription"], row["number"] or "", row["customer"],
             plain(row["change"], row["currency"]), row["currency"])
            for row in found
        ]  # fmt: skip
    if of == "people":
        return ("Came in", "Name", "E-mail", "Company", "Source", "Stage"), [
            (at(row), row["name"], row["email"], row["company"], row["source"], row["stage"]) for row in found
        ]
    if of == "costs":
        return ("Day", "Kind", "Amount", "Currency", "Source", "Note"), [
            (row["spent_on"], row["kind"], plain(row["amount"], row["currency"]), row["currency"], row["source"],
             row["note"])
            for row in found
        ]  # fmt: skip
    return ("Time", "Kind", "Amount", "Currency", "Fee", "Order", "Customer", "Source", "Status"), [
        (
            at(row), row["kind"], plain(row["amount"], row["currency"]), row["currency"],
            plain(row["fee"], row["fee_currency"]), row["number"] or "", row["customer"], row["source"], row["status"],
        )
        for row in found
    ]  # fmt: skip


async def _once(lines: list[Any]) -> AsyncIterator[Iterable[tuple[object, ...]]]:
    yield lines


def _file(name: str, body: AsyncIterator[bytes]) -> Stream:
    return Stream(body, media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'})


ROUTES = [show_revenue, export_chart, show_rows, export_rows]
