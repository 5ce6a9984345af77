"""What an organization promises, and when it is due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.tickets import hours
from dashboard.tickets.hours import Hours
from dashboard.tickets.tables import Priority

NEVER = datetime(2999, 1, 1, tzinfo=UTC)  # what the database writes where nothing is due
# Working minutes until the first reply and until it is solved.
USUAL = {
    Priority.urgent: (30, 240), Priority.high: (60, 480), Priority.normal: (240, 1440), Priority.low: (480, 2880),
}  # fmt: skip
FACTS = """
    SELECT (SELECT array_agg(day) FROM holiday WHERE organization = {}) AS holidays,
           (SELECT jsonb_object_agg(priority, jsonb_build_array(first_reply_minutes, solve_minutes))
            FROM ticket_promise WHERE organization = {}) AS promises"""


@dataclass(frozen=True)
class Promises:
    """The working hours of an organization and what it promises by priority, in working minutes."""

    hours: Hours
    minutes: dict[str, tuple[int, int]]

    def start(self, priority: str, at: datetime) -> tuple[datetime | None, datetime | None]:
        """When the first reply and the solution are due for a ticket that begins now."""
        first, solve = self.minutes[priority]
        return self.hours.after(at, timedelta(minutes=first)), self.hours.after(at, timedelta(minutes=solve))

    def moved(self, due: datetime | None, paused: datetime | None, now: datetime) -> datetime | None:
        """A due time after a pause: the working time that was left then is left now. What was late stays late."""
        if due is None or paused is None or due <= paused:
            return due
        return self.hours.after(now, self.hours.between(paused, due))


async def load(organization: Organization) -> Promises:
    """The promises of an organization as they are now."""
    found = await row(FACTS, organization.id, organization.id) or {}
    week: Any = organization.working_hours
    said = found.get("promises") or {}
    minutes = {each.value: tuple(said.get(each.value) or USUAL[each]) for each in Priority}
    return Promises(hours.read(week, organization.time_zone, found.get("holidays") or ()), minutes)


def changed(
    promises: Promises, ticket: dict[str, Any], priority: str
) -> tuple[datetime | None, datetime | None]:  # fmt: skip
    """The due times when the priority changes: both clocks run from the beginning, less the pauses so far. What was
    answered keeps its first due time."""
    first, solve = promises.start(priority, ticket["created_at"])
    old_first, old_solve = promises.start(ticket["priority"], ticket["created_at"])

    def shifted(new: datetime | None, old: datetime | None, current: datetime | None) -> datetime | None:
        if new is None or old is None or current is None or current <= old:
            return new
        return promises.hours.after(new, promises.hours.between(old, current))

    if ticket["first_replied_at"] is not None:
        first = ticket["first_reply_due_at"]
    else:
        first = shifted(first, old_first, ticket["first_reply_due_at"])
    return first, shifted(solve, old_solve, ticket["solve_due_at"])


def late(ticket: dict[str, Any], now: datetime) -> bool:
    """Whether what is due next has passed."""
    return ticket["status"] == "open" and ticket["due_at"] <= now
