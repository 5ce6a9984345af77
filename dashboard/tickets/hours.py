"""Working time: when a promise is due that counts only hours in which somebody works."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
USUAL: dict[str, list[str]] = {day: ["09:00", "17:00"] for day in DAYS[:5]}
FURTHEST = 2000  # days looked ahead: a week of holidays without end is no endless loop
NONE = timedelta()


@dataclass(frozen=True)
class Hours:
    """The open hours of an organization's week, in its zone. Midnight as an end is the end of that day."""

    zone: ZoneInfo
    week: tuple[tuple[time, time] | None, ...]
    holidays: frozenset[date] = frozenset()

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open stretches in UTC, from this moment on, each as long as it really is on that day."""
        local = start.astimezone(self.zone).date()
        for number in range(FURTHEST):
            day = local + timedelta(days=number)
            opened = self.week[day.weekday()]
            if opened is None or day in self.holidays:
                continue
            first, last = opened
            ends_on = day + timedelta(days=1) if last == time.min else day
            begin, end = _moment(day, first, self.zone), _moment(ends_on, last, self.zone)
            if end > start and end > begin:
                yield max(begin, start), end

    def open_at(self, moment: datetime) -> bool:
        """Whether somebody works at that moment."""
        begin, _ = next(self.spans(moment), (None, None))
        return begin is not None and begin <= moment

    def after(self, start: datetime, length: timedelta) -> datetime | None:
        """The moment at which this much working time has passed; None where nobody ever works."""
        left = length
        for begin, end in self.spans(start):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        return None

    def between(self, start: datetime, until: datetime) -> timedelta:
        """How much working time lies between two moments."""
        total = NONE
        for begin, end in self.spans(start):
            if begin >= until:
                break
            total += min(end, until) - begin
        return total


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def read(week: Mapping[str, Any], zone: str, holidays: Iterable[date] = ()) -> Hours:
    """The hours of Settings: {"mon": ["09:00", "17:00"], …}; no day: closed; empty: the usual week."""
    found = week or USUAL
    opened = tuple(_day(found.get(day)) for day in DAYS)
    return Hours(ZoneInfo(zone), opened, frozenset(holidays))


def _day(said: Any) -> tuple[time, time] | None:
    if not said:
        return None
    first, last = (time.min if text == "24:00" else time.fromisoformat(text) for text in said)
    return first, last
