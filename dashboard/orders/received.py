"""A payment entered by hand, for an order or for a person, and taking it back. Both stand on the timeline with who did
it and why."""

from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import transaction
from dashboard.errors import Conflict
from dashboard.formats import money as as_money
from dashboard.orders import money
from dashboard.orders.tables import Order, OrderPayment
from dashboard.payments import journal, manual
from dashboard.payments.forms import Received
from dashboard.payments.tables import Payment


async def receive(
    organization: Organization, order: Order | None, lead: int, form: Received, by: Visitor, now: datetime
) -> Order | None:
    """Book what the form says, once for each `once`, and settle the order it is for."""
    async with transaction():
        await journal.lock(organization)
        payment = await manual.take(
            organization, amount=form.amount, currency=form.currency, method=form.method, note=form.note,
            occurred_at=form.occurred_at(now, organization.time_zone), once=form.once, lead=lead, by=by,
        )  # fmt: skip
        if payment is None:
            return order
        if order:
            await OrderPayment(organization=organization.id, order=order.id, payment=payment.id).save()
        said = f"{manual.METHODS[manual.Method(form.method)]} of {as_money(form.amount, form.currency)} entered"
        kind, id = ("order", order.id) if order else ("lead", lead)
        await activity.record(organization, kind, id, "payment_entered", said, by=by, detail=form.note)
        return await money.settle(organization, order) if order else None


async def take_back(organization: Organization, payment: Payment, reason: str, by: Visitor, now: datetime) -> None:
    """Correct a payment that was entered wrongly. Repeating it changes nothing; Conflict when it was no such payment or
    part of it was given back."""
    async with transaction():
        await journal.lock(organization)
        await payment.refresh()
        if payment.status == manual.REVERSED:
            return
        order = await money.order_of_line(organization, payment.id)
        if order:
            left = money.refundable(order, await money.lines_of(organization, order))
            if payment.currency == order.currency and left < payment.amount:
                raise Conflict("Part of this order was given back already, so it cannot be taken back whole.")
        line = await manual.reverse(organization, payment, reason, by, now)
        if line is None:
            raise Conflict("Only a payment that was entered by hand can be taken back.")
        said = f"Payment of {as_money(payment.amount, payment.currency)} taken back"
        kind, id = ("order", order.id) if order else ("lead", payment.lead)
        if id:
            await activity.record(organization, kind, id, "payment_reversed", said, by=by, detail=reason)
        if order:
            await OrderPayment(organization=organization.id, order=order.id, payment=line.id).save()
            if order.provider == manual.PROVIDER:
                await Order.update({Order.checkout_paid: False}).where(Order.id == order.id)
                order.checkout_paid = False
            await money.settle(organization, order)


async def said(organization: Organization, order: Order | None, form: Received) -> str:
    """What to tell whoever entered it, with what the order still lacks."""
    missing = money.missing(order, await money.lines_of(organization, order)) if order else 0
    rest = f" {as_money(missing, form.currency)} is still missing." if missing else ""
    return f"Payment of {as_money(form.amount, form.currency)} entered.{rest}"
