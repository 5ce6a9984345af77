"""The journal against the provider's own books, by day and currency.

A charge, refund or dispute is compared on the day the journal has it; what the journal lacks, on the day of the books.
The last hour is left out: its events may still be on their way."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows, transaction
from dashboard.formats import end_of_day, local_day, start_of_day
from dashboard.payments.tables import Reconciliation

ON_ITS_WAY = timedelta(hours=1)
RECENT = timedelta(days=7)  # days that are compared again each time
OPEN = timedelta(days=400)  # how long a difference is looked at again

OURS = """
    SELECT id, kind, key, charge, payment_intent, invoice, amount, currency, provisional, fee, occurred_at
    FROM payment WHERE organization = {} AND provider = 'stripe' AND kind <> 'failure' AND """
WITHIN = OURS + "occurred_at >= {} AND occurred_at < {} ORDER BY occurred_at, id"
# One arm for each name a line may be found by, because each has its own index.
NAMED = f"""
    {OURS} key = ANY({{}}) UNION {OURS} kind = 'charge' AND payment_intent <> '' AND payment_intent = ANY({{}})
    UNION {OURS} charge <> '' AND charge = ANY({{}}) AND (kind = 'charge' OR provisional)"""

# Whole objects: a charge, refund or dispute with all lines of the books about it, whenever they were written.
THEIRS = """
    SELECT kind, source, currency, max(charge) AS charge, max(payment_intent) AS payment_intent,
           sum(amount)::bigint AS amount, bool_or(amount IS NULL) AS unclear, sum(fee)::bigint AS fee,
           sum(settled)::bigint AS settled, max(settled_currency) AS settled_currency, max(rate) AS rate,
           min(occurred_at) AS occurred_at
    FROM balance_line WHERE organization = {} AND kind <> '' AND source IN (
        SELECT source FROM balance_line
        WHERE organization = {} AND kind <> '' AND occurred_at >= {} AND occurred_at < {}
        UNION SELECT unnest({}::text[])
        UNION SELECT source FROM balance_line WHERE organization = {} AND charge = ANY({}) AND charge <> ''
        UNION SELECT source FROM balance_line
            WHERE organization = {} AND payment_intent = ANY({}) AND payment_intent <> '')
    GROUP BY kind, source, currency ORDER BY min(occurred_at), source"""

KEEP = """
    INSERT INTO reconciliation (organization, day, currency, ours, theirs, offending, checked_at, created_at)
    VALUES ({}, {}, {}, {}, {}, {}, {}, {})
    ON CONFLICT (organization, day, currency) DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs,
        offending = excluded.offending, checked_at = excluded.checked_at"""
DROP = "DELETE FROM reconciliation WHERE organization = {} AND day = {} AND NOT currency = ANY({}::text[])"
DAYS = f"""
    SELECT DISTINCT (occurred_at AT TIME ZONE {{}})::date AS day FROM (
        {OURS} occurred_at >= {{}} UNION {NAMED}
    ) line UNION SELECT day FROM reconciliation WHERE organization = {{}} AND day >= {{}} AND offending <> '[]'::jsonb
    ORDER BY 1"""  # noqa: S608 – made of names in this file
INTENTS = "SELECT DISTINCT payment_intent FROM balance_line WHERE organization = {} AND kind <> '' AND source = ANY({})"


@dataclass
class Compared:
    """One day and currency, in minor units. `offending` says what differs and why."""

    ours: int = 0
    theirs: int = 0
    offending: list[dict[str, Any]] = field(default_factory=list)


async def days_to_compare(organization: Organization, changed: list[dict[str, Any]], now: datetime) -> list[date]:
    """The recent ones, those of what changed in the books, and those that still differ."""
    zone, sources = organization.time_zone, [each["source"] for each in changed]
    intents = [each["payment_intent"] for each in await rows(INTENTS, organization.id, sources)]
    own, since = organization.id, now - RECENT
    found = await rows(
        DAYS, zone, own, since, own, sources, own, intents, own, sources, own, (now - OPEN).date()
    )  # fmt: skip
    days = {each["day"] for each in found} | {local_day(each["occurred_at"], zone) for each in changed}
    return sorted(days)


async def compare(organization: Organization, day: date, now: datetime) -> dict[str, Compared]:
    """Compare one day and keep what came out, by currency."""
    zone = organization.time_zone
    start, end = start_of_day(day, zone), min(end_of_day(day, zone) + timedelta(seconds=1), now - ON_ITS_WAY)
    ours = await rows(WITHIN, organization.id, start, end) if start < end else []
    charges = [each["charge"] for each in ours if each["kind"] == "charge" or each["provisional"]]
    intents = [each["payment_intent"] for each in ours if each["kind"] == "charge"]
    theirs = await rows(
        THEIRS, organization.id, organization.id, start, end, [each["key"] for each in ours], organization.id, charges,
        organization.id, intents,
    )  # fmt: skip
    found = paired(ours, theirs, await _elsewhere(organization, theirs), start)
    async with transaction():
        await rows(DROP, organization.id, day, list(found))
        for currency, each in found.items():
            await rows(KEEP, organization.id, day, currency, each.ours, each.theirs, each.offending, now, now)
    return found


async def _elsewhere(organization: Organization, theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the journal, of whatever day, that these of the books are about."""
    sources, charges = [each["source"] for each in theirs], [each["charge"] for each in theirs if each["charge"]]
    intents = [each["payment_intent"] for each in theirs if each["payment_intent"]]
    own = organization.id
    return await rows(NAMED, own, sources, own, intents, own, charges) if theirs else []


