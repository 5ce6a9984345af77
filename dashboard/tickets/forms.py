"""What the forms of the tickets pages say. Only the fields named here are ever written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from dashboard.accounts.forms import address_problem, line
from dashboard.tickets.tables import Priority
from dashboard.typed import day, number, refuse, text, token

LONGEST = 20_000
MOST_MINUTES = 60_000


@dataclass(frozen=True)
class NewTicket:
    """A ticket opened by hand: a mail to somebody, or only a note to ourselves about them."""

    email: str
    name: str
    subject: str
    message: str
    priority: Priority
    send: bool
    once: str
    order: int = 0  # the number of the order it is about; 0: none

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        """The ticket, or Invalid."""
        email, name = text(data, "email").strip(), line(text(data, "name"), 200)
        subject, message = line(text(data, "subject"), 250), text(data, "message").strip()
        priority = text(data, "priority") or Priority.normal.value
        refuse({
            "email": address_problem(email.lower()),
            "subject": "" if subject else "Say in a few words what it is about.",
            "message": ("" if message else "Write something.") if len(message) <= LONGEST else "This is too long.",
            "priority": "" if priority in set(Priority) else "Choose a priority.",
        })  # fmt: skip
        return cls(
            email,
            name,
            subject,
            message,
            Priority(priority),
            text(data, "kind") != "note",
            token(data),
            number(data, "order"),
        )


@dataclass(frozen=True)
class Times:
    """Promised working minutes by priority: (first reply, solved)."""

    minutes: dict[str, tuple[int, int]]

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        """The times, or Invalid. They are typed in hours, like 0.5 or 8."""
        problems, found = {}, {}
        for priority in Priority:
            pair = [_minutes(text(data, f"{priority.value}_{part}")) for part in ("first", "solve")]
            for part, value in zip(("first", "solve"), pair, strict=True):
                problems[f"{priority.value}_{part}"] = "" if value else "Write hours, like 0.5 or 8."
            if all(pair) and pair[0] > pair[1]:
                problems[f"{priority.value}_solve"] = "This cannot be sooner than the first reply."
            found[priority.value] = (pair[0], pair[1])
        refuse(problems)
        return cls(found)


@dataclass(frozen=True)
class NewHoliday:
    day: date
    name: str

    @classmethod
    def parse(cls, data: Mapping[str, str]) -> Self:
        when = day(data, "day")
        refuse({"day": "" if when else "Choose a day."})
        assert when is not None
        return cls(when, line(text(data, "name"), 80))


def _minutes(typed: str) -> int:
    """Hours as minutes, 0 for anything else."""
    given = typed.strip().replace(",", ".")
    try:
        minutes = round(float(given) * 60) if given.replace(".", "", 1).isdecimal() and len(given) < 8 else 0
    except ValueError:
        return 0
    return minutes if 0 < minutes <= MOST_MINUTES else 0
