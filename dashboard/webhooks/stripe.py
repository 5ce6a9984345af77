"""What Stripe's events mean for us. Each handler gets the parsed event inside the transaction that settles it."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import serialize
from dashboard.formats import money as as_money
from dashboard.intake import actions as intake
from dashboard.leads import actions as leads
from dashboard.orders import money, placing, recovery, refunds
from dashboard.orders.placing import Checkout
from dashboard.orders.tables import Order, PaymentStatus
from dashboard.payments import journal
from dashboard.payments.tables import Payment
from dashboard.webhooks import failures
from dashboard.webhooks.ledger import Handler
from dashboard.webhooks.reading import amount_of, id_of, moment, object_of, text_in, whole

LONGEST_LINK = 2000


async def checkout(organization: Organization, event: dict, now: datetime) -> str:
    """completed, async_payment_succeeded, async_payment_failed: one order per session."""
    said = _checkout(event)
    order = await placing.take_checkout(organization, said)
    if said.failed and order.payment_status == PaymentStatus.failed:
        title, why = f"Payment failed: {as_money(said.amount, said.currency)}", "The bank did not pay after all."
        await failures.tell(organization, order, title, why, intent=order.payment_intent, session=said.session)
    return await _after(organization, order, now)


async def checkout_expired(organization: Organization, event: dict, now: datetime) -> str:
    """An abandoned checkout is no order; it is a line on the person's timeline, one however often it is told."""
    said = _checkout(event)
    if not said.email:
        return "An abandoned checkout without an address. Nothing to keep."
    lead = await leads.find_or_create(
        organization, said.email, said.name, phone=said.phone, source=placing.source_of(said, "Abandoned checkout"),
        source_data=said.metadata,
    )  # fmt: skip
    await serialize(f"checkout:{organization.id}:{said.session}")
    if await recovery.is_kept(organization, lead, said.session):
        return "An abandoned checkout. Known already."
    await activity.record(
        organization, "lead", lead.id, recovery.VERB, "Checkout abandoned", actor="customer",
        detail=as_money(said.amount, said.currency), data={
            "session": said.session, "amount": said.amount, "currency": said.currency,
            "began": said.placed_at.isoformat(), **_recovery(event),
        },
    )  # fmt: skip
    return "An abandoned checkout, kept on the lead's timeline."


async def invoice_paid(organization: Organization, event: dict, now: datetime) -> str:
    """Subscriptions: the first payment and each renewal."""
    invoice = object_of(event)
    amount, currency = amount_of(invoice.get("amount_paid")), text_in(invoice, "currency")
    if amount == 0:
        return "An invoice of zero. No money to book."
    await journal.lock(organization)
    references = invoice_references(invoice)
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    payment = await journal.book_charge(
        organization, amount=amount, currency=currency, occurred_at=moment(paid_at or event["created"]),
        description=f"Invoice {invoice.get('number') or references['invoice']}"[:200], **references,
    )  # fmt: skip
    return await join(organization, payment, now)


async def payment_failed(organization: Organization, event: dict, now: datetime) -> str:
    """A declined attempt. It may precede a success on the same payment."""
    intent = object_of(event)
    await journal.lock(organization)
    error = intent.get("last_payment_error") or {}
    why = str(error.get("message") or "The bank declined the payment.")[:200]
    payment = await journal.book_failure(
        organization, text_in(intent, "id"), currency=text_in(intent, "currency"), occurred_at=moment(event["created"]),
        description=why, payment_intent=text_in(intent, "id"), invoice=id_of(intent.get("invoice")),
    )  # fmt: skip
    order = await money.order_of(organization, payment)
    if order:
        order = await money.settle(organization, order)
        if order.payment_status != "failed":
            return f"Order {order.number} was paid all the same."
    amount = as_money(amount_of(intent.get("amount")), text_in(intent, "currency").upper())
    await failures.tell(
        organization, order, f"Payment failed: {amount}", why, intent=payment.payment_intent, invoice=payment.invoice
    )
    return await _after(organization, order, now) if order else "Waiting for its order. Nothing is lost."


async def charge_refunded(organization: Organization, event: dict, now: datetime) -> str:
    """Says how much of a charge went back. Lists of refunds are booked one by one; without one, provisionally."""
    charge = object_of(event)
    await journal.lock(organization)
    listed = (charge.get("refunds") or {}).get("data") or []
    references = {"payment_intent": charge.get("payment_intent") or "", "invoice": charge.get("invoice") or ""}
    payment = None
    for refund in listed:
        payment = await _book_refund(organization, refund | {"charge": charge["id"]}, event, references, now)
    if not listed:
        payment = await journal.book_provisional_refund(
            organization, text_in(charge, "id"), refunded=amount_of(charge.get("amount_refunded")),
            currency=text_in(charge, "currency"), occurred_at=moment(event["created"]), **references,
        )  # fmt: skip
    return await join(organization, payment, now) if payment else "Already booked by its refunds."


