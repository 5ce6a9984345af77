"""Which money belongs to which order, and what an order's payment status is: a pure function of the journal, so that
every order of arrival ends the same. Call with the organization's money lock held."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.orders.tables import Order, OrderPayment, PaymentStatus
from dashboard.payments.manual import PROVIDER, REVERSAL
from dashboard.payments.tables import Payment, PaymentKind

CONTESTED = ("needs_response", "under_review")  # disputes that are not decided: someone has to send proof

ATTACH = """
    WITH RECURSIVE money AS (
        SELECT p.id, p.payment_intent, p.charge, p.invoice FROM payment p
        WHERE p.organization = {} AND (
            (p.payment_intent <> '' AND p.payment_intent = {}) OR (p.invoice <> '' AND p.invoice = {})
            OR (p.subscription <> '' AND p.subscription = {}) OR (p.session <> '' AND p.session = {}))
        UNION
        SELECT p.id, p.payment_intent, p.charge, p.invoice FROM payment p JOIN money m ON p.organization = {} AND (
            (p.payment_intent <> '' AND p.payment_intent = m.payment_intent) OR (p.charge <> '' AND p.charge = m.charge)
            OR (p.invoice <> '' AND p.invoice = m.invoice))
    )
    INSERT INTO order_payment (organization, "order", payment, created_at)
    SELECT DISTINCT {}::bigint, {}::bigint, id, now() FROM money
    ON CONFLICT (payment) DO NOTHING"""

FIND = """
    SELECT o.id FROM orders o WHERE o.organization = {} AND (
        (o.payment_intent <> '' AND o.payment_intent = {}) OR (o.invoice <> '' AND o.invoice = {})
        OR (o.subscription <> '' AND o.subscription = {}) OR o.session = {})
    UNION
    SELECT op."order" FROM order_payment op JOIN payment p ON p.id = op.payment
    WHERE p.organization = {} AND (
        (p.payment_intent <> '' AND p.payment_intent = {}) OR (p.charge <> '' AND p.charge = {})
        OR (p.invoice <> '' AND p.invoice = {}))
    LIMIT 1"""


async def order_of(organization: Organization, payment: Payment) -> Order | None:
    """The order a line of the journal belongs to, or None while that order has not arrived."""
    found = await rows(
        FIND, organization.id, payment.payment_intent, payment.invoice, payment.subscription, payment.session or None,
        organization.id, payment.payment_intent, payment.charge, payment.invoice,
    )  # fmt: skip
    return await Order.get_of(organization, found[0]["id"]) if found else None


async def order_of_line(organization: Organization, payment: int) -> Order | None:
    """The order a line of the journal is joined to."""
    joined = await OrderPayment.of(organization).where(OrderPayment.payment == payment).first()
    return await Order.get_of(organization, joined.order) if joined else None


async def settle(organization: Organization, order: Order) -> Order:
    """Join all money that belongs to the order and write what follows for its payment status."""
    await rows(
        ATTACH, organization.id, order.payment_intent, order.invoice, order.subscription, order.session or "",
        organization.id, organization.id, order.id,
    )  # fmt: skip
    lines = await lines_of(organization, order)
    order.payment_status = status(order, lines)
    await Order.update({Order.payment_status: order.payment_status}).where(Order.id == order.id)
    return order


async def lines_of(organization: Organization | int, order: Order) -> list[dict[str, Any]]:
    """The order's lines of the journal, oldest first."""
    return await (
        OrderPayment.select_of(
            organization, OrderPayment.payment.id.as_alias("id"), OrderPayment.payment.kind.as_alias("kind"),
            OrderPayment.payment.amount.as_alias("amount"), OrderPayment.payment.currency.as_alias("currency"),
            OrderPayment.payment.status.as_alias("status"), OrderPayment.payment.description.as_alias("description"),
            OrderPayment.payment.occurred_at.as_alias("occurred_at"), OrderPayment.payment.key.as_alias("key"),
            OrderPayment.payment.provisional.as_alias("provisional"),
            OrderPayment.payment.payment_intent.as_alias("payment_intent"),
            OrderPayment.payment.charge.as_alias("charge"), OrderPayment.payment.provider.as_alias("provider"),
        )
        .where(OrderPayment.order == order.id)
        .order_by(OrderPayment.payment.occurred_at, OrderPayment.payment.id)
    )  # fmt: skip


def status(order: Order, lines: list[dict[str, Any]]) -> PaymentStatus:
    """What the money says, from the order's own facts and its lines."""
    came, lines = charged(order, lines), [line for line in lines if line["currency"] == order.currency]
    disputes = [line for line in lines if line["kind"] == PaymentKind.dispute and line["amount"] < 0]
    if any(line["status"] in CONTESTED for line in disputes):
        return PaymentStatus.disputed
    back = [line for line in lines if line["kind"] == PaymentKind.refund and line["status"] != REVERSAL]
    gone = -sum(line["amount"] for line in [*back, *disputes])  # a dispute that was lost is money given back
    if gone > 0 and gone >= (came or order.amount):
        return PaymentStatus.refunded
    # Stripe collects a checkout whole; what is entered by hand may be a part of it.
    collected = any(line["kind"] == PaymentKind.charge and line["provider"] != PROVIDER for line in lines)
    paid = order.checkout_paid or (came > 0 and (collected or came >= order.amount))
    if gone > 0 and (paid or came == 0):
        return PaymentStatus.partially_refunded
    if paid:
        return PaymentStatus.paid
    if order.checkout_failed or any(line["kind"] == PaymentKind.failure for line in lines):
        return PaymentStatus.failed
    return PaymentStatus.unpaid


def charged(order: Order, lines: list[dict[str, Any]]) -> int:
    """What came in, in minor units of the order's currency, without what was entered by mistake and taken back."""
    counts = [line for line in lines if line["kind"] == PaymentKind.charge or line["status"] == REVERSAL]
    return sum(line["amount"] for line in counts if line["currency"] == order.currency)


def missing(order: Order, lines: list[dict[str, Any]]) -> int:
    """What an order that is not paid still lacks, in minor units of its currency; 0 once it is."""
    open = order.payment_status in (PaymentStatus.unpaid, PaymentStatus.failed)
    return max(0, order.amount - refundable(order, lines)) if open else 0


def refundable(order: Order, lines: list[dict[str, Any]]) -> int:
    """How much may still be given back, in minor units of the order's currency."""
    return max(0, sum(line["amount"] for line in lines if line["currency"] == order.currency))
