"""What the page says about Stripe's own books: what matches, what differs and why, what was settled, what is no
revenue."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from dashboard import formats
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments import reading, reconciliation
from dashboard.revenue.periods import Period

SHOWN = 6
DONE = {"charge": "charged", "refund": "refunded", "dispute": "disputed"}
OTHER = {
    "payout": "Payouts", "payout_failure": "Payouts that failed", "payout_cancel": "Payouts taken back",
    "stripe_fee": "Stripe's own fees", "tax_fee": "Taxes on fees", "topup": "Top-ups", "adjustment": "Adjustments",
    "transfer": "Transfers", "transfer_refund": "Transfers taken back", "application_fee": "Application fees",
    "reserve_transaction": "Reserves", "contribution": "Contributions",
}  # fmt: skip

ORDERS = """
    SELECT p.id, p.key, p.charge, p.payment_intent, o.number FROM payment p
    JOIN order_payment op ON op.payment = p.id JOIN orders o ON o.id = op."order"
    WHERE p.organization = {} AND (p.id = ANY({}) OR p.charge <> '' AND p.charge = ANY({})
        OR p.payment_intent <> '' AND p.payment_intent = ANY({}))"""
COUNTED = """
    SELECT currency, count(*) AS count FROM payment
    WHERE organization = {} AND provider = 'stripe' AND kind <> 'failure' AND occurred_at >= {} AND occurred_at < {}
    GROUP BY currency"""
NO_REVENUE = """
    SELECT type, settled_currency AS currency, count(*) AS count, sum(settled)::bigint AS amount FROM balance_line
    WHERE organization = {} AND kind = '' AND occurred_at >= {} AND occurred_at < {}
    GROUP BY type, settled_currency ORDER BY count(*) DESC, type, settled_currency"""
SETTLED = """
    SELECT currency, settled_currency, count(*) AS count, sum(amount)::bigint AS amount,
           sum(settled)::bigint AS settled, sum(fee)::bigint AS fee FROM balance_line
    WHERE organization = {} AND kind <> '' AND currency <> settled_currency AND occurred_at >= {} AND occurred_at < {}
    GROUP BY currency, settled_currency ORDER BY currency, settled_currency"""


@dataclass
class Line:
    """One thing that differs: what Stripe has, what we have, and its order."""

    day: date
    there: str
    here: str
    why: str
    number: int | None = None


@dataclass
class Card:
    """`state` is off, unread, same or differs; `problem` why Stripe could not be asked the last time."""

    state: str
    missing: str = ""
    problem: str = ""
    checked_at: datetime | None = None
    events_at: datetime | None = None
    differs: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    more: int = 0
    same: list[str] = field(default_factory=list)
    same_count: int = 0
    others: list[tuple[str, str, int]] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)


async def card(organization: Organization, period: Period, missing: str, most: int = SHOWN) -> Card:
    """Everything of the card. `missing` says why Stripe cannot be asked, "" when it can."""
    events, books = await reading.of(organization, "events"), await reading.of(organization, "balance")
    if books is None or books.complete_until is None:
        return Card("off" if missing else "unread", missing, books.problem if books else "")
    found = await reconciliation.latest(organization, period.first, period.last)
    counted = {
        each["currency"]: each["count"] for each in await rows(COUNTED, organization.id, period.start, period.end)
    }
    apart: dict[str, list[int]] = {}
    for each in found:
        if each.offending:
            sums = apart.setdefault(each.currency, [0, 0])
            sums[0], sums[1] = sums[0] + each.theirs - each.ours, sums[1] + len(each.offending)
    same = [code for code in sorted({*counted, *(each.currency for each in found)}) if code not in apart]
    offending = [(each, line) for each in found for line in each.offending]
    numbers = await _numbers(organization, [line for _, line in offending[:most]])
    others = await rows(NO_REVENUE, organization.id, period.start, period.end)
    return Card(
        "differs" if apart else "same", missing, books.problem, books.ran_at, events.ran_at if events else None,
        differs=[
            f"{formats.money(abs(amount), code)} differs: {_lines(count)}" if amount else f"{code}: {_lines(count)}"
            for code, (amount, count) in sorted(apart.items())
        ],
        lines=[_line(each, line, numbers) for each, line in offending[:most]],
        more=max(0, len(offending) - most), same=same, same_count=sum(counted.get(code, 0) for code in same),
        others=[
            (_named(each["type"]), formats.money(each["amount"], each["currency"]), each["count"]) for each in others
        ],
        settled=[_settled(each) for each in await rows(SETTLED, organization.id, period.start, period.end)],
    )  # fmt: skip


def _lines(count: int) -> str:
    return f"{formats.num(count)} line{'' if count == 1 else 's'}"


def _named(type: str) -> str:
    return OTHER.get(type) or type.replace("_", " ").capitalize()


def _settled(each: dict[str, Any]) -> str:
    paid = formats.money(each["amount"] or 0, each["currency"]) if each["currency"] else "An unknown amount"
    got, fee = formats.money(each["settled"], each["settled_currency"]), each["fee"]
    return f"{paid} was settled as {got}, fees {formats.money(fee, each['settled_currency'])}"


async def _numbers(organization: Organization, offending: list[dict[str, Any]]) -> dict[object, int]:
    """Numbers of the orders these lines belong to, by every name the line may have."""
    ids = [each["payment"] for each in offending if each["payment"]]
    charges, intents = [each["charge"] for each in offending], [each["payment_intent"] for each in offending]
    found: Counter[object] = Counter()
    for each in await rows(ORDERS, organization.id, ids, charges, intents):
        for name in (each["id"], each["charge"], each["payment_intent"]):
            if name:
                found[name] = each["number"]
    return dict(found)


def _line(kept: Any, line: dict[str, Any], numbers: dict[object, int]) -> Line:
    names = (line["payment"], line["charge"], line["payment_intent"])
    number = next((numbers[name] for name in names if name and name in numbers), None)
    done, why = DONE.get(line["what"], line["what"]), line["why"]

    def said(minor: int | None) -> str:
        return formats.money(minor or 0, kept.currency)

    if why == "unclear":
        settled = formats.money(line["settled"] or 0, line["settled_currency"])
        there = f"{settled} {done} in Stripe, exchanged; the amount paid is not named"
    elif why == "missing_there":
        there = f"Not {done} in Stripe"
    elif why == "currency":
        there = f"{done.capitalize()} in another currency in Stripe"
    elif why == "fee":
        there = f"{said(line['theirs'])} {done} in Stripe, with another fee"
    else:
        shown = line["theirs"] if line["what"] == "charge" else -(line["theirs"] or 0)
        there = f"{said(shown)} {done} in Stripe"
    ours = line["ours"] if line["what"] == "charge" else -(line["ours"] or 0)
    return Line(kept.day, there, f"{said(ours)} here", why, number)
