"""Reminding a customer of the intake form by hand. The clock's own reminders are the intake's."""

from datetime import datetime
from typing import Literal

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order, OrderStatus

# Held, so that a cancellation beside this finds the mail.
HOLD = "SELECT status FROM orders WHERE organization = {} AND id = {} FOR UPDATE"
Outcome = Literal["sent", "too soon", "not waiting", "no address"]


async def remind(organization: Organization, order: Order, link: str, by: Visitor, now: datetime) -> Outcome:
    """Queue a reminder with the customer's private link: at most one in any hour of the clock, by whomever."""
    async with transaction():
        held = await row(HOLD, organization.id, order.id)
        if not held or held["status"] != OrderStatus.intake_pending or not link:
            return "not waiting"
        lead = await Lead.get_of(organization, order.lead)
        if not lead.email:
            return "no address"
        queued = await deliveries.queue_mail(
            organization, lead, "intake_reminder", key=f"intake_reminder:{order.id}:hand:{now:%Y%m%d%H}", nr=1,
            subject=("order", order.id), order=order, link=link,
        )  # fmt: skip
        if queued:
            await activity.record(organization, "order", order.id, "reminded", "Reminded of the intake form", by=by)
    return "sent" if queued else "too soon"
