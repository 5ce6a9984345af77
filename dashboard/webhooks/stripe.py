"""What Stripe's events mean for us. Each handler gets the parsed event inside the transaction that settles it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.deliveries import actions as deliveries
from dashboard.formats import money as as_money
from dashboard.intake import actions as intake
from dashboard.leads import actions as leads
from dashboard.orders import money, placing
from dashboard.orders.placing import Checkout
from dashboard.orders.tables import Order
from dashboard.payments import journal
from dashboard.payments.tables import Payment
from dashboard.webhooks.ledger import Handler, Problem

LARGEST = 2**53


async def checkout(organization: Organization, event: dict, now: datetime) -> str:
    """completed, async_payment_succeeded, async_payment_failed: one order per session."""
    said = _checkout(event)
    order = await placing.take_checkout(organization, said)
    return await _after(organization, order, now)


async def checkout_expired(organization: Organization, event: dict, now: datetime) -> str:
    """An abandoned checkout is no order; it is a line on the person's timeline."""
    said = _checkout(event)
    if not said.email:
        return "An abandoned checkout without an address. Nothing to keep."
    lead = await leads.find_or_create(organization, said.email, said.name, source="Abandoned checkout")
    await activity.record(
        organization, "lead", lead.id, "abandoned_checkout", "Checkout abandoned", actor="customer",
        detail=as_money(said.amount, said.currency), data={"session": said.session},
    )  # fmt: skip
    return "An abandoned checkout, kept on the lead's timeline."


async def invoice_paid(organization: Organization, event: dict, now: datetime) -> str:
    """Subscriptions: the first payment and each renewal."""
    invoice = _object(event)
    amount, currency = _amount(invoice.get("amount_paid")), _text(invoice, "currency")
    if amount == 0:
        return "An invoice of zero. No money to book."
    await journal.lock(organization)
    references = _invoice_references(invoice)
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    payment = await journal.book_charge(
        organization, amount=amount, currency=currency, occurred_at=_time(paid_at or event["created"]),
        description=f"Invoice {invoice.get('number') or references['invoice']}"[:200], **references,
    )  # fmt: skip
    return await _join(organization, payment, now)


async def payment_failed(organization: Organization, event: dict, now: datetime) -> str:
    """A declined attempt. It may precede a success on the same payment."""
    intent = _object(event)
    await journal.lock(organization)
    error = intent.get("last_payment_error") or {}
    why = str(error.get("message") or "The bank declined the payment.")[:200]
    payment = await journal.book_failure(
        organization, _text(intent, "id"), currency=_text(intent, "currency"), occurred_at=_time(event["created"]),
        description=why,
    )  # fmt: skip
    order = await money.order_of(organization, payment)
    if order:
        order = await money.settle(organization, order)
        if order.payment_status != "failed":
            return f"Order {order.number} was paid all the same."
    amount = as_money(_amount(intent.get("amount")), _text(intent, "currency").upper())
    await deliveries.queue_alert(
        organization, "payment_failed", key=f"alert:payment_failed:{organization.id}:{intent['id']}",
        title=f"Payment failed: {amount}", lines=[why],
        href=f"/{organization.slug}/orders/{order.number}" if order else f"/{organization.slug}/events",
        subject=("order", order.id) if order else None,
    )  # fmt: skip
    return await _after(organization, order, now) if order else "Waiting for its order. Nothing is lost."


async def charge_refunded(organization: Organization, event: dict, now: datetime) -> str:
    """Says how much of a charge went back. Lists of refunds are booked one by one; without one, provisionally."""
    charge = _object(event)
    await journal.lock(organization)
    listed = (charge.get("refunds") or {}).get("data") or []
    references = {"payment_intent": charge.get("payment_intent") or "", "invoice": charge.get("invoice") or ""}
    payment = None
    for refund in listed:
        payment = await _book_refund(organization, refund | {"charge": charge["id"]}, event, references)
    if not listed:
        payment = await journal.book_provisional_refund(
            organization, _text(charge, "id"), refunded=_amount(charge.get("amount_refunded")),
            currency=_text(charge, "currency"), occurred_at=_time(event["created"]), **references,
        )  # fmt: skip
    return await _join(organization, payment, now) if payment else "Already booked by its refunds."


async def refund_changed(organization: Organization, event: dict, now: datetime) -> str:
    """refund.created, refund.updated, refund.failed: one line per refund."""
    await journal.lock(organization)
    payment = await _book_refund(organization, _object(event), event, {})
    return await _join(organization, payment, now)


