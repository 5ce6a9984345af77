"""Orders for tests, in any state, with money that fits."""

import itertools
from datetime import timedelta

from dashboard import clock
from dashboard.accounts.tables import Organization, User
from dashboard.database import rows, transaction
from dashboard.deliveries.tables import Delivery
from dashboard.files import actions as files
from dashboard.forms.tables import Form, FormVersion
from dashboard.intake import actions as intake
from dashboard.leads import actions as leads
from dashboard.orders import money, placing
from dashboard.orders.tables import Deliverable, Order, Plan
from dashboard.payments import journal
from tests.intake.cast import DEFINITION

numbers = itertools.count(1)


async def a_plan(organization: Organization, name: str = "Site check", **changes) -> Plan:
    facts = {"amount": 12900, "currency": "EUR", "days_to_deliver": 5} | changes
    plan = Plan(organization=organization.id, name=name, **facts)
    await plan.save()
    return plan


async def a_form(organization: Organization) -> Form:
    """A published intake form with one question."""
    n = next(numbers)
    form = Form(organization=organization.id, slug=f"intake-{n}", name="Intake", draft=DEFINITION, published=1)
    await form.save()
    await FormVersion(organization=organization.id, form=form.id, number=1, definition=DEFINITION).save()
    return form


async def an_order(organization: Organization, *, paid: bool = True, plan: Plan | None = None, **changes) -> Order:
    """A Stripe order of €129.00; columns may be set at will. Paid ones have their charge in the journal."""
    n, now = next(numbers), clock.now()
    facts = {
        "session": f"cs_{organization.slug}_{n}", "payment_intent": f"pi_{organization.slug}_{n}", "amount": 12900,
        "currency": "EUR", "placed_at": now - timedelta(seconds=n), "customer_name": "Ingrid Solheim",
        "customer_email": f"ingrid{n}@solheim.example", "checkout_paid": paid, "source": "Stripe checkout",
    } | changes  # fmt: skip
    if paid:
        facts.setdefault("confirmed_at", facts["placed_at"])
    lead = await leads.find_or_create(organization, facts["customer_email"], facts["customer_name"])
    status = facts.pop("status", "new")
    payment_status = facts.pop("payment_status", None)
    async with transaction():
        await journal.lock(organization)
        order = await placing._insert(organization, lead, plan, **facts)
        if paid and order.amount:
            await journal.book_charge(
                organization, amount=order.amount, currency=order.currency, occurred_at=order.placed_at, lead=lead.id,
                provider=order.provider, description="Card ending 4471",
                payment_intent=order.payment_intent if order.provider == "stripe" else "", session=order.session,
            )  # fmt: skip
        await money.settle(organization, order)
    changed = {Order.status: status} | ({Order.payment_status: payment_status} if payment_status else {})
    await Order.update(changed).where(Order.id == order.id)
    await order.refresh()
    return order


async def waiting_for_intake(organization: Organization, **changes) -> Order:
    """A paid order whose customer has been sent the form."""
    plan = await a_plan(organization, "With intake", form=(await a_form(organization)).id)
    order = await an_order(organization, plan=plan, **changes)
    async with transaction():
        await intake.request(organization, order, clock.now())
    await order.refresh()
    return order


async def a_deliverable(organization: Organization, order: Order, title: str = "Audit", **changes) -> Deliverable:
    """A PDF of a few bytes, attached by hand."""
    file = await files.store(organization, b"%PDF-1.7 audit", f"{title}.pdf", "staff")
    deliverable = Deliverable(organization=organization.id, order=order.id, title=title, file=file.id, **changes)
    await deliverable.save()
    return deliverable


async def deliveries_of(order: Order, **where) -> list[Delivery]:
    """What is in the out-tray about an order, oldest first."""
    found = Delivery.of(order.organization).where(Delivery.subject_kind == "order", Delivery.subject_id == order.id)
    for name, value in where.items():
        found = found.where(getattr(Delivery, name) == value)
    return await found.order_by(Delivery.id)


async def activity_of(order: Order) -> list[str]:
    """The verbs of its timeline, oldest first."""
    found = await rows(
        "SELECT verb FROM activity WHERE subject_kind = 'order' AND subject_id = {} ORDER BY id", order.id
    )
    return [line["verb"] for line in found]


async def as_it_is(order: Order) -> dict:
    """The whole row, to see that nothing changed."""
    return (await rows("SELECT * FROM orders WHERE id = {}", order.id))[0]


async def visitor(user: User):
    """The person as actions know them."""
    from dashboard.accounts.sessions import Visitor

    return Visitor(user.id, user.email, user.name, False, 0, "", clock.now())
