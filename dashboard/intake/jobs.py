"""What happens to intakes by the clock."""

import logging
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import claim, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.files import storage
from dashboard.forms.definition import labels
from dashboard.intake.queries import IntakeView, of_order
from dashboard.leads.tables import Lead
from dashboard.orders.tables import Order

log = logging.getLogger(__name__)
FIRST, SECOND = timedelta(hours=48), timedelta(days=5)
KEEP_CAPTURE = timedelta(days=7)
KEEP_UNSENT = timedelta(days=30)
KEEP_CANCELLED = timedelta(days=1)  # time to take the cancelling back
BATCH = 100

# Whoever is past both times at once, after a long standstill, gets the second mail only: never two in a row.
DUE = """status = 'intake_pending' AND ((reminders = 0 AND intake_requested_at <= {})
                                         OR (reminders = 1 AND intake_requested_at <= {}))"""
FIND = f"SELECT id FROM orders WHERE id > {{}} AND {DUE} ORDER BY id LIMIT {BATCH}"  # noqa: S608 – our own words
CLAIM = f"""
    UPDATE orders SET reminders = CASE WHEN intake_requested_at <= {{}} THEN 2 ELSE 1 END
    WHERE id IN (SELECT id FROM orders WHERE id = {{}} AND {DUE} FOR UPDATE SKIP LOCKED)
    RETURNING id, organization, reminders"""  # noqa: S608

ABANDONED = """
    DELETE FROM capture WHERE id IN (
        SELECT id FROM capture
        WHERE submitted_at IS NULL AND created_at <= {} AND coalesce(saved_at, created_at) <= {}
        LIMIT 500 FOR UPDATE SKIP LOCKED) RETURNING id"""
LYING = """
    SELECT i.id FROM intake i JOIN orders o ON o.id = i."order"
    WHERE i.submissions = 0 AND EXISTS (SELECT FROM intake_file x WHERE x.intake = i.id)
      AND (coalesce(i.saved_at, i.created_at) <= {} OR (o.status = 'cancelled' AND o.cancelled_at <= {}))"""
UNSENT = LYING + " AND i.id > {} ORDER BY i.id LIMIT 100"
STILL = LYING + " AND i.id = {}"
HOLD = """
    SELECT id, organization, "order" FROM intake WHERE id = {} AND submissions = 0 AND state = 'open'
    FOR UPDATE SKIP LOCKED"""
FORGET = """
    WITH gone AS (DELETE FROM intake_file WHERE intake = {} RETURNING file)
    DELETE FROM file WHERE id IN (SELECT file FROM gone) RETURNING storage_key"""


async def remind(now: datetime) -> dict[str, int]:
    """Remind customers whose form is open 48 hours after the request, and once more after 5 days. Each order is its own
    transaction: one that cannot be reminded keeps nobody else waiting, and fails the run at the end."""
    reminded = failed = last = 0
    while due := await rows(FIND, last, now - FIRST, now - SECOND):
        for order in due:
            last = order["id"]
            try:
                reminded += await _remind_one(last, now)
            except Exception:
                log.exception("order %s could not be reminded", last)
                failed += 1
    if failed:
        raise RuntimeError(f"{failed} of {failed + reminded} reminders could not be queued; they are tried again.")
    return {"reminded": reminded}


async def _remind_one(order_id: int, now: datetime) -> int:
    async with transaction():
        claimed = await claim(CLAIM, now - SECOND, order_id, now - FIRST, now - SECOND)
        if not claimed:
            return 0
        nr = claimed[0]["reminders"]
        organization: Any = await Organization.objects().where(Organization.id == claimed[0]["organization"]).first()
        order = await Order.get_of(organization, order_id)
        intake = await of_order(organization, order)
        return int(intake is not None and await _queue(intake, nr, now))


async def _queue(intake: IntakeView, nr: int, now: datetime) -> bool:
    """Who was asked again is told what for; the others get the plain reminder."""
    organization, order = intake.organization, intake.order
    lead = await Lead.get_of(organization, order.lead)
    key = f"intake_reminder:{nr}:{order.id}" + (f":{intake.asks}" if intake.asks else "")
    facts: dict[str, Any] = {
        "key": key,
        "subject": ("order", order.id),
        "due_at": now,
        "order": order,
        "link": intake.link,
    }
    if intake.asked_again:
        names = labels(intake.definition, intake.asked_again)
        return await deliveries.queue_mail(organization, lead, "intake_again", fields=names, **facts)
    return await deliveries.queue_mail(organization, lead, "intake_reminder", nr=nr, **facts)


async def forget_captures(now: datetime) -> dict[str, int]:
    """Delete what visitors began in public forms and never sent: seven days after they last typed."""
    removed, until = 0, now - KEEP_CAPTURE
    while gone := await rows(ABANDONED, until, until):
        removed += len(gone)
    return {"removed": removed}


async def forget_unsubmitted_uploads(now: datetime) -> dict[str, int]:
    """Delete files of forms that were never sent: 30 days after the last change, or a day after the order was
    cancelled. What was typed stays."""
    removed = last = 0
    while due := await rows(UNSENT, now - KEEP_UNSENT, now - KEEP_CANCELLED, last):
        for intake in due:
            last = intake["id"]
            removed += await _forget(last, now)
    return {"removed": removed}


async def _forget(intake_id: int, now: datetime) -> int:
    async with transaction():
        held = await rows(HOLD, intake_id)
        # Looked at again while it is held: they may have come back since it was found.
        if not held or not await rows(STILL, now - KEEP_UNSENT, now - KEEP_CANCELLED, intake_id):
            return 0
        gone = await rows(FORGET, intake_id)
        detail = f"{len(gone)} file{'' if len(gone) == 1 else 's'} of a form that was never sent."
        await activity.record(
            held[0]["organization"], "order", held[0]["order"], "uploads_deleted", "Uploads deleted", actor="system",
            detail=detail,
        )  # fmt: skip
    for file in gone:
        await storage.delete(file["storage_key"])
    return len(gone)
