"""Two leads become one, in one transaction; parting.py is the way back.

Everything that belongs to the one that goes follows (references.py); which rows those were is kept with the merge."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.leads import references
from dashboard.leads.references import Reference
from dashboard.leads.tables import Merge

# What a person chooses between: the columns that go together.
CHOICES = {
    "name": ("name",),
    "company": ("company",),
    "email": ("email", "email_normalized"),
    "phone": ("phone", "phone_normalized"),
    "stage": ("stage", "stage_at", "won_at", "won_amount", "won_currency", "lost_at", "lost_reason"),
    "owner": ("owner",),
    "value": ("value", "currency"),
    "expected_close": ("expected_close",),
    "source": ("source", "source_data"),
    "reminder": ("remind_at", "remind"),
}
ATTRIBUTE = "attribute-"  # then its key: one choice for each of the organization's own questions
TOGETHER = ("tags", "attributes", "contacts", "last_contact_at", "created_at")  # kept from both
Side = dict[str, Any]  # a row of lead as JSON has it

LOCK = """
    SELECT to_jsonb(l) - 'search' AS lead FROM lead l WHERE l.organization = {} AND l.id = ANY({}) ORDER BY l.id
    FOR UPDATE"""
WRITE = """
    UPDATE lead SET {names} FROM jsonb_populate_record(NULL::lead, {{}}) wanted
    WHERE lead.organization = {{}} AND lead.id = {{}}"""
GONE = "UPDATE lead SET deleted_at = {}, merged_into = {} WHERE id = {}"
FLATTEN = "UPDATE lead SET merged_into = {} WHERE organization = {} AND merged_into = {} RETURNING id"
FORGET_PAIRS = "DELETE FROM lead_pair WHERE low = {} OR high = {}"


async def merge(
    organization: Organization, winner: int, loser: int, chosen: Mapping[str, str], now: datetime, by: Visitor
) -> Merge:
    """`loser` becomes part of `winner`. `chosen` names for a choice (CHOICES, or attribute-…) whose value is kept:
    "winner" or "loser"; without, the winner's where it has one. Conflict when one of them was merged or deleted
    meanwhile."""
    if winner == loser:
        raise Conflict("A lead cannot be merged with itself. Nothing was changed.")
    async with transaction():
        ours, theirs = await _pair(organization, winner, loser)
        facts = kept(ours, theirs, chosen)
        old = {name: theirs[name] for name in CHOICES["email"]}
        swapped = facts["email_normalized"] != ours["email_normalized"]
        left = {name: ours[name] for name in old} if swapped else old
        await rows(GONE, now, winner, loser)
        flattened = [each["id"] for each in await rows(FLATTEN, winner, organization.id, loser)]
        moved = await _move(loser) | ({"lead.merged_into": flattened} if flattened else {})
        await exchange(organization, winner, facts, loser, left)
        await rows(FORGET_PAIRS, loser, loser)
        made = Merge(
            organization=organization.id, winner=winner, loser=loser, by=by.id, moved=moved,
            before={"winner": {name: ours[name] for name in facts}, "loser": old}, after={"winner": facts},
        )  # fmt: skip
        await made.save()
        await activity.record(
            organization, "lead", winner, "merged", f"merged {who(theirs)} into this lead", by=by,
            detail=theirs["email"], data={"merge": made.id},
        )  # fmt: skip
        await activity.changed(organization, "leads")
    return made


async def gather() -> int:
    """Rows that reached a lead while it was being merged follow it; how many. For the nightly job."""
    return sum(len(ids) for ids in (await _move()).values())


def kept(ours: Side, theirs: Side, chosen: Mapping[str, str]) -> Side:
    """The winner's columns after the merge."""
    facts: Side = {}
    for choice, columns in CHOICES.items():
        side = theirs if takes(choice, ours, theirs, chosen) else ours
        facts |= {column: side[column] for column in columns}
    both = theirs["attributes"] | ours["attributes"]
    for key in both:
        if takes(ATTRIBUTE + key, ours, theirs, chosen) and key in theirs["attributes"]:
            both[key] = theirs["attributes"][key]
    contacts = [side["last_contact_at"] for side in (ours, theirs) if side["last_contact_at"]]
    return facts | {
        "tags": ours["tags"] + [tag for tag in theirs["tags"] if tag not in ours["tags"]],
        "attributes": both,
        "contacts": ours["contacts"] + theirs["contacts"],
        "last_contact_at": max(contacts, key=datetime.fromisoformat) if contacts else None,
        "created_at": min(ours["created_at"], theirs["created_at"], key=datetime.fromisoformat),
        "scored_at": None,
    }


