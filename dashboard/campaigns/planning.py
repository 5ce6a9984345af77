"""When a campaign's mails would leave: how long they take with its hours and limits, day by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from dashboard.campaigns.engine.windows import ALL_WEEK, window, zone_of
from dashboard.formats import num

MOST_DAYS, LONGEST = 15, 400


class Plan(NamedTuple):
    """`first`: when the first mail leaves. `days`: mails by day, at most, as many as can be shown; `later`: how many
    come after those. `words`: how long the first mail takes to reach everybody."""

    first: datetime
    days: list[tuple[date, int]]
    later: int
    words: str


def plan(
    campaign: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], people: int, zone: str, now: datetime
) -> Plan:  # fmt: skip
    """For so many people, if nobody stops on the way. In the organization's days, also where hours are each person's:
    that moves a mail by hours, not by days."""
    hours, local = window(dict(campaign)), zone_of("", zone)
    first = hours.opens(max(campaign["starts_at"] or now, now), local)
    open_hours = hours.length / 60
    limits = [campaign["per_day"]] * bool(campaign["per_day"])
    limits += [ceil(campaign["per_hour"] * open_hours)] * bool(campaign["per_hour"])
    day_limit = min(limits) if limits else 0
    begins = first.astimezone(local).date()
    arriving: dict[date, int] = {}
    for step in steps:
        due = hours.on_day(first, step["day"], local).astimezone(local).date() if step["day"] else begins
        arriving[due] = arriving.get(due, 0) + people
    days, waiting, left = [], 0, people * len(steps)
    for ahead in range(LONGEST):
        if not left:
            break
        day = begins + timedelta(days=ahead)
        waiting += arriving.get(day, 0)
        if day.weekday() not in (hours.weekdays or ALL_WEEK) or not waiting:
            continue
        sent = min(waiting, day_limit) if day_limit else waiting
        days.append((day, sent))
        waiting, left = waiting - sent, left - sent
    later = people * len(steps) - sum(count for _, count in days[:MOST_DAYS])
    return Plan(first, days[:MOST_DAYS], later, _words(campaign, people, day_limit, open_hours, len(hours.weekdays)))


def limits(campaign: Mapping[str, Any]) -> str:
    """At most how many leave, like “at most 50 an hour and 300 a day”; empty without a limit."""
    said = [
        f"{num(campaign[name])} {words}"
        for name, words in (("per_hour", "an hour"), ("per_day", "a day"))
        if campaign[name]
    ]
    return f"at most {' and '.join(said)}" if said else ""


def _words(campaign: Mapping[str, Any], people: int, day_limit: int, open_hours: float, weekdays: int) -> str:
    if not people:
        return ""
    all_of = "The one mail leaves" if people == 1 else f"All {num(people)} leave"
    if not day_limit:
        return f"{all_of} within minutes of the start"
    if people > day_limit:
        sending = ceil(people / day_limit)
        days = ceil(sending * 7 / weekdays) if weekdays and sending > weekdays else sending
        return f"{all_of} in about {num(days)} days"
    per_hour = campaign["per_hour"] or ceil(day_limit / open_hours)
    hours = ceil(people / per_hour)
    if not campaign["per_hour"] or hours <= 1:
        return f"{all_of} within {'an hour' if campaign['per_hour'] else 'a day'}"
    return f"{all_of} in about {hours} hours"