async def _book_refund(organization: Organization, refund: dict, event: dict, references: dict[str, str]) -> Payment:
    known = references | {name: refund[name] for name in ("charge", "payment_intent") if refund.get(name)}
    return await journal.book_refund(
        organization, _text(refund, "id"), amount=_amount(refund.get("amount")), currency=_text(refund, "currency"),
        status=str(refund.get("status") or "pending"), occurred_at=_time(refund.get("created") or event["created"]),
        description=str(refund.get("reason") or "").replace("_", " "), **known,
    )  # fmt: skip


async def dispute_changed(organization: Organization, event: dict, now: datetime) -> str:
    dispute = _object(event)
    await journal.lock(organization)
    payment = await journal.book_dispute(
        organization, _text(dispute, "id"), amount=_amount(dispute.get("amount")), currency=_text(dispute, "currency"),
        status=_text(dispute, "status"), occurred_at=_time(dispute.get("created") or event["created"]),
        description=str(dispute.get("reason") or "").replace("_", " "), charge=dispute.get("charge") or "",
        payment_intent=dispute.get("payment_intent") or "",
    )  # fmt: skip
    return await _join(organization, payment, now)


async def _join(organization: Organization, payment: Payment, now: datetime) -> str:
    """Money finds its order, or waits for it."""
    order = await money.order_of(organization, payment)
    if order is None:
        return "Booked. Waiting for its order."
    return await _after(organization, await money.settle(organization, order), now)


async def _after(organization: Organization, order: Order, now: datetime) -> str:
    """What follows when an order counts as paid: confirmation and the intake request, once."""
    if await placing.confirm(organization, order, now):
        await intake.request(organization, order, now)
    await activity.changed(organization, "orders")
    return f"Order {order.number}: {str(order.payment_status).replace('_', ' ')}."


# ── reading what Stripe wrote ──


def _object(event: dict) -> dict:
    found = event["data"]["object"]
    if not isinstance(found, dict):
        raise Problem("The event carries no object.")
    return found


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source[name]
    if not isinstance(value, str) or not value or len(value) > 120:
        raise Problem(f"The field {name!r} is not a text.")
    return value


def _amount(value: object) -> int:
    """Minor units. Whole and not negative, or the event is kept as failed."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise Problem("The amount is not a whole number of minor units.")
    return value


def _time(seconds: object) -> datetime:
    if not isinstance(seconds, int) or not 0 < seconds < 4_102_444_800:
        raise Problem("A time in the event is not one.")
    return datetime.fromtimestamp(seconds, UTC)


def _reference(value: object) -> str:
    """The id of something that may be expanded."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""


def _checkout(event: dict) -> Checkout:
    session = _object(event)
    person = session.get("customer_details") or {}
    kind = event["type"].removeprefix("checkout.session.")
    metadata = {str(key)[:60]: str(value)[:500] for key, value in list((session.get("metadata") or {}).items())[:50]}
    return Checkout(
        session=_text(session, "id"), mode=str(session.get("mode") or "payment"),
        email=str(person.get("email") or session.get("customer_email") or "")[:254],
        name=str(person.get("name") or "")[:200], phone=str(person.get("phone") or "")[:40],
        amount=_amount(session.get("amount_total") or 0), currency=str(session.get("currency") or "").upper()[:10],
        placed_at=_time(session.get("created") or event["created"]),
        paid=kind in ("completed", "async_payment_succeeded") and session.get("payment_status") != "unpaid",
        failed=kind == "async_payment_failed", payment_intent=_reference(session.get("payment_intent")),
        invoice=_reference(session.get("invoice")), subscription=_reference(session.get("subscription")),
        metadata=metadata, payment_link=_reference(session.get("payment_link")),
    )  # fmt: skip


def _invoice_references(invoice: dict) -> dict[str, Any]:
    """Both shapes: fields moved in 2025 (`parent.subscription_details`, `payments.data[].payment`)."""
    details = ((invoice.get("parent") or {}).get("subscription_details")) or {}
    paid = ((invoice.get("payments") or {}).get("data")) or []
    by = (paid[0].get("payment") or {}) if paid else {}
    return {
        "invoice": _text(invoice, "id"),
        "subscription": _reference(details.get("subscription") or invoice.get("subscription")),
        "payment_intent": _reference(by.get("payment_intent") or invoice.get("payment_intent")),
        "charge": _reference(by.get("charge") or invoice.get("charge")),
    }


HANDLERS: dict[str, Handler] = {
    f"stripe:{kind}": handler
    for handler, kinds in {
        checkout: (
            "checkout.session.completed", "checkout.session.async_payment_succeeded",
            "checkout.session.async_payment_failed",
        ),
        checkout_expired: ("checkout.session.expired",),
        invoice_paid: ("invoice.paid",),
        payment_failed: ("payment_intent.payment_failed",),
        charge_refunded: ("charge.refunded",),
        refund_changed: ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"),
        dispute_changed: (
            "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
            "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
        ),
    }.items()
    for kind in kinds
}  # fmt: skip
