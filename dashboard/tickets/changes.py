"""Changing a ticket, and taking the change back: each change keeps what was before and what it made of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.conversations import replying
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.tickets.tables import Ticket

FIELDS = (
    "subject", "priority", "status", "assignee", "tags", "first_reply_due_at", "first_replied_at", "solve_due_at",
    "paused_at", "solved_at", "closed_at", "reopened", "merged_into", "asked_at",
)  # fmt: skip
HOLD = "SELECT *, to_jsonb(t) AS whole FROM ticket t WHERE organization = {} AND id = {} FOR UPDATE"
WRITE = """
    UPDATE ticket t SET {names}, updated_at = now() FROM jsonb_populate_record(NULL::ticket, {{}}) n
    WHERE t.id = {{}} RETURNING to_jsonb(t) AS whole"""
FOLLOW = """
    UPDATE conversation c SET assignee = t.assignee FROM ticket t
    WHERE t.organization = {} AND t.id = ANY({}) AND c.id = t.conversation AND c.assignee IS DISTINCT FROM t.assignee"""
CHANGE = """
    SELECT id, subject_id, data, title FROM activity
    WHERE organization = {} AND subject_kind = 'ticket' AND id = {} AND data ? 'before'"""
RECORD = """
    INSERT INTO activity (organization, subject_kind, subject_id, verb, actor, "user", title, detail, data, created_at)
    VALUES ({}, 'ticket', {}, {}, {}, {}, {}, {}, {}, now()) RETURNING id"""


class Done(NamedTuple):
    """A change that was made; `id` is 0 where nothing changed."""

    id: int
    after: dict[str, Any]


async def hold(organization: Organization, ticket: int) -> dict[str, Any]:
    """The row as it is now, locked until the transaction ends; or NotFound."""
    found = await row(HOLD, organization.id, ticket)
    if found is None:
        raise NotFound("There is no such ticket.")
    return found


async def change(
    organization: Organization, ticket: dict[str, Any], to: Mapping[str, Any], verb: str, title: str, *,
    by: Visitor | User | None = None, actor: str = "", detail: str = "", data: Mapping[str, Any] | None = None,
) -> Done:  # fmt: skip
    """Write these columns of a ticket that is held, with one line on its timeline. What is so already changes nothing.
    Call it inside the transaction that holds the row."""
    differs = {name: value for name, value in to.items() if ticket[name] != value}
    if not differs and not data:
        return Done(0, ticket)
    before, after = {name: ticket["whole"][name] for name in differs}, ticket["whole"]
    if differs:
        after = await _write(ticket["id"], {name: plain(value) for name, value in differs.items()})
    kept = {"before": before, "after": {name: after[name] for name in differs}} | dict(data or {})
    made = await row(
        RECORD, organization.id, ticket["id"], verb, actor or ("staff" if by else "system"), by.id if by else None,
        title[:200], detail, kept,
    )  # fmt: skip
    await told(organization)
    return Done(made["id"] if made else 0, after)


async def told(organization: Organization | int) -> None:
    """Hint to open pages that tickets have news."""
    await activity.changed(organization, "tickets")


async def follow(organization: Organization, tickets: list[int]) -> None:
    """Whoever has a ticket has its conversation."""
    await rows(FOLLOW, organization.id, tickets)


async def take_back(organization: Organization, change: int, by: Visitor, now: datetime) -> int:
    """Undo one change; the id of its ticket. Conflict when somebody has changed the same since; twice does nothing."""
    async with transaction():
        made = await row(CHANGE, organization.id, change)
        if made is None:
            raise NotFound("There is nothing to take back.")
        ticket = await hold(organization, made["subject_id"])
        data = made["data"]
        if data.get("undone"):
            return ticket["id"]
        if any(ticket["whole"][name] != value for name, value in data["after"].items()):
            raise Conflict("This ticket has changed since. Nothing was taken back.")
        if "message" in data and not await replying.take_back(organization, data["message"], data["conversation"], now):
            raise Conflict("The reply has left already. Nothing was taken back.")
        if data["before"]:
            await _write(ticket["id"], {name: data["before"][name] for name in data["before"] if name in FIELDS})
            await follow(organization, [ticket["id"]])
        await rows("UPDATE activity SET data = data || jsonb_build_object('undone', true) WHERE id = {}", change)
        await activity.record(organization, "ticket", ticket["id"], "undone", f"Taken back: {made['title']}", by=by)
        await told(organization)
    return ticket["id"]


async def _write(ticket: int, values: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(values) - set(FIELDS):
        raise ValueError(f"Not a column of tickets that changes: {unknown}")
    names = ", ".join(f"{name} = n.{name}" for name in values)
    found = await row(WRITE.format(names=names), values, ticket)
    assert found is not None
    return found["whole"]


def plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def by_number(organization: Organization, number: int) -> Ticket:
    """The ticket with this number, or NotFound."""
    found = None
    if 0 < number < 2**31:
        found = await Ticket.of(organization).where(Ticket.number == number).first()
    if found is None:
        raise NotFound("There is no ticket with this number.")
    return found
