"""What the campaign editor's settings say: sender, hours, limits, the start, and a trial of two subjects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Self
from zoneinfo import ZoneInfo

from dashboard import typed
from dashboard.accounts.forms import address_problem, line
from dashboard.campaigns import placeholders
from dashboard.campaigns.tables import Campaign
from dashboard.errors import Invalid

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ZONES = {"organization": "In our time zone", "recipient": "In each person's time zone, where it is known"}
DAY, MOST = 1440, 1_000_000
SHARES = (10, 20, 30, 50, 100)  # percent of the people
HOURS = (1, 2, 4, 8, 24, 48)
RULES = {"clicks": "More clicks", "replies": "More replies"}


def rule_in_words(trial: dict[str, Any]) -> str:
    """How a trial of two subjects is decided."""
    share, hours = trial.get("share", 20), trial.get("hours", 4)
    did = "replied to" if trial.get("rule") == "replies" else "clicked"
    if share >= 100:
        return "Half of the people get A, half get B. Nothing is decided; compare the clicks afterwards."
    return (
        f"{share} % of the people are drawn by lot: half get subject A, half get B. {hours} hour{'s' * (hours != 1)} "
        f"after the launch everybody else gets the subject that a larger part of its people {did}; A where they are "
        "equal."
    )


def minutes(text: str) -> int:
    """Minutes after midnight of “09:00”; -1 when it is no time."""
    try:
        return 0 if text == "24:00" else time.fromisoformat(text).hour * 60 + time.fromisoformat(text).minute
    except ValueError:
        return -1


def clock(minutes: int) -> str:
    """The time of day of so many minutes after midnight."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


@dataclass(frozen=True)
class Settings:
    """The settings of a campaign, ready to be stored."""

    name: str
    from_name: str
    reply_to: str
    window_from: int
    window_to: int
    weekdays: list[int]
    zone: str
    per_hour: int
    per_day: int
    trial: dict[str, Any]
    starts_at: datetime | None
    enrols: bool
    new_only: bool

    @classmethod
    def parse(cls, pairs: Sequence[tuple[str, str]], zone: str, keys: frozenset[str]) -> Self:
        """Itself, or Invalid. Times are those of the organization's time zone; `keys` its own questions."""
        data = dict(pairs)
        problems: dict[str, str] = {}
        name, reply_to = line(typed.text(data, "name")), typed.text(data, "reply_to").strip()
        if not name:
            problems["name"] = "Give the campaign a name, like “Winter capacity”."
        if reply_to and (wrong := address_problem(reply_to)):
            problems["reply_to"] = wrong
        since, until = minutes(data.get("window_from", "00:00")), minutes(data.get("window_to", "00:00"))
        if since < 0 or until < 0:
            problems["window_from"] = "Write times like 09:00."
        weekdays = sorted({int(each) for key, each in pairs if key == "weekdays" and each in "0123456" and each})
        if not weekdays:
            problems["weekdays"] = "Choose a day on which mails may leave."
        limits = {}
        for field in ("per_hour", "per_day"):
            said = typed.text(data, field).strip().replace(",", "")
            limits[field] = typed.number({field: said}, field)
            if said and not 0 < limits[field] <= MOST and said != "0":
                problems[field] = "Write a number, or leave it empty for no limit."
        trial = _trial(data, keys, problems)
        starts_at = _start(data, zone, problems)
        typed.refuse(problems)
        return cls(
            name, line(typed.text(data, "from_name")), reply_to, since, until or DAY, weekdays,
            data["zone"] if data.get("zone") in ZONES else "organization", limits["per_hour"], limits["per_day"],
            trial, starts_at, data.get("enrols") == "1", data.get("new_only") == "1",
        )  # fmt: skip

    def columns(self, *, sequence: bool) -> dict[Any, Any]:
        """As columns of Campaign. Only a sequence goes on taking people in."""
        stored = dict(vars(self))
        stored["enrols"] = self.enrols and sequence
        stored["new_only"] = self.new_only and stored["enrols"]
        return {Campaign._meta.get_column_by_name(name): value for name, value in stored.items()}


def _trial(data: dict[str, str], keys: frozenset[str], problems: dict[str, str]) -> dict[str, Any]:
    subject = line(typed.text(data, "trial_subject"), 200)
    if not subject:
        return {}
    try:
        placeholders.parse(subject, keys, "trial_subject")
    except Invalid as problem:
        problems |= problem.fields
    share, hours = typed.number(data, "trial_share"), typed.number(data, "trial_hours")
    return {
        "subject": subject, "share": share if share in SHARES else 20, "hours": hours if hours in HOURS else 4,
        "rule": data["trial_rule"] if data.get("trial_rule") in RULES else "clicks",
    }  # fmt: skip


def _start(data: dict[str, str], zone: str, problems: dict[str, str]) -> datetime | None:
    try:
        day = typed.day(data, "starts_on")
    except Invalid as problem:
        problems |= problem.fields
        return None
    if day is None:
        return None
    at = minutes(data.get("starts_time") or "09:00")
    if at < 0:
        problems["starts_on"] = "Write a time like 09:00."
        return None
    return datetime.combine(day, time(at // 60, at % 60), ZoneInfo(zone))
