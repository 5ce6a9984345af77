"""The provider's own books, line by line: kept as they stand there, and what they say of fees.

A line of revenue is about a charge, a refund or a dispute. It is settled in the account's currency, perhaps at an
exchange rate; what the customer paid is read off that charge, refund or dispute and never computed from the rate."""

from datetime import UTC, datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments.tables import Payment

# What the books call it -> what it is to the journal. Everything else is no revenue.
CATEGORIES = {
    "charge": "charge", "charge_failure": "charge", "partial_capture_reversal": "charge", "refund": "refund",
    "refund_failure": "refund", "dispute": "dispute", "dispute_reversal": "dispute",
}  # fmt: skip
TYPES = {
    "charge": "charge", "payment": "charge", "payment_failure_refund": "charge", "payment_reversal": "charge",
    "refund": "refund", "payment_refund": "refund", "refund_failure": "refund",
}  # fmt: skip
DISPUTES = ("dp_", "du_")
LARGEST = 2**53

STORE = """
    INSERT INTO balance_line (organization, key, type, kind, source, charge, payment_intent, amount, currency, settled,
        settled_currency, rate, fee, occurred_at, created_at)
    SELECT {}, x.key, x.type, x.kind, x.source, x.charge, x.payment_intent, x.amount, x.currency, x.settled,
           x.settled_currency, x.rate, x.fee, x.occurred_at, {}
    FROM jsonb_to_recordset({}::jsonb) AS x(key text, type text, kind text, source text, charge text,
        payment_intent text, amount bigint, currency text, settled bigint, settled_currency text, rate text, fee bigint,
        occurred_at timestamptz)
    ON CONFLICT (organization, key) DO UPDATE SET kind = excluded.kind, charge = excluded.charge,
        payment_intent = excluded.payment_intent, amount = coalesce(excluded.amount, balance_line.amount),
        currency = coalesce(nullif(excluded.currency, ''), balance_line.currency), fee = excluded.fee
    WHERE (balance_line.kind, balance_line.charge, balance_line.payment_intent, balance_line.fee)
              <> (excluded.kind, excluded.charge, excluded.payment_intent, excluded.fee)
          OR balance_line.amount IS DISTINCT FROM coalesce(excluded.amount, balance_line.amount)
    RETURNING source, occurred_at"""

# A fee in two currencies is no number; such a line stays without one.
FEES = """
    SELECT kind, source, max(charge) AS charge, max(payment_intent) AS payment_intent, sum(fee)::bigint AS fee,
           min(settled_currency) AS currency
    FROM balance_line WHERE organization = {} AND kind <> '' AND """
GROUPED = " GROUP BY kind, source HAVING min(settled_currency) = max(settled_currency)"
# One arm for each name a line may be found by, because each has its own index.
APPLY = f"""
    WITH said AS ({FEES} source = ANY({{}}) {GROUPED}), hit AS (
        SELECT p.id, s.fee, s.currency FROM said s JOIN payment p
            ON p.organization = {{}} AND p.provider = 'stripe' AND p.key = s.source AND p.kind = s.kind
        UNION SELECT p.id, s.fee, s.currency FROM said s JOIN payment p
            ON p.organization = {{}} AND p.charge = s.source AND p.charge <> ''
            WHERE s.kind = 'charge' AND p.kind = 'charge' AND p.provider = 'stripe'
        UNION SELECT p.id, s.fee, s.currency FROM said s JOIN payment p
            ON p.organization = {{}} AND p.payment_intent = s.payment_intent AND p.payment_intent <> ''
            WHERE s.kind = 'charge' AND p.kind = 'charge' AND p.provider = 'stripe')
    UPDATE payment p SET fee = hit.fee, fee_currency = hit.currency FROM hit
    WHERE p.id = hit.id AND (p.fee, p.fee_currency) IS DISTINCT FROM (hit.fee, hit.currency) RETURNING p.id"""  # noqa: S608
KNOWN_BY_KEY = f"{FEES} source = {{}} {GROUPED}"
KNOWN_CHARGE = f"""{FEES} kind = 'charge' AND (source <> '' AND source = {{}}
    OR payment_intent <> '' AND payment_intent = {{}}) {GROUPED}"""


def read(transaction: dict[str, Any]) -> dict[str, Any] | None:
    """One balance transaction as a row of ours; None when it makes no sense."""
    whole = [transaction.get(name) for name in ("amount", "fee", "created")]
    if any(not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST for value in whole):
        return None
    settled, fee, created = (int(value or 0) for value in whole)
    said = transaction.get("source")
    about: dict[str, Any] = said if isinstance(said, dict) else {}
    source = str(about.get("id") or (said if isinstance(said, str) else ""))[:120]
    kind = _kind(transaction, source)
    currency, rate = str(transaction.get("currency") or "").upper()[:10], transaction.get("exchange_rate")
    amount, paid_in = _paid(about, kind, settled, currency, rate) if kind else (settled, currency)
    charge = source if kind == "charge" else _id(about.get("charge"))
    return {
        "key": str(transaction["id"])[:120], "type": str(transaction.get("type") or "")[:60], "kind": kind,
        "source": source, "charge": charge[:80], "payment_intent": _id(about.get("payment_intent"))[:80],
        "amount": amount, "currency": paid_in, "settled": settled, "settled_currency": currency,
        "rate": "" if rate is None else str(rate)[:40], "fee": fee,
        "occurred_at": datetime.fromtimestamp(created, UTC).isoformat(),
    }  # fmt: skip


def _kind(transaction: dict[str, Any], source: str) -> str:
    category, type = str(transaction.get("reporting_category") or ""), str(transaction.get("type") or "")
    found = CATEGORIES.get(category) or TYPES.get(type, "")
    if not found and type == "adjustment" and source.startswith(DISPUTES):
        return "dispute"
    return found


def _paid(about: dict[str, Any], kind: str, settled: int, currency: str, rate: object) -> tuple[int | None, str]:
    """What the customer paid or got back, signed; None where it was converted and nobody says from what."""
    theirs = str(about.get("currency") or "").upper()[:10]
    if theirs == currency or (not theirs and rate is None):
        return settled, currency
    value = about.get("amount_captured") if kind == "charge" and settled > 0 else None
    value = value if value is not None else about.get("amount")
    if not theirs or not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        return None, theirs
    return (value if settled >= 0 else -value), theirs


def _id(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


async def store(organization: Organization, page: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Keep a page of balance transactions; {source, occurred_at} of each line that was new or had changed."""
    lines = {line["key"]: line for line in map(read, page) if line}
    return await rows(STORE, organization.id, now, list(lines.values())) if lines else []


async def apply_fees(organization: Organization, sources: list[str]) -> int:
    """Write what the books say of fees to the journal, for these charges, refunds and disputes; how many lines changed.
    Call with the organization's money lock held."""
    return len(await rows(APPLY, organization.id, sources, *[organization.id] * 3)) if sources else 0


async def with_fee(payment: Payment) -> Payment:
    """The line with its fee, where the books knew it before the line was booked."""
    if payment.provider != "stripe" or payment.kind == "failure":
        return payment
    if payment.kind == "charge":
        found = await rows(KNOWN_CHARGE, payment.organization, payment.charge, payment.payment_intent)
    else:
        found = await rows(KNOWN_BY_KEY, payment.organization, payment.key)
    if len(found) == 1:
        payment.fee, payment.fee_currency = found[0]["fee"], found[0]["currency"]
    return payment