async def refund_changed(organization: Organization, event: dict, now: datetime) -> str:
    """refund.created, refund.updated, refund.failed: one line per refund."""
    await journal.lock(organization)
    payment = await _book_refund(organization, object_of(event), event, {}, now)
    return await join(organization, payment, now)


async def _book_refund(
    organization: Organization, refund: dict, event: dict, references: dict[str, str], now: datetime
) -> Payment:
    said = refund.get("metadata")
    delivery, resends = (whole(said.get(name)) if isinstance(said, dict) else 0 for name in ("delivery", "resend"))
    if delivery:
        await refunds.named(organization, delivery, resends, text_in(refund, "id"), now)
    known = references | {name: refund[name] for name in ("charge", "payment_intent") if refund.get(name)}
    return await journal.book_refund(
        organization, text_in(refund, "id"), amount=amount_of(refund.get("amount")),
        currency=text_in(refund, "currency"), status=str(refund.get("status") or "pending"),
        occurred_at=moment(refund.get("created") or event["created"]),
        description=str(refund.get("reason") or "").replace("_", " "), **known,
    )  # fmt: skip


async def dispute_changed(organization: Organization, event: dict, now: datetime) -> str:
    dispute = object_of(event)
    await journal.lock(organization)
    payment = await journal.book_dispute(
        organization, text_in(dispute, "id"), amount=amount_of(dispute.get("amount")),
        currency=text_in(dispute, "currency"), status=text_in(dispute, "status"),
        occurred_at=moment(dispute.get("created") or event["created"]),
        description=str(dispute.get("reason") or "").replace("_", " "), charge=dispute.get("charge") or "",
        payment_intent=dispute.get("payment_intent") or "",
    )  # fmt: skip
    return await join(organization, payment, now)


async def join(organization: Organization, payment: Payment, now: datetime) -> str:
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


def _checkout(event: dict) -> Checkout:
    session = object_of(event)
    person = session.get("customer_details") or {}
    kind = event["type"].removeprefix("checkout.session.")
    metadata = {str(key)[:60]: str(value)[:500] for key, value in list((session.get("metadata") or {}).items())[:50]}
    return Checkout(
        session=text_in(session, "id"), mode=str(session.get("mode") or "payment"),
        email=str(person.get("email") or session.get("customer_email") or "")[:254],
        name=str(person.get("name") or "")[:200], phone=str(person.get("phone") or "")[:40],
        amount=amount_of(session.get("amount_total") or 0), currency=str(session.get("currency") or "").upper()[:10],
        placed_at=moment(session.get("created") or event["created"]),
        paid=kind in ("completed", "async_payment_succeeded") and session.get("payment_status") != "unpaid",
        failed=kind == "async_payment_failed", payment_intent=id_of(session.get("payment_intent")),
        invoice=id_of(session.get("invoice")), subscription=id_of(session.get("subscription")),
        metadata=metadata, payment_link=id_of(session.get("payment_link")),
    )  # fmt: skip


def _recovery(event: dict) -> dict[str, str]:
    """Stripe's link to take an expired checkout up again, and until when it works; nothing where it gave none."""
    found = (object_of(event).get("after_expiration") or {}).get("recovery") or {}
    url, until = found.get("url"), found.get("expires_at")
    if not isinstance(url, str) or not url.startswith("https://") or len(url) > LONGEST_LINK or not until:
        return {}
    return {"url": url, "expires_at": moment(until).isoformat()}


def invoice_references(invoice: dict) -> dict[str, Any]:
    """Both shapes: fields moved in 2025 (`parent.subscription_details`, `payments.data[].payment`)."""
    details = ((invoice.get("parent") or {}).get("subscription_details")) or {}
    paid = ((invoice.get("payments") or {}).get("data")) or []
    settled = [each for each in paid if each.get("status") == "paid"] or paid
    by = (settled[0].get("payment") or {}) if settled else {}
    return {
        "invoice": text_in(invoice, "id"),
        "subscription": id_of(details.get("subscription") or invoice.get("subscription")),
        "payment_intent": id_of(by.get("payment_intent") or invoice.get("payment_intent")),
        "charge": id_of(by.get("charge") or invoice.get("charge")),
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
