"""Schedules as people say them."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.formats import day, num
from dashboard.runs.clockwork import Job

PLURAL_DAYS = {"mon-fri": "Weekdays", "sat,sun": "Weekends"} | {
    short: f"{whole}s"
    for short, whole in zip(
        ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
}


def every(job: Job, now: datetime, zone: str) -> str:
    """How often, with local times: Every 15 min, Hourly at :20, Daily, 04:45, Weekdays, 09:00; else the UTC cron."""
    minute, hour, month_day, month, week_day = job.cron.split()
    local = job.next_after(now).astimezone(ZoneInfo(zone))
    if (hour, month_day, month, week_day) == ("*", "*", "*", "*"):
        if minute == "*":
            return "Every minute"
        if minute.startswith("*/"):
            return f"Every {minute[2:]} min"
        return f"Hourly at :{local:%M}" if minute.isdecimal() else f"{job.cron}, UTC"
    if minute.isdecimal() and hour.isdecimal() and (month_day, month) == ("*", "*"):
        same_day = local.date() == job.next_after(now).date()
        if week_day == "*":
            return f"Daily, {local:%H:%M}"
        if same_day and week_day in PLURAL_DAYS:
            return f"{PLURAL_DAYS[week_day]}, {local:%H:%M}"
    return f"{job.cron}, UTC"


def coming(moment: datetime, now: datetime, zone: str) -> str:
    """When it is due: in 40 s, in 3 min, 15:20, tomorrow, 04:15, Mon, 09:00."""
    left = moment - now
    if left < timedelta(minutes=1):
        return f"in {max(0, int(left.total_seconds()))} s"
    if left < timedelta(hours=1):
        return f"in {left // timedelta(minutes=1)} min"
    local, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    days = (local.date() - today).days
    if days == 0:
        return f"{local:%H:%M}"
    if days == 1:
        return f"tomorrow, {local:%H:%M}"
    return f"{local:%a, %H:%M}" if days < 7 else f"{day(local.date())}, {local:%H:%M}"


def span(length: timedelta) -> str:
    """How long: 0.4 s, 12 s, 3 min, 2 h."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def lately(length: timedelta) -> str:
    """How long ago a sign of life was: 4 s, 3 min, 2 d."""
    return f"{max(0, int(length.total_seconds()))} s" if length < timedelta(minutes=1) else rough(length)


def rough(length: timedelta) -> str:
    """How long, in one word: 26 min, 3 h, 2 d."""
    if length < timedelta(hours=1):
        return f"{max(1, length // timedelta(minutes=1))} min"
    return f"{length // timedelta(hours=1)} h" if length < timedelta(days=1) else f"{length.days} d"


def counted(counts: dict[str, Any]) -> str:
    """What a run did: 2 reminded, 1 skipped."""
    said = [
        f"{num(value)} {key.replace('_', ' ')}" for key, value in counts.items() if isinstance(value, int) and value
    ]
    return ", ".join(said) or "Nothing was due"
