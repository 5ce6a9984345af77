"""Something done to many leads in the background: written down here, carried out by the engine, with an outcome per row
and a way back."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, transaction
from dashboard.errors import NotFound

KEEP = timedelta(days=30)  # undo for so long
SUBJECT, TOPIC = "lead_batch", "batches"
START = """
    INSERT INTO lead_batch (organization, kind, title, params, query, state, by, total, created_at)
    VALUES ({}, {}, {}, {}, {}, 'waiting', {}, {}, {}) RETURNING id"""
STOP = """
    UPDATE lead_batch SET state = 'done', error = {}, lease_token = '', lease_until = NULL, finished_at = now()
    WHERE organization = {} AND id = {} AND state IN ('waiting', 'working') RETURNING kind, title"""
REVERSE = """
    UPDATE lead_batch SET state = 'undoing', position = 0, handled = 0, error = '', lease_token = '',
        lease_until = NULL, total = coalesce((counts ->> 'created')::int, 0) + coalesce((counts ->> 'updated')::int, 0)
    WHERE organization = {} AND id = {} AND kind <> 'check' AND state IN ('done', 'failed') AND undone_at IS NULL
      AND finished_at > {} RETURNING title"""


async def start(
    organization: Organization, kind: str, title: str, *, by: Visitor, now: datetime,
    params: dict[str, Any] | None = None, query: str = "", total: int = 0,
) -> int:  # fmt: skip
    """Write down what shall be done; a worker takes it from there. Its id."""
    made = await row(START, organization.id, kind, title[:200], params or {}, query, by.id, total, now)
    assert made is not None
    await activity.changed(organization, TOPIC)
    return made["id"]


async def stop(organization: Organization, id: int, by: Visitor) -> bool:
    """Go no further; what was done stays, and can be taken back. False when it had come to its end already."""
    async with transaction():
        stopped = await row(STOP, f"Stopped by {by.name}.", organization.id, id)
        if stopped and stopped["kind"] != "check":
            await activity.record(organization, SUBJECT, id, "stopped", f"{stopped['title']}: stopped", by=by)
        await activity.changed(organization, TOPIC)
    return stopped is not None


async def reverse(organization: Organization, id: int, now: datetime) -> bool:
    """Have it taken back, within 30 days. False when it was taken back already or is too old."""
    if await row("SELECT id FROM lead_batch WHERE organization = {} AND id = {}", organization.id, id) is None:
        raise NotFound()
    done = await row(REVERSE, organization.id, id, now - KEEP)
    await activity.changed(organization, TOPIC)
    return done is not None