def paired(
    ours: list[dict[str, Any]], theirs: list[dict[str, Any]], known: list[dict[str, Any]], start: datetime
) -> dict[str, Compared]:
    """By currency. `ours` are the journal's lines of the day, `known` those of any day that `theirs` are about."""
    found: dict[str, Compared] = defaultdict(Compared)
    names = _names(ours + known)
    mine = {line["id"] for line in ours}
    about: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for each in theirs:
        line = next((names[name] for name in _calls(each) if name in names), None)
        if line and line["id"] in mine:
            about[line["id"]].append(each)
        elif line is None and each["occurred_at"] >= start and (each["amount"] or each["unclear"]):
            at = found[each["currency"] or each["settled_currency"]]
            at.theirs += each["amount"] or 0
            at.offending.append(_differs(each, "unclear" if each["unclear"] else "missing_here", 0, each["amount"]))
    for line in ours:
        at, said = found[line["currency"]], about[line["id"]]
        at.ours += line["amount"]
        at.theirs += sum(each["amount"] or 0 for each in said if each["currency"] == line["currency"])
        if why := _why(line, said):
            amounts = {each["currency"]: each["amount"] for each in said}
            at.offending.append(_differs(said[0] if said else line, why, line, amounts.get(line["currency"])))
    return dict(found)


def _names(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """The journal's lines by all they may be called in the books."""
    found = {}
    for line in lines:
        if line["provisional"]:
            found["provisional", line["charge"]] = line
        elif line["kind"] == "charge":
            found |= {("charge", line[name]): line for name in ("charge", "payment_intent") if line[name]}
        else:
            found[line["kind"], line["key"]] = line
    return found


def _calls(each: dict[str, Any]) -> list[tuple[str, str]]:
    if each["kind"] == "charge":
        return [("charge", each["source"]), ("charge", each["payment_intent"])]
    later = [("provisional", each["charge"])] if each["kind"] == "refund" else []
    return [(each["kind"], each["source"]), *later]


def _why(line: dict[str, Any], said: list[dict[str, Any]]) -> str:
    """What is wrong with a line of the journal, "" when nothing is."""
    if not said:
        return "missing_there" if line["amount"] else ""
    if any(each["unclear"] for each in said):
        return "unclear"
    if any(each["currency"] != line["currency"] for each in said):
        return "currency"
    if sum(each["amount"] for each in said) != line["amount"]:
        return "amount"
    fee = sum(each["fee"] for each in said)
    return "fee" if line["fee"] is not None and line["fee"] != fee and not line["provisional"] else ""


def _differs(each: dict[str, Any], why: str, ours: dict[str, Any] | int, theirs: int | None) -> dict[str, Any]:
    """One offending line as it is kept and shown."""
    line = ours if isinstance(ours, dict) else {}
    return {
        "id": each.get("source") or each.get("key", ""), "what": each["kind"], "why": why,
        "ours": line.get("amount", 0) if line else None, "theirs": theirs, "payment": line.get("id"),
        "charge": each["charge"], "payment_intent": each["payment_intent"], "invoice": line.get("invoice", ""),
        "settled": each.get("settled"), "settled_currency": each.get("settled_currency", ""),
        "rate": each.get("rate", ""),
    }  # fmt: skip


async def latest(organization: Organization, first: date, last: date) -> list[Reconciliation]:
    """What was found of these days, newest first."""
    return await (
        Reconciliation.of(organization)
        .where(Reconciliation.day >= first, Reconciliation.day <= last)
        .order_by(Reconciliation.day, ascending=False)
        .order_by(Reconciliation.currency)
    )
