"""The rows behind every figure: payments, movements of subscriptions, people. The same definitions as the figures."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows, snapshot
from dashboard.payments.subscriptions import MOVEMENTS
from dashboard.revenue import arrivals, costs, daily, funnel, recurring
from dashboard.revenue.attribution import DIMENSIONS, LINES
from dashboard.revenue.periods import Period
from dashboard.revenue.sums import ALL, Sums

SIZE, BATCH = 50, 5000  # rows of a page, and of a piece of the file
KINDS = {
    "": ("Payments", "true"),
    "charge": ("Charges", "kind = 'charge'"),
    "refund": ("Refunds", "kind = 'refund'"),
    "dispute": ("Disputes", "kind = 'dispute'"),
    "first": ("Orders by their first charge", "first"),
    "fee": ("Payments with a known fee", "fee <> 0 AND fee_currency = currency"),
}
# What all rows of a kind come to in minor units, and how many they are.
COMES_TO: dict[str, Callable[[Sums], tuple[int, int]]] = {
    "": lambda each: (each.net, each.charges + each.refunded + each.disputed),
    "charge": lambda each: (each.gross, each.charges),
    "refund": lambda each: (-each.refunds, each.refunded),
    "dispute": lambda each: (-each.disputes, each.disputed),
    "first": lambda each: (each.sold, each.orders),
    "fee": lambda each: (each.fees, each.with_fee),
}
WHAT = ("payments", "movements", "standing", "people", "costs")
# Subscriptions that bring something at the end of a day, each since its last change. Values: those of MOVEMENTS.
STANDING = f"""
    SELECT s.*, o.number, coalesce(o.customer_name, '') AS customer FROM (
        SELECT organization, subscription, currency, max(id) AS id, max(occurred_at) AS at,
               sum(change)::bigint AS change
        FROM (SELECT {{}}::bigint AS organization, moved.* FROM ({MOVEMENTS}) moved) moved
        GROUP BY organization, subscription, currency HAVING sum(change) <> 0) s
    LEFT JOIN LATERAL (SELECT number, customer_name FROM orders
        WHERE organization = s.organization AND subscription = s.subscription AND subscription <> ''
        ORDER BY id LIMIT 1) o ON true"""  # noqa: S608 – made of names in this file
SPENT = {"spent": "kind <> 'ai'", "ai": "kind = 'ai'"}


@dataclass
class Asked:
    """Which rows: of what, in which period, and what they have in common. `after` is the place a page goes on
    from."""

    of: str
    period: Period
    kind: str = ""
    currency: str = ""
    by: str = ""
    value: str = ""
    divided: bool = False
    after: tuple[datetime, int] | None = None
    query: dict[str, str] = field(default_factory=dict)


@dataclass
class Found:
    """One page of rows, newest first, and what all of them come to: [(currency, minor units or None, rows)]."""

    rows: list[dict[str, Any]]
    totals: list[tuple[str, int | None, int]]
    more: bool


async def find(organization: Organization, asked: Asked) -> Found:
    """A page of the rows."""
    source, values = await _source(organization, asked)
    totals = await _totals(organization, asked, source, values)
    if not totals:
        return Found([], [], False)
    found = await _some(source, values, asked.after, SIZE + 1)
    return Found(found[:SIZE], totals, len(found) > SIZE)


async def batches(organization: Organization, asked: Asked) -> AsyncIterator[list[dict[str, Any]]]:
    """All of the rows, some at a time."""
    source, values = await _source(organization, asked)
    after = None
    while found := await _some(source, values, after, BATCH):
        yield found
        after = found[-1]["at"], found[-1]["id"]


async def _some(source: str, values: list[Any], after: tuple[datetime, int] | None, size: int) -> list[dict[str, Any]]:
    place = " AND (at, id) < ({}, {})" if after else ""
    sql = f"SELECT * FROM ({source}) one WHERE true{place} ORDER BY at DESC, id DESC LIMIT {size}"  # noqa: S608 – our own text
    return await rows(sql, *values, *(after or ()))


async def _totals(
    organization: Organization, asked: Asked, source: str, values: list[Any]
) -> list[tuple[str, int | None, int]]:
    """What all rows come to: of payments and people the very figures of the page."""
    if asked.of == "payments":
        by = asked.by if asked.by in DIMENSIONS and asked.divided else ALL
        ends = asked.period.first, asked.period.last + timedelta(days=1)
        await daily.freshen(organization)
        async with snapshot():
            sheet = await daily.read(organization, asked.period.zone, [ends], [by], asked.currency)
        value = asked.value if by else ""
        sums = {code: each for (code, one), each in sheet.sums(0, 0, dimension=by).items() if one == value}
        totals = [(code, *COMES_TO.get(asked.kind, COMES_TO[""])(sums[code])) for code in sorted(sums)]
        return [each for each in totals if each[2]]
    if asked.of == "people":
        people = await arrivals.counted(organization, asked.period, await arrivals.unqualified(organization))
        steps = funnel.total([each for each in people if not asked.divided or each["source"] == asked.value])
        number = getattr(steps, asked.kind if asked.kind in funnel.WHICH else "leads")
        return [("", None, number)] if number else []
    total = "sum(change)" if asked.of in ("movements", "standing") else "sum(amount)"
    summed = f"SELECT currency, {total} AS total, count(*) AS count FROM ({source}) one GROUP BY 1 ORDER BY 1"  # noqa: S608
    return [(each["currency"], int(each["total"]), each["count"]) for each in await rows(summed, *values)]


async def _source(organization: Organization, asked: Asked) -> tuple[str, list[Any]]:
    """The statement that gives the rows, and its values."""
    period, values = asked.period, list[Any]()
    if asked.of == "movements":
        sql = f"SELECT id, occurred_at AS at, subscription, currency, change, kind, plan_price FROM ({MOVEMENTS}) moved"  # noqa: S608
        sql += " WHERE occurred_at >= {}"
        values = [organization.id, period.end, period.start]
        if asked.kind in recurring.KINDS:
            sql, values = sql + " AND kind = {}", [*values, asked.kind]
    elif asked.of == "standing":
        sql, values = f"SELECT * FROM ({STANDING}) standing WHERE true", [organization.id, organization.id, period.end]  # noqa: S608
    elif asked.of == "people":
        which = funnel.WHICH.get(asked.kind, "true")
        sql = f"SELECT *, created_at AS at, '' AS currency FROM ({funnel.PEOPLE}) person WHERE {which}"  # noqa: S608
        values = list(funnel.asked(organization, period, await arrivals.unqualified(organization)))
        if asked.divided:
            sql, values = sql + " AND source = {}", [*values, asked.value]
    elif asked.of == "costs":
        sql = f"SELECT *, spent_on::timestamptz AS at FROM ({costs.LINES}) line WHERE {SPENT.get(asked.kind, 'true')}"  # noqa: S608
        values = [organization.id, period.first, period.last]
        if asked.divided:
            by_source = " AND source = {} AND campaign = ''"
            sql, values = sql + (" AND campaign = {}" if asked.by == "campaign" else by_source), [*values, asked.value]
    else:
        sql = f"SELECT *, occurred_at AS at FROM ({LINES}) line WHERE {KINDS.get(asked.kind, KINDS[''])[1]}"  # noqa: S608
        values = [organization.id, period.start, period.end]
        if asked.by in DIMENSIONS and asked.divided:
            sql, values = f"{sql} AND {asked.by} = {{}}", [*values, asked.value]
    if asked.currency:
        sql, values = sql + " AND currency = {}", [*values, asked.currency]
    return sql, values
