"""Money spent, entered by hand: written, changed, taken away, and each of it back again. Who did it and how it was
before stands on the cost's own timeline."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, NotFound
from dashboard.formats import money as as_money
from dashboard.payments.tables import CostKind

FIELDS = ("amount", "currency", "spent_on", "source", "campaign", "note")
ADD = """
    INSERT INTO cost (organization, kind, key, by, amount, currency, spent_on, source, campaign, note, created_at)
    VALUES ({}, 'hand', {}, {}, {}, {}, {}, {}, {}, {}, now())
    ON CONFLICT (organization, key) WHERE key IS NOT NULL DO NOTHING RETURNING id"""
LOCK = """
    SELECT id, kind, amount, currency, spent_on, source, campaign, note, withdrawn_at FROM cost
    WHERE organization = {} AND id = {} FOR UPDATE"""
WRITE = """
    UPDATE cost SET amount = {}, currency = {}, spent_on = {}::text::date, source = {}, campaign = {}, note = {}
    WHERE organization = {} AND id = {}"""
MOVE = "UPDATE cost SET withdrawn_at = {} WHERE organization = {} AND id = {}"
DONE = """
    SELECT data FROM activity
    WHERE organization = {} AND data ->> 'batch' = {} AND subject_kind = 'cost' AND subject_id = {}"""
LIST = """
    SELECT c.id, c.kind, c.amount, c.currency, c.spent_on, c.source, c.note, k.name AS campaign, u.name AS by_name
    FROM cost c LEFT JOIN campaign k ON k.id = c.campaign AND k.organization = c.organization
    LEFT JOIN app_user u ON u.id = c.by
    WHERE c.organization = {} AND c.withdrawn_at IS NULL AND ({} = 0 OR (c.spent_on, c.id) < (
        SELECT x.spent_on, x.id FROM cost x WHERE x.organization = {} AND x.id = {}))
    ORDER BY c.spent_on DESC, c.id DESC LIMIT {}"""
SOURCES = (
    "SELECT source FROM cost WHERE organization = {} AND source <> '' GROUP BY 1 ORDER BY max(spent_on) DESC LIMIT 20"
)


class Spent(NamedTuple):
    """What a cost says: minor units of the currency, the day, and what it was spent on."""

    amount: int
    currency: str
    spent_on: date
    source: str
    campaign: int | None
    note: str


async def listed(organization: Organization, after: int, size: int) -> list[dict[str, Any]]:
    """Costs that count, newest first; at most one more than `size`. `after` is the id the page begins behind, 0 for the
    first page."""
    return await rows(LIST, organization.id, after, organization.id, after, size + 1)


async def sources(organization: Organization) -> list[str]:
    """What costs were spent on lately, to choose from."""
    return [each["source"] for each in await rows(SOURCES, organization.id)]


async def add(organization: Organization, spent: Spent, once: str, by: Visitor) -> int | None:
    """Enter a cost; its id, None when this form's cost is there already."""
    values = (spent.amount, spent.currency, spent.spent_on, spent.source, spent.campaign, spent.note)
    async with transaction():
        kept = await row(ADD, organization.id, f"hand:{once}", by.id, *values)
        if not kept:
            return None
        id: int = kept["id"]
        title = f"Cost of {as_money(spent.amount, spent.currency)} entered"
        await activity.record(organization, "cost", id, "entered", title, by=by, detail=spent.note)
    return id


async def change(organization: Organization, id: int, spent: Spent, by: Visitor) -> str:
    """Give a cost that was entered by hand other facts; the name under which that can be taken back, "" when nothing
    differs."""
    batch = secrets.token_urlsafe(12)
    async with transaction():
        before = _facts(await _locked(organization, id))
        after = _facts(spent._asdict())
        names = [name for name in FIELDS if before[name] != after[name]]
        if not names:
            return ""
        await _write(organization, id, after)
        data = {"batch": batch, "from": {n: before[n] for n in names}, "to": {n: after[n] for n in names}}
        title = f"Cost of {as_money(spent.amount, spent.currency)} changed"
        await activity.record(organization, "cost", id, "changed", title, by=by, detail=spent.note, data=data)
    return batch


async def reverse(organization: Organization, id: int, batch: str, by: Visitor) -> bool:
    """Take one change back; False when it has changed since."""
    async with transaction():
        now = _facts(await _locked(organization, id))
        made = await row(DONE, organization.id, batch, id)
        if made is None:
            raise NotFound("There is no such change.")
        if any(now[name] != value for name, value in made["data"]["to"].items()):
            return False
        await _write(organization, id, now | made["data"]["from"])
        await activity.record(organization, "cost", id, "undone", "The last change was taken back", by=by)
    return True


async def withdraw(organization: Organization, id: int, by: Visitor, now: datetime | None) -> None:
    """Take a cost out of every figure; without a time, bring it back. Repeating it changes nothing."""
    async with transaction():
        found = await _locked(organization, id)
        if (found["withdrawn_at"] is None) is (now is None):
            return
        await rows(MOVE, now, organization.id, id)
        verb, title = ("withdrawn", "Cost deleted") if now else ("restored", "Cost brought back")
        await activity.record(organization, "cost", id, verb, title, by=by, detail=found["note"])


async def find(organization: Organization, id: int) -> dict[str, Any]:
    """One cost that counts, or NotFound."""
    found = await row(LOCK.removesuffix(" FOR UPDATE"), organization.id, id) if 0 < id < 2**63 else None
    if found is None or found["withdrawn_at"]:
        raise NotFound("There is no such cost.")
    return found


async def _locked(organization: Organization, id: int) -> dict[str, Any]:
    found = await row(LOCK, organization.id, id) if 0 < id < 2**63 else None
    if found is None:
        raise NotFound("There is no such cost.")
    if found["kind"] == CostKind.ai:
        raise Conflict("Machines book this cost as they work. Nothing was changed.")
    return found


def _facts(cost: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has them."""
    return {name: str(cost[name]) if name == "spent_on" else cost[name] for name in FIELDS}


async def _write(organization: Organization, id: int, facts: Mapping[str, Any]) -> None:
    await rows(WRITE, *[facts[name] for name in FIELDS], organization.id, id)
