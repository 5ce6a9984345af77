"""How an order comes to be: from a checkout session or by hand, once."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard import clock
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict
from dashboard.formats import money as as_money
from dashboard.leads import actions as leads
from dashboard.leads.tables import Lead
from dashboard.orders import money, recovery
from dashboard.orders.tables import Order, OrderStatus, PaymentStatus, Plan
from dashboard.payments import journal
from dashboard.payments.manual import PROVIDER

# A deadline that somebody promised before the money came stays.
CONFIRM = """
    UPDATE orders SET confirmed_at = {}, due_at = coalesce(due_at, {})
    WHERE organization = {} AND id = {} AND confirmed_at IS NULL RETURNING id"""
# These columns alone: whoever works on the order holds no money lock, and the row read before must not undo their work.
TOLD = """
    UPDATE orders SET checkout_paid = checkout_paid OR {}, checkout_failed = checkout_failed OR {},
        payment_intent = coalesce(nullif(payment_intent, ''), {}), invoice = coalesce(nullif(invoice, ''), {}),
        subscription = coalesce(nullif(subscription, ''), {})
    WHERE organization = {} AND id = {}"""


@dataclass(frozen=True)
class Checkout:
    """What a checkout session says, in our words."""

    session: str
    mode: str
    email: str
    name: str
    amount: int
    currency: str
    placed_at: datetime
    paid: bool
    failed: bool = False
    phone: str = ""
    payment_intent: str = ""
    invoice: str = ""
    subscription: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    payment_link: str = ""


async def take_checkout(organization: Organization, checkout: Checkout) -> Order:
    """The order of a checkout session: created the first time, told more every time. Holds the money lock."""
    await journal.lock(organization)
    order = await Order.of(organization).where(Order.session == checkout.session).first()
    order = order or await _create(organization, checkout)
    names = checkout.payment_intent, checkout.invoice, checkout.subscription
    await rows(TOLD, checkout.paid, checkout.failed, *names, organization.id, order.id)
    await order.refresh()
    if checkout.paid and checkout.mode == "payment" and checkout.amount > 0:
        await journal.book_charge(
            organization, amount=checkout.amount, currency=checkout.currency, occurred_at=checkout.placed_at,
            lead=order.lead, description="Checkout", payment_intent=checkout.payment_intent, invoice=checkout.invoice,
            session=checkout.session,
        )  # fmt: skip
    return await money.settle(organization, order)


async def _create(organization: Organization, checkout: Checkout) -> Order:
    source = source_of(checkout, "Stripe checkout")
    lead = await leads.find_or_create(
        organization, checkout.email, checkout.name, phone=checkout.phone, source=source, source_data=checkout.metadata
    )
    plan = await plan_of(organization, checkout)
    return await _insert(
        organization, lead, plan, session=checkout.session, mode=checkout.mode, amount=checkout.amount,
        currency=checkout.currency, placed_at=checkout.placed_at, source=source, source_data=checkout.metadata,
        customer_name=checkout.name or lead.name, customer_email=checkout.email,
    )  # fmt: skip


def source_of(checkout: Checkout, otherwise: str) -> str:
    """Where the person came from, as far as the checkout's metadata say."""
    return str(checkout.metadata.get("utm_source") or checkout.metadata.get("source") or otherwise)[:80]


async def create_by_hand(
    organization: Organization, *, email: str, name: str, plan: Plan, amount: int, currency: str, paid: bool,
    by: Visitor, now: datetime, once: str,
) -> Order:  # fmt: skip
    """An order paid another way, such as by bank transfer. The form's own token makes a double click one order."""
    async with transaction():
        await journal.lock(organization)
        session = f"manual:{once}"
        existing = await Order.of(organization).where(Order.session == session).first()
        if existing:
            return existing
        lead = await leads.find_or_create(organization, email, name, source="By hand")
        order = await _insert(
            organization, lead, plan, session=session, provider="manual", mode="manual", amount=amount,
            currency=currency, placed_at=now, source="By hand", customer_name=name or lead.name, customer_email=email,
            checkout_paid=paid,
        )  # fmt: skip
        if paid and amount:
            await journal.book_charge(
                organization, amount=amount, currency=currency, occurred_at=now, lead=lead.id, provider="manual",
                description="Bank transfer", session=session,
            )  # fmt: skip
        title = f"Order {order.number} created by hand"
        await activity.record(organization, "order", order.id, "created", title, by=by)
        return await money.settle(organization, order)


