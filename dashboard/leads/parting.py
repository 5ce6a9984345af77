"""Two leads that were merged are parted again, for 30 days, exactly as they were. What came after the merge stays with
the lead that stayed."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.leads import references, stages
from dashboard.leads.merging import CHOICES, Side, exchange, locked, who
from dashboard.leads.pairing import look
from dashboard.leads.tables import Merge

UNDO = timedelta(days=30)
TAKEN = "SELECT 1 AS one FROM lead WHERE organization = {} AND email_normalized = {} AND id <> ALL({})"
BACK = "UPDATE lead SET deleted_at = NULL, merged_into = NULL WHERE id = {}"
PART = "UPDATE lead SET merged_into = {} WHERE organization = {} AND id = ANY({}) AND merged_into = {}"
UNDONE = "UPDATE lead_merge SET undone_at = {} WHERE organization = {} AND id = {} AND undone_at IS NULL RETURNING id"

OPEN = "SELECT id FROM lead_merge WHERE organization = {} AND id = ANY({}) AND undone_at IS NULL AND created_at >= {}"


async def undoable(organization: Organization, merges: list[int], now: datetime) -> set[int]:
    """Which of these merges were not undone yet and are young enough to be."""
    return {each["id"] for each in await rows(OPEN, organization.id, merges, now - UNDO)} if merges else set()


async def part(organization: Organization, id: int, now: datetime, by: Visitor) -> Merge:
    """Undo a merge: both are as they were, and what had followed goes back. Repeating it changes nothing. Conflict
    after 30 days, when one was forgotten, or when the whole was merged further: that merge has to be undone first."""
    async with transaction():
        made = await Merge.get_of(organization, id) if id < 2**63 else None
        if made is None:
            raise NotFound()
        winner, loser = await locked(organization, made.winner, made.loser)
        if winner["erased_at"] or loser["erased_at"]:
            raise Conflict("This person was forgotten since. There is nothing to part any more.")
        if now - made.created_at > UNDO:
            raise Conflict("Merging can be undone for 30 days. Nothing was changed.")
        if not await rows(UNDONE, now, organization.id, id):
            return await Merge.get_of(organization, id)
        if loser["merged_into"] != winner["id"]:
            raise Conflict("This lead was merged into another one since. Undo that first. Nothing was changed.")
        moved: Any = made.moved
        await rows(BACK, loser["id"])
        await _bring_back(organization, moved, winner["id"], loser["id"])
        await _restore(organization, winner, loser, made)
        await stages.keep(organization, [winner["id"], loser["id"]])
        for id_of, title in ((winner, f"parted {who(loser)} from this lead"), (loser, f"parted it from {who(winner)}")):
            await activity.record(organization, "lead", id_of["id"], "merge_undone", title, by=by)
        await activity.changed(organization, "leads")
    await look(organization.id, [winner["id"], loser["id"]])  # they may look alike again, and somebody should decide
    return await Merge.get_of(organization, id)


async def _bring_back(organization: Organization, moved: dict[str, list[int]], winner: int, loser: int) -> None:
    """Of the rows that had followed, those that are still there and still the winner's."""
    await rows(PART, loser, organization.id, moved.get("lead.merged_into", []), winner)
    for reference in references.following():
        if ids := moved.get(reference.place):
            await rows(
                f'UPDATE "{reference.table}" t SET "{reference.column}" = {{}} '  # noqa: S608 – names of our tables
                f'WHERE t.organization = {{}} AND t.id = ANY({{}}) AND t."{reference.column}" = {{}}',
                loser, organization.id, ids, winner,
            )  # fmt: skip


async def _restore(organization: Organization, winner: Side, loser: Side, made: Merge) -> None:
    """The winner's columns as they were, but for what somebody has changed since; the loser's own address."""
    stored: Any = (made.before, made.after)
    before, after, address = stored[0]["winner"], stored[1]["winner"], stored[0]["loser"]
    facts: Side = {"scored_at": before["scored_at"] if winner["scored_at"] == after["scored_at"] else None}
    for columns in (*CHOICES.values(), ("last_contact_at",), ("created_at",)):
        if all(winner[name] == after[name] for name in columns):
            facts |= {name: before[name] for name in columns}
    added = [tag for tag in after["tags"] if tag not in before["tags"]]
    facts["tags"] = [tag for tag in winner["tags"] if tag not in added]
    facts["contacts"] = max(0, winner["contacts"] - (after["contacts"] - before["contacts"]))
    untouched = {key for key, value in after["attributes"].items() if winner["attributes"].get(key) == value}
    facts["attributes"] = {key: value for key, value in winner["attributes"].items() if key not in untouched} | {
        key: value for key, value in before["attributes"].items() if key in untouched
    }
    taken = await row(TAKEN, organization.id, address["email_normalized"], [winner["id"], loser["id"]])
    if taken or ("email" not in facts and winner["email_normalized"] == address["email_normalized"] is not None):
        raise Conflict(f"Another lead has {address['email']} now. Nothing was changed.")
    await exchange(organization, winner["id"], facts, loser["id"], address)
