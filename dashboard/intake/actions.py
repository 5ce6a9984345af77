"""The intake of an order: asked for, answered, submitted once."""

from datetime import datetime

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.deliveries import actions as deliveries
from dashboard.forms.tables import Form, FormVersion
from dashboard.intake.tables import Intake
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order, OrderStatus, Plan


async def request(organization: Organization, order: Order, now: datetime) -> Intake | None:
    """Ask the customer for the plan's intake, once: the order waits for it and the mail with the private link is queued.
    None when the plan asks for nothing. Call it inside the transaction that confirms the order."""
    plan = await Plan.get_of(organization, order.plan) if order.plan else None
    form = await Form.get_of(organization, plan.form) if plan and plan.form else None
    if plan is None or form is None or not form.published:
        return None
    version = (
        await FormVersion.of(organization)
        .where(FormVersion.form == form.id, FormVersion.number == form.published)
        .first()
    )
    moved = (
        await Order.update({Order.status: OrderStatus.intake_pending, Order.intake_requested_at: now})
        .where(Order.id == order.id, Order.status == OrderStatus.new.value)
        .returning(Order.id)
    )
    if not moved:
        return await Intake.of(organization).where(Intake.order == order.id).first()
    await order.refresh()
    intake = Intake(organization=organization.id, order=order.id, form_version=version.id)
    await intake.save()
    lead = await Lead.get_of(organization, order.lead)
    await deliveries.queue_mail(
        organization, lead, "intake_request", key=f"intake_request:{order.id}", subject=("order", order.id), order=order,
        plan=plan, link=links.public(links.INTAKE, intake.id, intake.link_version),
    )  # fmt: skip
    await activity.record(organization, "order", order.id, "intake_requested", "Intake requested", actor="system")
    return intake
