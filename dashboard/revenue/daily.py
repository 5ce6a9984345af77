"""The journal by day, currency and what it is credited to: the sums every figure of the page is made of."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue.attribution import DIMENSIONS, LINES
from dashboard.revenue.periods import Period

ALL = ""  # not divided

# Values: time zone, then those of LINES. `{{value}}` is a dimension of attribution.py, or '' for all lines together.
SUMS = f"""
    SELECT day, currency, {{value}} AS value,
           coalesce(sum(amount) FILTER (WHERE kind = 'charge'), 0)::bigint AS gross,
           coalesce(-sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunds,
           coalesce(-sum(amount) FILTER (WHERE kind = 'dispute'), 0)::bigint AS disputes,
           coalesce(sum(fee) FILTER (WHERE fee_currency = currency), 0)::bigint AS fees,
           count(*) FILTER (WHERE kind = 'charge') AS charges,
           count(*) FILTER (WHERE first) AS orders,
           coalesce(sum(amount) FILTER (WHERE first), 0)::bigint AS sold
    FROM (SELECT *, (occurred_at AT TIME ZONE {{{{}}}})::date AS day FROM ({LINES.replace("{}", "{{}}")}) line) line
    GROUP BY 1, 2, 3"""  # noqa: S608 – made of names in this file


@dataclass
class Sums:
    """Minor units of one currency. `sold` is what the first charges of `orders` orders came to."""

    gross: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    charges: int = 0
    orders: int = 0
    sold: int = 0

    @property
    def net(self) -> int:
        """Charges less refunds and disputes; before fees, because those may be in another currency."""
        return self.gross - self.refunds - self.disputes

    @property
    def average(self) -> int | None:
        """What an order brought at first, rounded half up; None without orders."""
        return (2 * self.sold + self.orders) // (2 * self.orders) if self.orders else None

    def add(self, line: dict[str, Any]) -> None:
        for each in NAMES:
            setattr(self, each, getattr(self, each) + line[each])


NAMES = [each.name for each in fields(Sums)]


async def of(organization: Organization, period: Period, dimension: str = ALL) -> list[dict[str, Any]]:
    """One row for each day, currency and value of the dimension with money in the period."""
    sql = SUMS.format(value=dimension if dimension in DIMENSIONS else "''")
    return await rows(sql, period.zone, organization.id, period.start, period.end)


def within(lines: Iterable[dict[str, Any]], period: Period) -> dict[tuple[str, str], Sums]:
    """Sums of the period by (currency, value)."""
    found: dict[tuple[str, str], Sums] = {}
    for line in lines:
        if period.first <= line["day"] <= period.last:
            found.setdefault((line["currency"], line["value"]), Sums()).add(line)
    return found


def between(lines: Iterable[dict[str, Any]], currency: str, first: date, last: date) -> Sums:
    """Sums of one currency from a day to a day, both included."""
    found = Sums()
    for line in lines:
        if line["currency"] == currency and first <= line["day"] <= last:
            found.add(line)
    return found