def value(side: Side, choice: str) -> Any:
    """What a lead has for a choice; falsy where it has nothing."""
    if choice.startswith(ATTRIBUTE):
        return side["attributes"].get(choice.removeprefix(ATTRIBUTE))
    return side[CHOICES[choice][0]]


def takes(choice: str, ours: Side, theirs: Side, chosen: Mapping[str, str]) -> bool:
    """Whether the other one's value is kept."""
    empty = value(ours, choice) in (None, "", 0) and value(theirs, choice) not in (None, "", 0)
    return {"winner": False, "loser": True}.get(chosen.get(choice, ""), empty)


async def _pair(organization: Organization, winner: int, loser: int) -> tuple[Side, Side]:
    """Both leads, locked until the end of this transaction; only one of two people merging at once gets here first."""
    ours, theirs = await locked(organization, winner, loser)
    for side in (ours, theirs):
        if side["merged_into"]:
            raise Conflict(f"{who(side)} was merged by somebody meanwhile. Nothing was changed.")
        if side["deleted_at"] or side["erased_at"]:
            raise Conflict(f"{who(side)} was deleted meanwhile. Nothing was changed.")
    return ours, theirs


async def locked(organization: Organization, winner: int, loser: int) -> tuple[Side, Side]:
    sides = {side["lead"]["id"]: side["lead"] for side in await rows(LOCK, organization.id, [winner, loser])}
    if len(sides) != 2:
        raise NotFound("There is no lead at this address.")
    return sides[winner], sides[loser]


async def _move(loser: int | None = None) -> dict[str, list[int]]:
    """Everything that belongs to a merged lead, or to any, belongs to the one that took it in; by place the ids of the
    rows. What that one has already, and may have only once, stays where it was."""
    unique, moved = await references.unique(), {}
    which = " AND l.id = {}" if loser is not None else ""
    for reference in references.following():
        sql = _moving(reference, unique.get(reference.place, [])) + which + " RETURNING t.id"
        if found := await rows(sql, *[loser] * bool(which)):
            moved[reference.place] = [each["id"] for each in found]
    return moved


def _moving(reference: Reference, unique: list[list[str]]) -> str:
    table, column = reference.table, reference.column
    once = ""
    for beside in unique:
        same = "".join(f' AND o."{name}" IS NOT DISTINCT FROM t."{name}"' for name in beside)
        once += f' AND NOT EXISTS (SELECT FROM "{table}" o WHERE o."{column}" = l.merged_into{same})'
    return (
        f'UPDATE "{table}" t SET "{column}" = l.merged_into FROM lead l WHERE {reference.condition}t."{column}" = l.id '  # noqa: S608
        f"AND t.organization = l.organization AND l.merged_into IS NOT NULL{once}"
    )


async def exchange(organization: Organization, winner: int, facts: Side, loser: int, left: Side) -> None:
    """Write both. Addresses are unique, so the loser lets go of its own first."""
    await _write(organization, loser, {"email_normalized": None})
    await _write(organization, winner, facts)
    await _write(organization, loser, left)


async def _write(organization: Organization, id: int, facts: Side) -> None:
    names = ", ".join(f"{name} = wanted.{name}" for name in facts)
    await rows(WRITE.format(names=names), facts, organization.id, id)


def who(side: Side) -> str:
    """What to call a lead."""
    return side["name"] or side["company"] or side["email"] or "a nameless lead"
