"""Money that came another way than through a provider: entered by hand, and taken back by a second line, never
changed. Call with the organization's money lock held."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.payments.tables import Payment, PaymentKind

PROVIDER = "manual"
REVERSED, REVERSAL = "reversed", "reversal"  # what stands as the status of the two lines


class Method(StrEnum):
    bank_transfer = "bank_transfer"
    cash = "cash"
    other = "other"


METHODS = {Method.bank_transfer: "Bank transfer", Method.cash: "Cash", Method.other: "Another way"}

# The line that is taken back gives up its key and its checkout, so that the same money can be booked anew.
REVERSE = """
    UPDATE payment SET status = 'reversed', key = key || ':reversed:' || id
    WHERE organization = {} AND id = {} AND provider = 'manual' AND kind = 'charge' AND status = 'succeeded'
    RETURNING id"""

LIST = """
    SELECT p.id, p.kind, p.amount, p.currency, p.status, p.method, p.description, p.occurred_at, p.reverses,
           u.name AS by_name, o.number, o.customer_name, l.id AS lead, coalesce(nullif(l.name, ''), l.email) AS person
    FROM payment p LEFT JOIN order_payment op ON op.payment = p.id LEFT JOIN orders o ON o.id = op."order"
    LEFT JOIN lead l ON l.id = coalesce(o.lead, p.lead) AND l.deleted_at IS NULL
    LEFT JOIN app_user u ON u.id = p.entered_by
    WHERE p.organization = {} AND p.provider = 'manual' AND ({} = 0 OR (p.occurred_at, p.id) < (
        SELECT x.occurred_at, x.id FROM payment x WHERE x.organization = {} AND x.id = {}))
    ORDER BY p.occurred_at DESC, p.id DESC LIMIT {}"""


async def listed(organization: Organization, after: int, size: int) -> list[dict[str, Any]]:
    """Payments entered by hand and those taken back, newest first; at most one more than `size`. `after` is the id the
    page begins behind, 0 for the first page."""
    return await rows(LIST, organization.id, after, organization.id, after, size + 1)


async def take(
    organization: Organization, *, amount: int, currency: str, occurred_at: datetime, method: str, note: str, once: str,
    lead: int, by: Visitor,
) -> Payment | None:  # fmt: skip
    """Enter a payment of `amount` minor units; None when this form's payment is there already."""
    key = f"{PROVIDER}:{once}"
    if await Payment.exists().where(
        Payment.organization == organization.id, Payment.provider == PROVIDER, Payment.key == key
    ):
        return None
    made = Payment(
        organization=organization.id, kind=PaymentKind.charge, key=key, provider=PROVIDER, amount=amount,
        currency=currency, status="succeeded", occurred_at=occurred_at, method=method, description=note[:200],
        lead=lead, entered_by=by.id,
    )  # fmt: skip
    await made.save()
    return made


async def reverse(
    organization: Organization, payment: Payment, reason: str, by: Visitor, now: datetime
) -> Payment | None:
    """Take a payment entered by hand back, whole, with a line of the opposite amount; None when it was taken back
    already or is no such payment."""
    if not await rows(REVERSE, organization.id, payment.id):
        return None
    made = Payment(
        organization=organization.id, kind=PaymentKind.refund, key=f"reversal:{payment.id}", provider=PROVIDER,
        amount=-payment.amount, currency=payment.currency, status=REVERSAL, occurred_at=now, method=payment.method,
        description=reason[:200], lead=payment.lead, entered_by=by.id, reverses=payment.id,
    )  # fmt: skip
    await made.save()
    return made
