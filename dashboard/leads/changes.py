"""The one place that changes the fields of one lead. Each change stands on the timeline with how it was before, so that
it can be taken back; what has changed since then stays."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.leads import stages

Facts = Mapping[str, Any]  # columns of the lead, as JSON has them
FIELDS = (
    "email", "email_normalized", "name", "company", "phone", "phone_normalized", "stage", "stage_at", "source", "owner",
    "value", "currency", "expected_close", "tags", "attributes", "last_contact_at", "contacts", "remind_at", "remind",
    "won_at", "won_amount", "won_currency", "lost_at", "lost_reason", "deleted_at",
)  # fmt: skip
LOCK = """
    SELECT to_jsonb(l) - 'search' AS lead FROM lead l
    WHERE organization = {} AND id = {} AND merged_into IS NULL AND erased_at IS NULL AND (deleted_at IS NULL OR {})
    FOR UPDATE"""
DONE = """
    SELECT verb, data FROM activity
    WHERE organization = {} AND data ->> 'batch' = {} AND subject_kind = 'lead' AND subject_id = {}"""


class Changed(NamedTuple):
    """Whether anything was changed, and the name under which it can be taken back."""

    done: bool
    batch: str


class Reversed(NamedTuple):
    """Whether a change was taken back, and if not, whether that is because others came after it."""

    done: bool
    since: bool = False


async def change(
    organization: Organization, id: int, facts: Facts | Callable[[dict[str, Any]], Facts], verb: str, title: str, *,
    by: Visitor, detail: str = "", once: str = "", deleted: bool = False,
) -> Changed:  # fmt: skip
    """Give columns of a lead other values, and say so on its timeline; NotFound for a lead that is not there. `facts`
    may be a function of the row as it is, which then is locked. Nothing differs: nothing happens. `once`, a form's own
    word, makes two clicks one where the same values would be a change again."""
    batch = once or secrets.token_urlsafe(12)
    async with transaction():
        before = await locked(organization, id, deleted=deleted)
        if once and await row(DONE, organization.id, batch, id):
            return Changed(False, batch)
        wanted = facts(before) if callable(facts) else facts
        after = await _write(organization, id, wanted)
        names = [name for name in wanted if before[name] != after[name]] if after else []
        if not after or not names:
            return Changed(False, batch)
        data = {"batch": batch, "from": {n: before[n] for n in names}, "to": {n: after[n] for n in names}}
        await activity.record(organization, "lead", id, verb, title, by=by, detail=detail, data=data)
    return Changed(True, batch)


async def reverse(organization: Organization, id: int, batch: str, by: Visitor) -> Reversed:
    """Take one change back, once, unless one of its columns has changed since."""
    async with transaction():
        now = await locked(organization, id, deleted=True)
        made = await row(DONE, organization.id, batch, id)
        if made is None or not isinstance(made["data"].get("from"), dict):
            raise NotFound("There is no such change.")
        if await row(DONE, organization.id, f"undo:{batch}", id):
            return Reversed(False)
        old, new = made["data"]["from"], made["data"]["to"]
        if any(now[name] != value for name, value in new.items()):
            return Reversed(False, since=True)
        await _write(organization, id, old)
        data = {"batch": f"undo:{batch}"}
        await activity.record(organization, "lead", id, "undone", "took the last change back", by=by, data=data)
    return Reversed(True)


async def locked(organization: Organization, id: int, *, deleted: bool = False) -> dict[str, Any]:
    """The lead as it is, until the end of this transaction; NotFound for one that is not shown."""
    found = await row(LOCK, organization.id, id, deleted) if id < 2**63 else None
    if found is None:
        raise NotFound("There is no lead at this address.")
    return found["lead"]


async def _write(organization: Organization, id: int, facts: Facts) -> dict[str, Any] | None:
    """The row after it got these values; None when it has them already. The score is computed anew."""
    names = [name for name in FIELDS if name in facts]
    assert len(names) == len(facts), set(facts) - set(names)
    if not names:
        return None
    ours, theirs = ", ".join(f"lead.{n}" for n in names), ", ".join(f"wanted.{n}" for n in names)
    sets = ", ".join(f"{n} = wanted.{n}" for n in names)
    found = await row(
        f"UPDATE lead SET {sets}, scored_at = NULL FROM jsonb_populate_record(NULL::lead, {{}}) wanted "  # noqa: S608
        f"WHERE lead.organization = {{}} AND lead.id = {{}} AND ROW({ours}) IS DISTINCT FROM ROW({theirs}) "
        "RETURNING to_jsonb(lead) - 'search' AS lead",
        dict(facts), organization.id, id,
    )  # fmt: skip
    if found and "stage" in names and await stages.keep(organization, [id]):
        raise Conflict("That stage was removed meanwhile. Nothing was changed.")
    return found["lead"] if found else None


# ── what is changed ──


async def give_owner(organization: Organization, id: int, person: int | None, name: str, by: Visitor) -> Changed:
    """Make somebody of the team the owner, or nobody. Who may own is the caller's to check."""
    title = "took the lead" if person == by.id else f"gave the lead to {name}" if person else "made it nobody’s lead"
    return await change(organization, id, {"owner": person}, "assigned", title, by=by)


async def set_tags(
    organization: Organization, id: int, *, add: Mapping[int, str], remove: Mapping[int, str], by: Visitor
) -> Changed:
    """Put tags on and take tags off, by id with their names; others stay. Whose tags they are is the caller's to
    check."""
    said = [f"added {', '.join(add.values())}"] * bool(add) + [f"removed {', '.join(remove.values())}"] * bool(remove)

    def tags(before: dict[str, Any]) -> Facts:
        kept = [tag for tag in before["tags"] if tag not in remove]
        return {"tags": kept + [tag for tag in add if tag not in kept]}

    detail = "; ".join(said)
    detail = detail[:1].upper() + detail[1:]
    return await change(organization, id, tags, "tagged", "changed the tags", by=by, detail=detail)


async def remind(
    organization: Organization, id: int, at: datetime | None, whom: int | None, detail: str, by: Visitor
) -> Changed:
    """Show the lead on Today from a moment on, to one person or to everybody; None forgets it."""
    facts = {"remind_at": at.isoformat() if at else None, "remind": whom if at else None}
    title = "set a reminder" if at else "ticked the reminder off"
    return await change(organization, id, facts, "reminder", title, by=by, detail=detail)


async def contacted(
    organization: Organization, id: int, how: str, at: datetime, said: str, once: str, by: Visitor
) -> Changed:
    """Count that somebody wrote, called or met."""

    def facts(before: dict[str, Any]) -> Facts:
        last = before["last_contact_at"]
        newest = max(at, datetime.fromisoformat(last)) if last else at
        return {"contacts": before["contacts"] + 1, "last_contact_at": newest.isoformat()}

    return await change(organization, id, facts, "contacted", how, by=by, detail=said, once=once)


async def delete(organization: Organization, id: int, now: datetime, by: Visitor) -> Changed:
    """Take the lead away from every page; it can come back for 30 days (`bring_back`)."""

    def facts(before: dict[str, Any]) -> Facts:
        return {} if before["deleted_at"] else {"deleted_at": now.isoformat()}

    return await change(organization, id, facts, "deleted", "deleted the lead", by=by, deleted=True)


async def bring_back(organization: Organization, id: int, by: Visitor) -> Changed:
    """A lead that was deleted is on every page again; one that is there stays as it is. NotFound for one that was
    merged or forgotten."""
    return await change(
        organization, id, {"deleted_at": None}, "brought_back", "brought the lead back", by=by, deleted=True
    )
