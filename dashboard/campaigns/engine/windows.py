"""When mails may leave: hours and weekdays, in the time of the organization or of the person. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 1440  # minutes
# A person's own zone, where it is known: their answer to the question with this key, which a form or an import fills,
# or what came with the first touch. Of a lead `l`.
OWN_ZONE = "coalesce(l.attributes ->> 'time_zone', l.source_data ->> 'time_zone')"
ALL_WEEK = frozenset(range(7))


@dataclass(frozen=True)
class Window:
    """Minutes after midnight, `until` not included; past midnight where `until` is not later than `since`. Weekdays are
    those of the day on which it opens, 0 is Monday."""

    since: int = 0
    until: int = DAY
    weekdays: frozenset[int] = ALL_WEEK

    @property
    def length(self) -> int:
        return self.until - self.since if self.until > self.since else self.until + DAY - self.since

    @property
    def always(self) -> bool:
        return self.length == DAY and self.weekdays >= ALL_WEEK

    def opens(self, now: datetime, zone: ZoneInfo) -> datetime:
        """`now` when it is open, else the moment of its next opening."""
        if self.always or not self.weekdays:
            return now
        today = now.astimezone(zone).date()
        for ahead in range(-1, 9):
            day = today + timedelta(days=ahead)
            if day.weekday() not in self.weekdays:
                continue
            opening, closing = _moment(day, self.since, zone), _moment(day, self.since + self.length, zone)
            if now < closing:
                return max(now, opening)
        return now

    def on_day(self, moment: datetime, days: int, zone: ZoneInfo) -> datetime:
        """So many days later at the same time of day; at the opening where that time is outside of the hours, so that
        the mail of day 3 is not put off to day 4."""
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        inside = (minute - self.since) % DAY < self.length
        day = local.date() + timedelta(days=days)
        if inside:
            return _wall(datetime.combine(day, local.time().replace(fold=0)), zone)
        return _moment(day, self.since, zone)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return _wall(datetime.combine(day, time()) + timedelta(minutes=minutes), zone)


def _wall(local: datetime, zone: ZoneInfo) -> datetime:
    """A wall clock's reading as a moment; one that the clock skips in spring is the moment at which it would be."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def window(campaign: dict) -> Window:
    """Of a row of campaign."""
    return Window(campaign["window_from"], campaign["window_to"], frozenset(campaign["weekdays"]))


def zone_of(name: str, otherwise: str) -> ZoneInfo:
    """The zone of that name; the other one when there is none of it."""
    for each in (name, otherwise):
        try:
            if each:
                return ZoneInfo(each)
        except (ValueError, OSError, KeyError):
            continue
    return ZoneInfo("UTC")
