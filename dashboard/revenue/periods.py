"""Whole days in the organization's time zone, and how a span of them is cut for a chart."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from dashboard import formats

FEW_DAYS, FEW_WEEKS = 45, 200  # up to so many days a chart shows days, or weeks; beyond, months
LONGEST = 366 * 10
USUAL = "30d"
CHOICES = {
    "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", "month": "This month",
    "last_month": "Last month", "year": "This year", "12m": "Last 12 months",
}  # fmt: skip


@dataclass(frozen=True)
class Bucket:
    """One place of a chart: days from `first` to `last`, both included."""

    first: date
    last: date
    name: str
    short: str


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included, in a time zone. `key` is a choice, or "custom"."""

    key: str
    first: date
    last: date
    zone: str

    @property
    def start(self) -> datetime:
        """The first moment, in UTC."""
        return formats.start_of_day(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The first moment after it, in UTC."""
        return formats.start_of_day(self.last + timedelta(days=1), self.zone)

    @property
    def days(self) -> int:
        """How many, both ends included."""
        return (self.last - self.first).days + 1

    @property
    def label(self) -> str:
        """The choice by its name, else the dates."""
        return CHOICES.get(self.key) or self.dates

    @property
    def dates(self) -> str:
        """1 Nov 2026 to 21 Nov 2026."""
        if self.first == self.last:
            return formats.day(self.first)
        return f"{formats.day(self.first)} to {formats.day(self.last)}"

    @property
    def query(self) -> str:
        """The part of an address that means exactly these days."""
        return urlencode({"from": self.first.isoformat(), "to": self.last.isoformat()})

    @property
    def choice(self) -> str:
        """The part of an address that means this choice, also tomorrow."""
        return self.query if self.key == "custom" else urlencode({"period": self.key})

    def before(self) -> "Period":
        """As many days, just before: what a change is compared with."""
        last = self.first - timedelta(days=1)
        return Period("custom", last - timedelta(days=self.days - 1), last, self.zone)

    def unit(self) -> str:
        """What one place of its charts is: day, week or month."""
        return "day" if self.days <= FEW_DAYS else "week" if self.days <= FEW_WEEKS else "month"

    def buckets(self) -> list[Bucket]:
        """The days, weeks (from Monday) or months of it, oldest first; the ends are cut to the period."""
        found: list[Bucket] = []
        at, unit = self.first, self.unit()
        while at <= self.last:
            last = min(_end_of(at, unit), self.last)
            found.append(Bucket(at, last, *_names(at, last, unit)))
            at = last + timedelta(days=1)
        return found


def cut(period: Period) -> list[date]:
    """The days that part it for `daily.read`: place 0 is the period before, then come its buckets."""
    return [period.before().first, *(each.first for each in period.buckets()), period.last + timedelta(days=1)]


def read(asked: dict[str, str], today: date, zone: str) -> tuple[Period, str]:
    """The period an address asks for, and what was not understood of it ("" when all was). Then it is the usual one."""
    key = asked.get("period", "")
    if asked.get("from") or asked.get("to"):
        try:
            first, last = date.fromisoformat(asked.get("from", "")), date.fromisoformat(asked.get("to", ""))
        except ValueError:
            return named(USUAL, today, zone), "A date is missing or is not like 2026-11-21."
        if last < first:
            return named(USUAL, today, zone), "The period ends before it begins."
        if (last - first).days >= LONGEST or first.year < 2000 or last.year > 9000:
            return named(USUAL, today, zone), "A period may have ten years at most."
        return Period("custom", first, last, zone), ""
    if key and key not in CHOICES:
        return named(USUAL, today, zone), "That period is not known."
    return named(key or USUAL, today, zone), ""


def named(key: str, today: date, zone: str) -> Period:
    """One of CHOICES, ending today or where its name says."""
    first_of_month = today.replace(day=1)
    first, last = {
        "month": (first_of_month, today),
        "last_month": (months_back(first_of_month, 1), first_of_month - timedelta(days=1)),
        "year": (today.replace(month=1, day=1), today),
        "12m": (months_back(first_of_month, 11), today),
    }.get(key) or (today - timedelta(days=int(key.rstrip("d")) - 1), today)
    return Period(key, first, last, zone)


def months_back(first: date, count: int) -> date:
    """The first of the month so many months earlier; negative counts go forward."""
    index = first.year * 12 + first.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)


def _end_of(at: date, unit: str) -> date:
    if unit == "day":
        return at
    return (
        at + timedelta(days=6 - at.weekday()) if unit == "week" else months_back(at.replace(day=1), -1) - timedelta(1)
    )


def _names(first: date, last: date, unit: str) -> tuple[str, str]:
    short = formats.day(first).rsplit(" ", 1)[0]
    if unit == "day":
        return formats.day(first, weekday=True), short
    if unit == "week":
        return f"Week of {formats.day(first)}", short
    return formats.day(first).split(" ", 1)[1], formats.day(first).split(" ")[1]