async def mark_paid(organization: Organization, order: Order, by: Visitor, now: datetime) -> Order:
    """The bank transfer of an order made by hand has arrived, or the rest of it. Repeating it changes nothing; Conflict
    for others."""
    async with transaction():
        await journal.lock(organization)
        await order.refresh()
        if order.provider != "manual":
            raise Conflict("Stripe says when this order is paid. Nothing was changed.")
        if order.payment_status != PaymentStatus.unpaid:
            return order
        await Order.update({Order.checkout_paid: True}).where(Order.id == order.id)
        order.checkout_paid = True
        if rest := money.missing(order, await money.lines_of(organization, order)):
            await journal.book_charge(
                organization, amount=rest, currency=order.currency, occurred_at=now, lead=order.lead,
                provider="manual", description="Bank transfer", session=order.session or "",
            )  # fmt: skip
        await activity.record(organization, "order", order.id, "marked_paid", "Marked as paid", by=by)
        return await money.settle(organization, order)


async def _insert(organization: Organization, lead: Lead, plan: Plan | None, **facts: Any) -> Order:
    numbered = await rows(
        "UPDATE organization SET last_order_number = last_order_number + 1 WHERE id = {} RETURNING last_order_number",
        organization.id,
    )
    order = Order(
        organization=organization.id, lead=lead.id, number=numbered[0]["last_order_number"], status=OrderStatus.new,
        plan=plan.id if plan else None, plan_name=plan.name if plan else "", tier=plan.tier if plan else "", **facts,
    )  # fmt: skip
    await order.save()
    await recovery.bought(organization, lead, clock.now())
    return order


async def plan_of(organization: Organization, checkout: Checkout) -> Plan | None:
    """Which plan was bought: named in the metadata, by price or payment link id, else the only one at that price."""
    plans = await Plan.of(organization).where(Plan.archived_at.is_null()).order_by(Plan.id)
    named = (checkout.metadata.get(key, "") for key in ("plan", "plan_name", "plan_id", "tier"))
    said = {str(value).strip().lower() for value in named} - {""}
    ids = {str(checkout.metadata.get(key, "")) for key in ("price", "price_id")} | {checkout.payment_link}
    for plan in plans:
        if plan.name.lower() in said or str(plan.id) in said or ids & set(plan.stripe_prices):
            return plan
    subscription = checkout.mode == "subscription"
    same = [
        plan for plan in plans
        if plan.amount == checkout.amount and plan.currency == checkout.currency
        and (plan.billing == "subscription") == subscription
    ]  # fmt: skip
    return same[0] if len(same) == 1 else None


async def confirm(organization: Organization, order: Order, now: datetime) -> bool:
    """The first time an order counts as paid: confirmation mail, staff alert, deadline. True only that first time."""
    if order.payment_status in ("unpaid", "failed"):
        return False
    plan = await Plan.get_of(organization, order.plan) if order.plan else None
    due_at = order.placed_at + timedelta(days=plan.days_to_deliver) if plan else None
    if not await rows(CONFIRM, order.placed_at, due_at, organization.id, order.id):
        return False
    await order.refresh()
    lead = await Lead.get_of(organization, order.lead)
    subject = ("order", order.id)
    worth = as_money(order.amount, order.currency)
    received = await _received(organization, order)
    await activity.record(
        organization, "order", order.id, "paid", "Payment received", actor="customer",
        detail=f"{received} by {order.customer_name}",
    )  # fmt: skip
    await deliveries.queue_mail(
        organization, lead, "payment_confirmation", key=f"payment_confirmation:{order.id}", subject=subject,
        order=order, plan=plan, received=received,
    )  # fmt: skip
    await deliveries.queue_alert(
        organization, "new_order", key=f"alert:new_order:{order.id}", title=f"New order {order.number}: {worth}",
        lines=[f"{order.customer_name} · {order.plan_name or 'no plan recognised'}"],
        href=f"/{organization.slug}/orders/{order.number}", subject=subject,
    )  # fmt: skip
    return True


async def _received(organization: Organization, order: Order) -> str:
    """What the customer paid, in words: what was entered by hand need not be what the order costs. Stripe's checkout
    says what it collected, whether or not its line is booked by now."""
    lines = await money.lines_of(organization, order)
    by_hand = any(line["provider"] == PROVIDER for line in lines)
    return as_money(money.charged(order, lines) if by_hand else order.amount, order.currency)
