"""Booking money once: signed minor units, keyed by the provider's own id, the same result in any order of arrival.

The caller holds the organization's money lock (`lock`), so that two events of one payment never pass each other."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import serialize
from dashboard.payments.balance import with_fee
from dashboard.payments.tables import Payment, PaymentKind

REFERENCES = ("payment_intent", "charge", "invoice", "session", "subscription")
REFUND_RANK = {"pending": 1, "requires_action": 2, "succeeded": 3, "failed": 4, "canceled": 4}
DISPUTE_RANK = {
    "warning_needs_response": 1, "warning_under_review": 2, "needs_response": 3, "under_review": 4,
    "warning_closed": 5, "prevented": 5, "won": 6, "lost": 6,
}  # fmt: skip
TAKEN = ("needs_response", "under_review", "lost")  # disputes for which the bank holds the money


async def lock(organization: Organization) -> None:
    """Until this transaction ends, nobody else books money of this organization."""
    await serialize(f"money:{organization.id}")


async def book_charge(
    organization: Organization, *, amount: int, currency: str, occurred_at: datetime, lead: int | None = None,
    description: str = "", provider: str = "stripe", **references: str,
) -> Payment:  # fmt: skip
    """A payment that arrived. Checkout and invoice may both report it: the payment intent, else the invoice, else the
    session makes it one."""
    known = {name: value for name, value in references.items() if value}
    existing = await _charge_with(organization, provider, known)
    told = [*known, "key", "occurred_at", "amount", "description"]
    if existing is None:
        facts: dict[str, Any] = dict(known)
        existing = Payment(
            organization=organization.id, kind=PaymentKind.charge, key=_charge_key(known), provider=provider,
            amount=amount, currency=currency.upper(), status="succeeded", occurred_at=occurred_at, lead=lead,
            description=description, **facts,
        )  # fmt: skip
    else:
        for name, value in known.items():
            setattr(existing, name, value)
        existing.key = _charge_key({name: getattr(existing, name) for name in REFERENCES})
        existing.occurred_at = min(existing.occurred_at, occurred_at)
        if existing.lead is None:
            existing.lead = lead
            told.append("lead")
        # Whichever came first: of two amounts the one both reports cover, of two texts the more telling one.
        existing.amount = min(existing.amount, amount)
        existing.description = max(existing.description, description, key=lambda text: (len(text), text))
    return await _keep(existing, told)


def _charge_key(references: dict[str, str]) -> str:
    kind = next(name for name in ("payment_intent", "invoice", "session", "charge") if references.get(name))
    return f"charge:{references[kind]}"


async def _charge_with(organization: Organization, provider: str, references: dict[str, str]) -> Payment | None:
    for name in ("payment_intent", "invoice", "session"):
        if value := references.get(name):
            found = await (
                Payment.of(organization)
                .where(Payment.provider == provider, Payment.kind == PaymentKind.charge.value)
                .where(getattr(Payment, name) == value, Payment.status != "reversed")
                .first()
            )
            if found:
                return found
    return None


async def book_refund(
    organization: Organization, refund_id: str, *, amount: int, currency: str, status: str, occurred_at: datetime,
    description: str = "", provider: str = "stripe", **references: str,
) -> Payment:  # fmt: skip
    """Money given back, by its own id. One that failed stays as a line of zero. It replaces the provisional line."""
    for name in ("charge", "payment_intent"):
        if value := references.get(name):
            same = getattr(Payment, name) == value
            await Payment.delete().where(Payment.organization == organization.id, same, Payment.provisional.eq(True))
    failed = status in ("failed", "canceled")
    return await _advance(
        organization, PaymentKind.refund, refund_id, rank=REFUND_RANK.get(status, 0), amount=0 if failed else -amount,
        currency=currency, status=status, occurred_at=occurred_at, description=description, references=references,
        provider=provider,
    )  # fmt: skip


async def book_provisional_refund(
    organization: Organization, charge: str, *, refunded: int, currency: str, occurred_at: datetime, **references: str
) -> Payment | None:
    """A charge says how much of it was given back, without naming the refunds: one line until `refund.*` arrives."""
    intent = references.get("payment_intent") or ""
    same = (Payment.charge == charge) | ((Payment.payment_intent == intent) & (Payment.payment_intent != ""))
    named = await Payment.exists().where(
        Payment.organization == organization.id, same, Payment.kind == PaymentKind.refund.value,
        Payment.provisional.eq(False),
    )  # fmt: skip
    if named or not refunded:
        return None
    return await _advance(
        organization, PaymentKind.refund, f"charge:{charge}", rank=refunded, amount=-refunded, currency=currency,
        status="succeeded", occurred_at=occurred_at, provisional=True, references={"charge": charge} | references,
    )  # fmt: skip


async def book_dispute(
    organization: Organization, dispute_id: str, *, amount: int, currency: str, status: str, occurred_at: datetime,
    description: str = "", **references: str,
) -> Payment:  # fmt: skip
    """Money the bank took back while it asks; it returns to zero when the dispute is won or was only a warning."""
    return await _advance(
        organization, PaymentKind.dispute, dispute_id, rank=DISPUTE_RANK.get(status, 0),
        amount=-amount if status in TAKEN else 0, currency=currency, status=status, occurred_at=occurred_at,
        description=description, references=references,
    )  # fmt: skip


async def book_failure(
    organization: Organization, attempt: str, *, currency: str, occurred_at: datetime, description: str,
    **references: str,
) -> Payment:  # fmt: skip
    """A declined attempt, by the id of its payment intent or invoice: no money, but the order says so until a charge
    arrives."""
    return await _advance(
        organization, PaymentKind.failure, f"failed:{attempt}", rank=int(occurred_at.timestamp()),
        amount=0, currency=currency, status="failed", occurred_at=occurred_at, description=description,
        references=references,
    )  # fmt: skip


async def _advance(
    organization: Organization, kind: PaymentKind, key: str, *, rank: int, amount: int, currency: str, status: str,
    occurred_at: datetime, references: dict[str, str], description: str = "", provisional: bool = False,
    provider: str = "stripe",
) -> Payment:  # fmt: skip
    """Insert the line, or bring it further; an older report of the same thing changes nothing."""
    known: dict[str, Any] = {name: value for name, value in references.items() if value}
    facts: dict[str, Any] = dict(known)
    row = await Payment.of(organization).where(Payment.key == key, Payment.provider == provider).first()
    if row is None:
        row = Payment(
            organization=organization.id, kind=kind, key=key, currency=currency.upper(), occurred_at=occurred_at,
            amount=amount, status=status, rank=rank, description=description[:200], provisional=provisional,
            provider=provider, **known,
        )  # fmt: skip
    else:
        # Two reports of the same second and standing: the larger words win, whichever came first.
        said, had = (rank, status, abs(amount), description[:200]), (row.rank, row.status, abs(row.amount))
        if said > (*had, row.description):
            facts |= {"rank": rank, "amount": amount, "status": status}
            facts |= {"description": description[:200]} if description else {}
        for name, value in facts.items():
            setattr(row, name, value)
        row.occurred_at = min(row.occurred_at, occurred_at)
    return await _keep(row, [*facts, "occurred_at"])


async def _keep(line: Payment, told: list[str]) -> Payment:
    """Insert a new line; of one that is there write what was told alone: people who are merged or forgotten meanwhile
    have its other columns changed without this lock."""
    await (await with_fee(line)).save([*told, "fee", "fee_currency"])
    return line
