"""Mails that follow a done order by themselves: an offer a week later, and a question a week after a report."""

from datetime import datetime, timedelta

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import suppressed
from dashboard.leads.tables import Lead
from dashboard.orders.handover import download_link
from dashboard.orders.tables import Order

AFTER = timedelta(days=7)
TOO_OLD = timedelta(days=37)  # a plan that gets an offer today must not write to the customers of three years
BATCH = 50

# Claimed and marked in one statement: two processes never take the same row, a crash before the commit takes none.
UPSELL = f"""
    UPDATE orders SET upsold_at = {{}} FROM plan p
    WHERE p.id = orders.plan AND orders.id IN (
        SELECT o.id FROM orders o JOIN plan offer ON offer.id = o.plan
        WHERE o.status = 'done' AND o.upsold_at IS NULL AND o.done_at <= {{}} AND o.done_at > {{}}
        AND offer.upsell_to <> '' AND o.payment_status IN ('paid', 'partially_refunded')
        AND NOT EXISTS (SELECT 1 FROM suppression s
            WHERE s.organization = o.organization AND s.email_normalized
                IN ({suppressed.names_of("lower(o.customer_email)", "o.organization")}))
        ORDER BY o.done_at LIMIT {{}} FOR UPDATE OF o SKIP LOCKED)
    RETURNING orders.id, orders.organization, p.upsell_to AS offer"""  # noqa: S608 – our own words
FOLLOW_UP = """
    UPDATE deliverable SET followed_up_at = {} FROM file f
    WHERE f.id = deliverable.file AND deliverable.id IN (
        SELECT d.id FROM deliverable d JOIN orders o ON o.id = d.order
        WHERE d.is_report AND d.followed_up_at IS NULL AND d.delivered_at <= {} AND d.delivered_at > {}
        AND d.withdrawn_at IS NULL AND o.status = 'done'
        ORDER BY d.delivered_at LIMIT {} FOR UPDATE OF d SKIP LOCKED)
    RETURNING deliverable.id, deliverable.organization, deliverable.order, deliverable.title, f.id AS file,
        f.link_version"""


async def upsell(now: datetime) -> int:
    """One offer per order, seven days after it was done, where the plan names one. How many."""
    sent = 0
    while True:
        async with transaction():
            due = await rows(UPSELL, now, now - AFTER, now - TOO_OLD, *suppressed.pads(), BATCH)
            for claimed in due:
                organization, order, lead = await _people(claimed["organization"], claimed["id"])
                sent += await deliveries.queue_mail(
                    organization, lead, "upsell", key=f"upsell:{order.id}", subject=("order", order.id), order=order,
                    offer=claimed["offer"],
                )  # fmt: skip
                await activity.record(organization, "order", order.id, "upsold", f"Offered: {claimed['offer']}")
        if len(due) < BATCH:
            return sent


async def follow_up(now: datetime) -> int:
    """One question per report, seven days after it was handed over. How many."""
    sent = 0
    while True:
        async with transaction():
            due = await rows(FOLLOW_UP, now, now - AFTER, now - TOO_OLD, BATCH)
            for claimed in due:
                organization, order, lead = await _people(claimed["organization"], claimed["order"])
                sent += await deliveries.queue_mail(
                    organization, lead, "follow_up", key=f"follow_up:{claimed['id']}", subject=("order", order.id),
                    order=order, title=claimed["title"], link=download_link(claimed["file"], claimed["link_version"]),
                )  # fmt: skip
                await activity.record(
                    organization, "order", order.id, "followed_up", f"Asked about “{claimed['title']}”"
                )
        if len(due) < BATCH:
            return sent


async def _people(organization_id: int, order_id: int) -> tuple[Organization, Order, Lead]:
    organization = (await Organization.objects().where(Organization.id == organization_id))[0]
    order = await Order.get_of(organization_id, order_id)
    return organization, order, await Lead.get_of(organization, order.lead)
