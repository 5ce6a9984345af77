"""Monthly recurring revenue: what stands at a moment and what moved it, read off the reports of subscriptions."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments.subscriptions import MOVEMENTS
from dashboard.revenue.periods import Period

KINDS = {
    "new": "New", "expansion": "Expansion", "reactivation": "Reactivation", "contraction": "Contraction",
    "churn": "Churn",
}  # fmt: skip
BY_DAY = f"""
    SELECT currency, kind, (occurred_at AT TIME ZONE {{}})::date AS day, sum(change)::bigint AS change,
           count(*) AS count
    FROM ({MOVEMENTS}) moved GROUP BY 1, 2, 3"""  # noqa: S608 – made of names in this file


@dataclass
class Movement:
    """Signed minor units a month, and how many subscriptions."""

    change: int = 0
    count: int = 0


@dataclass
class Recurring:
    """Recurring revenue of one currency in a period."""

    at_start: int = 0
    at_end: int = 0
    moved: dict[str, Movement] = field(default_factory=lambda: {kind: Movement() for kind in KINDS})

    @property
    def moves(self) -> bool:
        """Whether anything changed."""
        return any(each.count for each in self.moved.values())

    @property
    def churn(self) -> float | None:
        """Share of the recurring revenue at the start that was lost or became less."""
        lost = -(self.moved["churn"].change + self.moved["contraction"].change)
        return lost / self.at_start if self.at_start else None


async def by_day(organization: Organization, period: Period) -> list[dict[str, Any]]:
    """Every change until the period's end, by day, currency and kind."""
    return await rows(BY_DAY, period.zone, organization.id, period.end)


def at(days: list[dict[str, Any]], currency: str, day: date) -> int:
    """What stands at the end of a day, in minor units a month."""
    return sum(each["change"] for each in days if each["currency"] == currency and each["day"] <= day)


def within(days: list[dict[str, Any]], currency: str, first: date, last: date) -> Recurring:
    """The start, the end and what moved between them; both days included."""
    found = Recurring()
    for each in days:
        if each["currency"] != currency or each["day"] > last:
            continue
        found.at_end += each["change"]
        if each["day"] < first:
            found.at_start += each["change"]
        else:
            found.moved[each["kind"]].change += each["change"]
            found.moved[each["kind"]].count += each["count"]
    return found
