"""Working time over 50 cases and both changes of the clocks, against a calculation that walks minute by minute."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.tickets import hours

OSLO, NEW_YORK, SYDNEY, KOLKATA = "Europe/Oslo", "America/New_York", "Australia/Sydney", "Asia/Kolkata"
OFFICE = {day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
NIGHTS = {"sat": ["00:30", "05:00"], "sun": ["01:00", "04:00"], "mon": ["08:00", "10:00"]}
ALWAYS = {day: ["00:00", "00:00"] for day in hours.DAYS}
HALF = {"mon": ["08:30", "12:15"], "wed": ["13:00", "18:45"], "sun": ["00:00", "00:00"]}
WEEKS = [OFFICE, NIGHTS, ALWAYS, HALF]
AROUND = {  # the days around which the clocks change
    OSLO: [date(2026, 3, 29), date(2026, 10, 25)], NEW_YORK: [date(2026, 3, 8), date(2026, 11, 1)],
    SYDNEY: [date(2026, 4, 5), date(2026, 10, 4)], KOLKATA: [date(2026, 3, 29), date(2026, 12, 25)],
}  # fmt: skip


def open_at(moment: datetime, week: dict, zone: str, holidays: set[date]) -> bool:
    """Whether somebody works in the minute that begins then: the clock on the wall is looked at, nothing is added."""
    local = moment.astimezone(ZoneInfo(zone))
    said = week.get(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local.weekday()])
    if not said or local.date() in holidays:
        return False
    first, last = (time.fromisoformat(text) for text in said)
    return local.time() >= first and (last == time(0) or local.time() < last)


def walked(start: datetime, minutes: int, week: dict, zone: str, holidays: set[date]) -> datetime:
    """The end of the last of so many open minutes."""
    at, left = start, minutes
    while left:
        left -= open_at(at, week, zone, holidays)
        at += timedelta(minutes=1)
    return at


def cases() -> list[tuple]:
    chance = random.Random(7)
    made = []
    for number in range(50):
        zone = list(AROUND)[number % 4]
        near = AROUND[zone][number // 4 % 2]
        start = datetime.combine(near - timedelta(days=chance.randint(0, 2)), time(0), UTC)
        start += timedelta(minutes=chance.randint(0, 1439))
        holidays = {near + timedelta(days=chance.randint(-2, 3))} if number % 3 == 0 else set()
        made.append((zone, start, chance.choice([30, 240, 480, 960, 1440]), WEEKS[number // 8 % 4], holidays))
    return made


def test_there_are_fifty_cases_and_most_of_them_cross_a_change_of_the_clocks():
    crossing = 0
    for zone, start, minutes, week, holidays in cases():
        end = walked(start, minutes, week, zone, holidays)
        crossing += start.astimezone(ZoneInfo(zone)).utcoffset() != end.astimezone(ZoneInfo(zone)).utcoffset()
    assert len(cases()) == 50 and crossing >= 15


@pytest.mark.parametrize("case", range(50))
def test_due_times_are_those_of_the_walk(case):
    zone, start, minutes, week, holidays = cases()[case]
    found = hours.read(week, zone, holidays)
    expected = walked(start, minutes, week, zone, holidays)
    assert found.after(start, timedelta(minutes=minutes)) == expected
    assert found.between(start, expected) == timedelta(minutes=minutes)


def test_a_pause_gives_back_exactly_the_working_time_that_was_left():
    from dashboard.tickets.due import Promises

    found = hours.read(OFFICE, OSLO, {date(2026, 10, 26)})
    promises = Promises(found, {})
    friday = datetime(2026, 10, 23, 14, 30, tzinfo=UTC)  # 16:30 in Oslo: half an hour before the weekend
    due = found.after(friday, timedelta(minutes=60))
    assert due == datetime(2026, 10, 27, 8, 30, tzinfo=UTC)  # Tuesday 09:30, an hour later by UTC, Monday was a holiday
    resumed = datetime(2026, 10, 28, 12, 0, tzinfo=UTC)
    moved = promises.moved(due, friday + timedelta(minutes=10), resumed)
    assert moved == resumed + timedelta(minutes=50)
    assert promises.moved(due, due + timedelta(hours=1), resumed) == due, "what was late stays late"


def test_without_any_open_day_nothing_is_due():
    closed = hours.read({"mon": None}, OSLO)
    assert closed.after(datetime(2026, 11, 21, tzinfo=UTC), timedelta(minutes=30)) is None
    assert hours.read({}, OSLO).week[0] == (time(9), time(17)), "an empty week is the usual one"
