"""Changing the stages in Settings. An organization gets rows of its own with its first change; the key of a stage never
changes, so leads stay where they are."""

import re

from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, serialize, transaction
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.leads.stages import FIRST, LOCK, USUAL, Step, steps
from dashboard.leads.tables import Stage, StageKind

MOST = 20
TONES = (
    ("info", "Blue"), ("positive", "Green"), ("warning", "Amber"), ("danger", "Red"), ("pending", "Hollow"),
    ("neutral", "Grey"),
)  # fmt: skip
KINDS = (("open", "Open"), ("won", "Won"), ("lost", "Lost"))
IN_IT = "SELECT 1 FROM lead WHERE organization = {} AND stage = {} AND deleted_at IS NULL LIMIT 1"
# A lead that was deleted or merged can come back; it begins anew then.
NOT_SHOWN = (
    "UPDATE lead SET stage = {}, stage_at = NULL WHERE organization = {} AND stage = {} AND deleted_at IS NOT NULL"
)


async def add(organization: Organization, name: str, kind: str, tone: str, by: Visitor) -> Step:
    """One more stage, in front of the ones that end a deal when it is open, else at the end."""
    name = _name(name)
    if kind not in StageKind.__members__:
        raise Invalid({"kind": "Choose a kind."})
    async with transaction():
        known = await _own(organization)
        _free(known, name)
        if len(known) >= MOST:
            raise Invalid({"name": f"There are {MOST} stages already."})
        made = Step(_key(name, {step.key for step in known}), name, kind, _tone(tone))
        at = (
            next((n for n, step in enumerate(known) if step.kind != "open"), len(known))
            if kind == "open"
            else len(known)
        )
        await Stage(
            organization=organization.id, key=made.key, name=name, kind=kind, tone=made.tone, position=len(known)
        ).save()
        await _arrange(organization, [*known[:at], made, *known[at:]])
        await _said(organization, f"Stage {name} added", by)
    return made


async def change(organization: Organization, key: str, name: str, tone: str, by: Visitor) -> None:
    """Another name or colour. What a stage is (open, won, lost) stays, because leads were counted by it."""
    name = _name(name)
    async with transaction():
        known = await _own(organization)
        old = _find(known, key)
        _free([step for step in known if step.key != key], name)
        if (old.name, old.tone) == (name, _tone(tone)):
            return
        await Stage.update({Stage.name: name, Stage.tone: _tone(tone)}).where(*_this(organization, key))
        title = f"Stage {old.name} renamed to {name}" if old.name != name else f"Stage {name} changed"
        await _said(organization, title, by)


async def shift(organization: Organization, key: str, step: int, by: Visitor) -> None:
    """One place to the left (-1) or to the right (1)."""
    async with transaction():
        known = await _own(organization)
        found = _find(known, key)
        at = known.index(found)
        to = max(0, min(len(known) - 1, at + step))
        if to == at:
            return
        known.insert(to, known.pop(at))
        await _arrange(organization, known)
        await _said(organization, f"Stage {found.name} moved", by)


async def remove(organization: Organization, key: str, by: Visitor) -> None:
    """Remove a stage nobody is in; Conflict where it is needed."""
    async with transaction():
        known = await _own(organization)
        found = next((step for step in known if step.key == key), None)
        if found is None:
            return
        if key == FIRST:
            raise Conflict(f"New leads begin in {found.name}; it stays. You can rename it. Nothing was changed.")
        if found.kind != "open" and [step.kind for step in known].count(found.kind) == 1:
            raise Conflict(f"One stage that means {found.kind} is needed. Nothing was changed.")
        if await row(IN_IT, organization.id, key):
            raise Conflict(f"There are leads in {found.name}. Move them first. Nothing was changed.")
        await rows(NOT_SHOWN, FIRST, organization.id, key)
        await Stage.delete().where(*_this(organization, key))
        await _said(organization, f"Stage {found.name} removed", by)


async def _own(organization: Organization) -> list[Step]:
    """The stages, as rows of the organization, and nobody else changes them until this transaction ends."""
    await serialize(LOCK.format(organization.id))
    if not await Stage.exists().where(Stage.organization == organization.id):
        await Stage.insert(
            *(
                Stage(organization=organization.id, key=s.key, name=s.name, kind=s.kind, tone=s.tone, position=n)
                for n, s in enumerate(USUAL)
            )
        )
    return await steps(organization)


async def _arrange(organization: Organization, ordered: list[Step]) -> None:
    for position, step in enumerate(ordered):
        await Stage.update({Stage.position: position}).where(*_this(organization, step.key))


def _this(organization: Organization, key: str):
    return Stage.organization == organization.id, Stage.key == key


def _find(known: list[Step], key: str) -> Step:
    found = next((step for step in known if step.key == key), None)
    if found is None:
        raise NotFound("There is no such stage.")
    return found


def _free(others: list[Step], name: str) -> None:
    if name.casefold() in {step.name.casefold() for step in others}:
        raise Invalid({"name": "There is a stage with this name already."})


def _name(typed: str) -> str:
    name = line(typed, 60)
    if not name:
        raise Invalid({"name": "Give the stage a name."})
    return name


def _tone(typed: str) -> str:
    return typed if typed in dict(TONES) else "info"


def _key(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30] or "stage"
    return next(key for n in range(1, 100) if (key := plain if n == 1 else f"{plain}_{n}") not in taken)


async def _said(organization: Organization, title: str, by: Visitor) -> None:
    await activity.record(organization, "organization", organization.id, "settings", title, by=by)
