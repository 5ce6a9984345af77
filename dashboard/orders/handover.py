"""Handing an order over, and taking that back while the mail has not left."""

from datetime import datetime
from typing import Any

from dashboard import links
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import alerts
from dashboard.deliveries.tables import DeliveryState
from dashboard.errors import Conflict
from dashboard.leads.tables import Lead
from dashboard.orders import actions
from dashboard.orders.tables import Deliverable, Order, OrderStatus

NEWEST = """
    SELECT DISTINCT ON (d.title) d.id, d.title, d.version, d.file, f.link_version
    FROM deliverable d JOIN file f ON f.id = d.file
    WHERE d.organization = {} AND d.order = {} AND d.withdrawn_at IS NULL
    ORDER BY d.title, d.version DESC, d.id DESC"""
# Locked before it is judged: between two statements the dispatcher may settle it from sending to held.
MAIL = "SELECT state, unclear_via FROM delivery WHERE organization = {} AND key = {} FOR UPDATE"
LEFT = (
    DeliveryState.sending,
    DeliveryState.sent,
    DeliveryState.delivered,
    DeliveryState.bounced,
    DeliveryState.unknown,
)
STOP = """
    UPDATE delivery SET state = CASE WHEN unclear_via <> '' THEN 'unknown' ELSE 'cancelled' END,
        why = 'Taken back by hand', settled_at = {}
    WHERE organization = {} AND key = ANY({}) AND state IN ('queued', 'held')"""
DONE = """
    SELECT done_at FROM orders WHERE organization = {} AND id = {} AND status = 'done' AND handovers = {} FOR UPDATE"""


async def deliver(organization: Organization, order: Order, by: Visitor, now: datetime) -> Order:
    """Mark the order done: handover mail and staff alert leave in ten seconds, deliverables count as delivered."""
    async with transaction():
        facts = {Order.done_at: now, Order.handovers: Order.handovers + 1}
        if not await actions.move(order, OrderStatus.done, (OrderStatus.in_progress,), facts):
            return order
        newest = await rows(NEWEST, organization.id, order.id)
        await _mark_delivered([each["id"] for each in newest], now)
        await activity.record(organization, "order", order.id, "delivered", "Marked done", by=by, detail=_names(newest))
        due_at, subject = now + deliveries.UNDO, ("order", order.id)
        lead = await Lead.get_of(organization, order.lead)
        mail_key, alert_key = _keys(order, order.handovers)
        await deliveries.queue_mail(
            organization, lead, "handover", key=mail_key, subject=subject, due_at=due_at, order=order,
            deliverables=[each | {"link": download_link(each["file"], each["link_version"])} for each in newest],
        )  # fmt: skip
        await deliveries.queue_alert(
            organization, "delivered", key=alert_key, title=f"Order {order.number} delivered",
            lines=[f"{order.customer_name} · {order.plan_name or 'no plan'}", f"Marked done by {by.name}"],
            href=f"/{organization.slug}/orders/{order.number}", subject=subject, due_at=due_at,
        )  # fmt: skip
    return order


async def undo_deliver(organization: Organization, order: Order, handover: int, by: Visitor, now: datetime) -> Order:
    """Take that handover back: in progress again, mail and alert cancelled. Conflict once the mail has left, or when
    the order has been handed over anew."""
    mail_key, alert_key = _keys(order, handover)
    async with transaction():
        done = await row(DONE, organization.id, order.id, handover)
        if done is None:
            return await _not_done(order, handover)
        mail = await row(MAIL, organization.id, mail_key)
        if mail and (mail["state"] in LEFT or mail["unclear_via"]):
            left = "has left" if mail["state"] in LEFT else "may have arrived on an earlier try"
            raise Conflict(f"The handover mail of order {order.number} {left}, so it stays done. Nothing was changed.")
        await rows(STOP, now, organization.id, [mail_key, *alerts.keys(alert_key)])
        await actions.move(order, OrderStatus.in_progress, (OrderStatus.done,), {Order.done_at: None})
        await Deliverable.update({Deliverable.delivered_at: None}).where(
            Deliverable.order == order.id, Deliverable.delivered_at == done["done_at"]
        )
        await activity.record(organization, "order", order.id, "undone", "Handover taken back", by=by)
    return order


async def _not_done(order: Order, handover: int) -> Order:
    await order.refresh()
    if order.status != OrderStatus.in_progress or order.handovers != handover:
        raise Conflict(f"Order {order.number} {actions.IS_NOW[order.status]}. Nothing was changed.")
    return order


def download_link(file: int, version: int) -> str:
    """The private address at which the customer gets a file."""
    return links.public(links.DOWNLOAD, file, version)


async def _mark_delivered(ids: list[int], now: datetime) -> None:
    if ids:
        await Deliverable.update({Deliverable.delivered_at: now}).where(
            Deliverable.id.is_in(ids), Deliverable.delivered_at.is_null()
        )


def _keys(order: Order, handover: int) -> tuple[str, str]:
    return f"handover:{order.id}:{handover}", f"alert:delivered:{order.id}:{handover}"


def _names(deliverables: list[dict[str, Any]]) -> str:
    return ", ".join(each["title"] for each in deliverables) or "Nothing attached"
