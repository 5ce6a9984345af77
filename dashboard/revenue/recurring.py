"""Monthly recurring revenue: what stands at a moment and what moved it, read off the reports of subscriptions."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.payments.subscriptions import MOVEMENTS
from dashboard.revenue.daily import only_one
from dashboard.revenue.periods import Period

KINDS = {
    "new": "New", "expansion": "Expansion", "reactivation": "Reactivation", "contraction": "Contraction",
    "churn": "Churn",
}  # fmt: skip
# A report's movement is counted on the day it says. Values: time zone, organization, before when.
BY_DAY = f"""
    SELECT (occurred_at AT TIME ZONE {{}})::date AS day, currency, kind, sum(change)::bigint AS change,
           count(*) AS count
    FROM ({MOVEMENTS}) moved GROUP BY 1, 2, 3"""  # noqa: S608 – made of names in this file
KEPT = (
    "SELECT day, currency, kind, change, changes AS count FROM revenue_movement WHERE organization = {} AND day <= {}"
)
# The first day of a bucket stands for all of it. Values: buckets twice, those of BY_DAY or KEPT.
BY_BUCKET = """
    SELECT currency, kind, ({{}}::date[])[width_bucket(day, {{}}::date[])] AS day, sum(change)::bigint AS change,
           sum(count)::bigint AS count
    FROM ({days}) days GROUP BY 1, 2, 3"""
STALE = """
    SELECT EXISTS (SELECT 1 FROM revenue_movement_stale WHERE organization = {})
        OR NOT EXISTS (SELECT 1 FROM organization WHERE id = {} AND time_zone = {}) AS stale"""
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


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


async def by_bucket(organization: Organization, period: Period) -> list[dict[str, Any]]:
    """Every change until the period's end by currency, kind and bucket, whose first day is its `day`; what was before
    the period has a day before it. Read from the reports themselves while these have changed, see daily.py."""
    days = [date.min, *(each.first for each in period.buckets())]
    found = await row(STALE, organization.id, organization.id, period.zone)
    if found and found["stale"]:
        values: tuple[object, ...] = period.zone, organization.id, period.end
        return await rows(BY_BUCKET.format(days=BY_DAY), days, days, *values)
    return await rows(BY_BUCKET.format(days=KEPT), days, days, organization.id, period.last)


async def refresh(organization: int) -> bool:
    """Make the movements by day anew when a report has changed; False when not, or while another process is at it."""
    async with transaction():
        if not await only_one(organization):
            return False
        taken = await rows("DELETE FROM revenue_movement_stale WHERE organization = {} RETURNING id", organization)
        found = await row("SELECT time_zone FROM organization WHERE id = {}", organization)
        if not taken or not found:
            return False
        await rows("DELETE FROM revenue_movement WHERE organization = {}", organization)
        await rows(
            "INSERT INTO revenue_movement (organization, created_at, day, currency, kind, change, changes) "  # noqa: S608
            f"SELECT {{}}::bigint, now(), days.* FROM ({BY_DAY}) days",
            organization, found["time_zone"], organization, FOR_EVER,
        )  # fmt: skip
        return True


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
