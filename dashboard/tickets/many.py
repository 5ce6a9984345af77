"""The same done to many tickets, 500 to a transaction, and all of it taken back where nobody changed it since."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from piccolo.querystring import QueryString

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.errors import Invalid
from dashboard.tickets import due, listing, work
from dashboard.tickets.changes import FIELDS, follow, plain, told
from dashboard.tickets.tables import TicketStatus

# In the order of their ids, so that two of these never wait for each other.
HOLD = "SELECT *, to_jsonb(t) AS whole FROM ticket t WHERE organization = {} AND id = ANY({}) ORDER BY id FOR UPDATE"
WRITE = f"""
    UPDATE ticket SET {", ".join(f"{name} = n.{name}" for name in FIELDS)}, updated_at = now()
    FROM (SELECT n.* FROM unnest({{}}::bigint[], {{}}::text[]) AS w (id, facts) JOIN ticket t ON t.id = w.id
          CROSS JOIN LATERAL jsonb_populate_record(t, w.facts::jsonb) n WHERE t.organization = {{}}) n
    WHERE ticket.id = n.id RETURNING ticket.id, to_jsonb(ticket) AS whole"""  # noqa: S608
DONE = """
    SELECT id, subject_id, data FROM activity
    WHERE organization = {} AND subject_kind = 'ticket' AND data ->> 'batch' = {} AND NOT data ? 'undone'
    ORDER BY subject_id LIMIT {}"""
UNDONE = """UPDATE activity SET data = data || jsonb_build_object('undone', true) WHERE id = ANY({})"""


class Changed(NamedTuple):
    """How many changed, how many were so already, how many cannot be changed, and the name to take it back by."""

    changed: int
    same: int
    refused: int
    batch: str


Facts = dict[str, Any]
Wish = Callable[[Facts], Facts | None]  # the columns of a ticket afterwards; None where it cannot be


async def assign(organization: Organization, tickets: QueryString, person: User | None, by: Visitor) -> Changed:
    """Give them to somebody of the team, or to nobody."""
    title = f"Assigned to {(person.name or person.email) if person else 'nobody'}"
    to = {"assignee": person.id if person else None}
    return await _change(organization, tickets, "assigned", title, lambda ticket: to, by)


async def set_status(
    organization: Organization, tickets: QueryString, status: str, by: Visitor, now: datetime
) -> Changed:
    """Move them on; merged ones stay as they are. Nobody is written to."""
    if status not in set(TicketStatus):
        raise Invalid({"status": "Choose a status."}, "Choose a status. Nothing was changed.")
    promises = await due.load(organization)

    def wish(ticket: Facts) -> Facts | None:
        if ticket["merged_into"]:
            return None
        return {} if ticket["status"] == status else work.course(promises, ticket, status, now)

    return await _change(organization, tickets, status, work.DID[status], wish, by)


async def tag(
    organization: Organization, tickets: QueryString, tag: Facts, by: Visitor, *, off: bool = False
) -> Changed:
    """Put a tag on them, or take it off. `tag` has its id and name."""

    def wish(ticket: Facts) -> Facts:
        tags = set(ticket["tags"])
        return {"tags": sorted(tags - {tag["id"]} if off else tags | {tag["id"]})}

    title = f"Tag {tag['name']} {'removed' if off else 'added'}"
    return await _change(organization, tickets, "tagged", title, wish, by)


async def take_back(organization: Organization, batch: str, by: Visitor) -> tuple[int, int]:
    """How many are as they were before, and how many have changed since and were left alone."""
    back = since = 0
    while True:
        async with transaction():
            lines = await rows(DONE, organization.id, batch, listing.BATCH)
            if not lines:
                break
            held = {each["id"]: each for each in await _hold(organization, [line["subject_id"] for line in lines])}
            before = {
                line["subject_id"]: line["data"]["before"]
                for line in lines
                if line["subject_id"] in held and _is(held[line["subject_id"]], line["data"]["after"])
            }
            await _write(organization, before)
            await activity.record_all(
                organization, "ticket", [(id, {}) for id in before], "undone", "Taken back for many", by=by
            )
            await rows(UNDONE, [line["id"] for line in lines])
        back, since = back + len(before), since + len(lines) - len(before)
    return back, since


async def _change(
    organization: Organization, tickets: QueryString, verb: str, title: str, wish: Wish, by: Visitor
) -> Changed:
    batch, changed, same, refused = secrets.token_urlsafe(12), 0, 0, 0
    async for ids in listing.batches(organization, tickets):
        async with transaction():
            wanted: dict[int, Facts] = {}
            before: dict[int, Facts] = {}
            for ticket in await _hold(organization, ids):
                to = wish(ticket)
                if to is None:
                    refused += 1
                    continue
                differs = {name: plain(value) for name, value in to.items() if ticket[name] != value}
                same += not differs
                if differs:
                    wanted[ticket["id"]] = differs
                    before[ticket["id"]] = {name: ticket["whole"][name] for name in differs}
            after = await _write(organization, wanted)
            lines = [
                (id, {"batch": batch, "before": before[id], "after": {name: after[id][name] for name in wanted[id]}})
                for id in wanted
            ]
            await activity.record_all(organization, "ticket", lines, verb, title, by=by)
        changed += len(wanted)
    return Changed(changed, same, refused, batch)


async def _hold(organization: Organization, ids: list[int]) -> list[Facts]:
    return await rows(HOLD, organization.id, ids)


async def _write(organization: Organization, facts: dict[int, Facts]) -> dict[int, Facts]:
    """These columns of each ticket; the tickets afterwards."""
    if not facts:
        return {}
    found = await rows(WRITE, list(facts), [json.dumps(each) for each in facts.values()], organization.id)
    await follow(organization, list(facts))
    await told(organization)
    return {each["id"]: each["whole"] for each in found}


def _is(ticket: Facts, after: Facts) -> bool:
    return all(ticket["whole"][name] == value for name, value in after.items())
