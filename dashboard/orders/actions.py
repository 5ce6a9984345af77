"""What can be done with the work on an order. Each is one transaction, allowed from named states only, and safe to
repeat: the second of two clicks changes nothing."""

from datetime import date, datetime, timedelta
from typing import Any

from dashboard import clock, formats
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.activity.tables import Note
from dashboard.database import row, rows, transaction
from dashboard.deliveries import withdrawing
from dashboard.errors import Conflict
from dashboard.orders.tables import Order, OrderStatus, Plan

IS_NOW = {
    "new": "is new",
    "intake_pending": "waits for the customer’s answers",
    "intake_complete": "has its answers, and nobody has started it",
    "in_progress": "is in progress",
    "done": "is done",
    "cancelled": "is cancelled",
}
# Where a stopped order goes back to follows from what had happened to it; nothing else needs to be remembered.
REOPEN = """
    UPDATE orders SET status = CASE WHEN status = 'done' OR started_at IS NOT NULL THEN 'in_progress'
            WHEN intake_submitted_at IS NOT NULL THEN 'intake_complete'
            WHEN intake_requested_at IS NOT NULL THEN 'intake_pending' ELSE 'new' END,
        done_at = NULL, cancelled_at = NULL, cancel_reason = ''
    WHERE organization = {} AND id = {} AND status IN ('done', 'cancelled') RETURNING status"""
CANCELLED = "The order was cancelled"
WAITING = """
    SELECT id FROM delivery WHERE organization = {} AND subject_kind = 'order' AND subject_id = {} AND kind = 'mail'
    AND state IN ('queued', 'held') FOR UPDATE"""
# What the customer has to have when the order goes on; a reminder comes by itself when it is due again.
AGAIN = """
    UPDATE delivery SET state = 'queued', why = '', settled_at = NULL, due_at = greatest(due_at, {}), attempt = 0,
        resends = resends + CASE WHEN attempt > 0 THEN 1 ELSE 0 END, first_tried_at = NULL
    WHERE organization = {} AND subject_kind = 'order' AND subject_id = {} AND kind = 'mail' AND state = 'cancelled'
    AND why = {} AND name IN ('payment_confirmation', 'intake_request') RETURNING id"""
PROMISE = """
    UPDATE orders SET due_at = {} WHERE organization = {} AND id = {} AND due_at IS DISTINCT FROM {}::timestamptz
    RETURNING id"""


async def start(organization: Organization, order: Order, by: Visitor, now: datetime) -> Order:
    """Begin the work on a new order, or on one whose answers are in."""
    async with transaction():
        allowed = (OrderStatus.new, OrderStatus.intake_complete)
        if await move(order, OrderStatus.in_progress, allowed, {Order.started_at: now}):
            await activity.record(organization, "order", order.id, "started", "Work started", by=by)
    return order


async def cancel(organization: Organization, order: Order, reason: str, by: Visitor, now: datetime) -> Order:
    """Stop an order that is not done. Moves no money; mails to the customer that have not left stay here."""
    allowed = tuple(status for status in OrderStatus if status not in (OrderStatus.done, OrderStatus.cancelled))
    async with transaction():
        facts = {Order.cancelled_at: now, Order.cancel_reason: reason[:200]}
        if await move(order, OrderStatus.cancelled, allowed, facts):
            mails = [each["id"] for each in await rows(WAITING, organization.id, order.id)]
            await withdrawing.take_back(organization.id, mails, CANCELLED, now)
            await activity.record(organization, "order", order.id, "cancelled", "Order cancelled", by=by, detail=reason)
    return order


async def reopen(organization: Organization, order: Order, by: Visitor) -> Order:
    """Go on with a cancelled order where it stopped, or with a done one. Mails that left stay as they are; the
    confirmation and the request that the cancellation kept back go out."""
    async with transaction():
        opened = await row(REOPEN, organization.id, order.id)
        if opened:
            if await rows(AGAIN, clock.now(), organization.id, order.id, CANCELLED):
                await activity.changed(organization, "outbox")
            await activity.record(organization, "order", order.id, "reopened", "Order opened again", by=by)
    await order.refresh()
    return order


async def set_deadline(organization: Organization, order: Order, day: date | None, by: Visitor) -> Order:
    """Promise a day, which ends at midnight in the organization's time zone; None promises nothing."""
    due_at = formats.end_of_day(day, organization.time_zone) if day else None
    title = f"Deadline set to {formats.day(day, weekday=True)}" if day else "Deadline taken away"
    async with transaction():
        if await row(PROMISE, due_at, organization.id, order.id, due_at):
            await activity.record(organization, "order", order.id, "deadline", title, by=by)
    await order.refresh()
    return order


async def choose_plan(organization: Organization, order: Order, plan: Plan, by: Visitor) -> Order:
    """Say what was bought where the checkout did not. The deadline follows once the order is confirmed."""
    facts: dict[Any, Any] = {Order.plan: plan.id, Order.plan_name: plan.name, Order.tier: plan.tier}
    if order.confirmed_at and not order.due_at:
        facts[Order.due_at] = order.placed_at + timedelta(days=plan.days_to_deliver)
    async with transaction():
        chosen = await Order.update(facts).where(*_this(order), Order.plan.is_null()).returning(Order.id)
        if chosen:
            await activity.record(organization, "order", order.id, "plan", f"Plan chosen: {plan.name}", by=by)
    await order.refresh()
    if order.plan != plan.id:
        raise Conflict(f"Somebody has chosen {order.plan_name} for order {order.number}. Nothing was changed.")
    return order


async def add_note(organization: Organization, order: Order, text: str, by: Visitor) -> Note:
    """What the team should know. The customer never sees it."""
    return await activity.write_note(organization, "order", order.id, text, by)


async def move(order: Order, to: OrderStatus, allowed: tuple[OrderStatus, ...], facts: dict[Any, Any]) -> bool:
    """Take the order to a status from one of the allowed ones. False when it is there already; else Conflict."""
    moved = (
        await Order.update({Order.status: to.value} | facts)
        .where(*_this(order), Order.status.is_in([status.value for status in allowed]))
        .returning(Order.id)
    )
    await order.refresh()
    if not moved and order.status != to:
        raise Conflict(f"Order {order.number} {IS_NOW[order.status]}. Nothing was changed.")
    return bool(moved)


def _this(order: Order) -> tuple[Any, ...]:
    return Order.id == order.id, Order.organization == order.organization
