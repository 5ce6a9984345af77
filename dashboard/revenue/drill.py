"""The rows behind every figure: payments, movements of subscriptions, people. The same definitions as the figures."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments.subscriptions import MOVEMENTS
from dashboard.revenue import costs, funnel, recurring
from dashboard.revenue.attribution import DIMENSIONS, LINES
from dashboard.revenue.periods import Period

SIZE = 50
KINDS = {
    "": ("Payments", "true"),
    "charge": ("Charges", "kind = 'charge'"),
    "refund": ("Refunds", "kind = 'refund'"),
    "dispute": ("Disputes", "kind = 'dispute'"),
    "first": ("Orders by their first charge", "first"),
    "fee": ("Payments with a known fee", "fee <> 0 AND fee_currency = currency"),
}
WHAT = ("payments", "movements", "people", "costs")
SPENT = {"spent": "kind <> 'ai'", "ai": "kind = 'ai'"}


@dataclass
class Asked:
    """Which rows: of what, in which period, and what they have in common. `at` and `id` continue a page."""

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


async def find(organization: Organization, asked: Asked, size: int | None = SIZE) -> Found:
    """The rows; with no size all of them, for the file."""
    source, values, total = await _source(organization, asked)
    place = " AND (at, id) < ({}, {})" if asked.after else ""
    limit = f" LIMIT {size + 1}" if size else ""
    found = await rows(
        f"SELECT * FROM ({source}) one WHERE true{place} ORDER BY at DESC, id DESC{limit}",  # noqa: S608 – our own text
        *values, *(asked.after or ()),
    )  # fmt: skip
    summed = f"SELECT currency, {total} AS total, count(*) AS count FROM ({source}) one"  # noqa: S608 – our own text
    sums = await rows(f"{summed} GROUP BY 1 ORDER BY 1", *values)
    more = size is not None and len(found) > size
    totals = [(each["currency"], None if each["total"] is None else int(each["total"]), each["count"]) for each in sums]
    return Found(found[:size] if size else found, totals, more)


async def _source(organization: Organization, asked: Asked) -> tuple[str, list[Any], str]:
    """The statement that gives the rows, its values, and the sum that makes the figure of them."""
    period, values = asked.period, list[Any]()
    if asked.of == "movements":
        sql = f"SELECT id, occurred_at AS at, subscription, currency, change, kind, plan_price FROM ({MOVEMENTS}) moved"  # noqa: S608
        sql += " WHERE occurred_at >= {}"
        values = [organization.id, period.end, period.start]
        total = "sum(change)"
        if asked.kind in recurring.KINDS:
            sql, values = sql + " AND kind = {}", [*values, asked.kind]
    elif asked.of == "people":
        step = asked.kind if asked.kind in funnel.STEPS else "leads"
        sql = f"SELECT *, created_at AS at, '' AS currency FROM ({funnel.PEOPLE}) person"  # noqa: S608
        sql += " WHERE true" if step == "leads" else f" WHERE {step}"
        values, total = list(funnel.asked(organization, period, await funnel.unqualified(organization))), "NULL::bigint"
        if asked.divided:
            sql, values = sql + " AND source = {}", [*values, asked.value]
    elif asked.of == "costs":
        sql = f"SELECT *, spent_on::timestamptz AS at FROM ({costs.LINES}) line WHERE {SPENT.get(asked.kind, 'true')}"  # noqa: S608
        values, total = [organization.id, period.first, period.last], "sum(amount)"
        if asked.divided:
            by_source = " AND source = {} AND campaign = ''"
            sql, values = sql + (" AND campaign = {}" if asked.by == "campaign" else by_source), [*values, asked.value]
    else:
        sql = f"SELECT *, occurred_at AS at FROM ({LINES}) line WHERE {KINDS.get(asked.kind, KINDS[''])[1]}"  # noqa: S608
        values, total = (
            [organization.id, period.start, period.end],
            "sum(fee)" if asked.kind == "fee" else "sum(amount)",
        )
        if asked.by in DIMENSIONS and asked.divided:
            sql, values = f"{sql} AND {asked.by} = {{}}", [*values, asked.value]
    if asked.currency:
        sql, values = sql + " AND currency = {}", [*values, asked.currency]
    return sql, values, total
