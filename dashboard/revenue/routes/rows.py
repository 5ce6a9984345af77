"""The rows behind every figure, as pages and as a file."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.response import Template

from dashboard import formats
from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.lists import spreadsheet
from dashboard.pages import page
from dashboard.revenue import attribution, breakdown, drill, funnel, periods, recurring

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HEADERS = {
    "payments": ("Time", "Kind", "Amount", "Currency", "Fee", "Order", "Customer", "Source", "Status"),
    "movements": ("Time", "Subscription", "Change", "A month", "Currency"),
    "standing": ("Since", "Subscription", "Order", "Customer", "A month", "Currency"),
    "people": ("Came in", "Name", "E-mail", "Company", "Source", "Stage"),
    "costs": ("Day", "Kind", "Amount", "Currency", "Source", "Note"),
}


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
    name = f"{organization.slug}-{asked.of}-{asked.period.first}-{asked.period.last}.csv"
    return spreadsheet.answer(name, HEADERS[asked.of], _lines(organization, asked))


def _asked(request: Request, organization: Organization, now: datetime) -> drill.Asked:
    query = {name: value for name, value in request.query_params.items() if name != "after"}
    today = formats.local_day(now, organization.time_zone)
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
        title = "Leads that are not qualified" if asked.kind == "unqualified" else title
        return f"{title}, {asked.value or 'source not known'}" if asked.divided else title
    if asked.of == "costs":
        return "Costs of machines" if asked.kind == "ai" else "Costs"
    title = drill.KINDS.get(asked.kind, drill.KINDS[""])[0]
    if asked.by in attribution.DIMENSIONS and asked.divided:
        known = await breakdown.names(organization, asked.by)
        title += f", {attribution.DIMENSIONS[asked.by][0].lower()}: {breakdown.named(known, asked.value)}"
    return title


async def _lines(organization: Organization, asked: drill.Asked) -> AsyncIterator[spreadsheet.Lines]:
    async for batch in drill.batches(organization, asked):
        yield [_line(asked.of, row, organization.time_zone) for row in batch]


def _line(of: str, row: dict[str, Any], zone: str) -> tuple[object, ...]:
    """A row of the file, as HEADERS names its columns."""
    at = formats.moment(row["at"], zone)
    match of:
        case "movements":
            return at, row["subscription"], row["kind"], _plain(row["change"], row["currency"]), row["currency"]
        case "standing":
            monthly = _plain(row["change"], row["currency"])
            return at, row["subscription"], row["number"] or "", row["customer"], monthly, row["currency"]
        case "people":
            return at, row["name"], row["email"], row["company"], row["source"], row["stage"]
        case "costs":
            amount = _plain(row["amount"], row["currency"])
            return row["spent_on"], row["kind"], amount, row["currency"], row["source"], row["note"]
    return (
        at, row["kind"], _plain(row["amount"], row["currency"]), row["currency"],
        _plain(row["fee"], row["fee_currency"]), row["number"] or "", row["customer"], row["source"], row["status"],
    )  # fmt: skip


def _plain(minor: int | None, currency: str) -> str:
    """A decimal number, and nothing where nobody knows."""
    return "" if minor is None else spreadsheet.amount(minor, currency)


ROUTES = [show_rows, export_rows]
