"""What a person decides about an event that failed."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.errors import Conflict
from dashboard.webhooks.tables import EventState, InboundEvent

BY_HAND = "Ignored by hand."
MOST = 500

REPLAY_FAILED = """
    UPDATE inbound_event SET state = 'waiting', attempt = 0, due_at = {}, settled_at = NULL
    WHERE id IN (SELECT id FROM inbound_event WHERE organization = {} AND state = 'failed'
                 ORDER BY received_at, id LIMIT {} FOR UPDATE SKIP LOCKED)
    RETURNING id"""


async def replay(event: InboundEvent, by: Visitor, now: datetime) -> InboundEvent:
    """Handle it once more from the stored bytes, as if it came now. Handling is safe to repeat."""
    again = {"attempt": 0, "due_at": now, "settled_at": None}
    return await _move(event, EventState.waiting, ("failed", "ignored", "handled", "waiting"), "replayed", by, **again)


async def replay_failed(organization: Organization, by: Visitor, now: datetime) -> int:
    """Handle all failed events once more, oldest first, at most 500 at a time; how many."""
    async with transaction():
        moved = await rows(REPLAY_FAILED, now, organization.id, MOST)
        for event in moved:
            await activity.record(organization, "event", event["id"], "replayed", "Event replayed", by=by)
    return len(moved)


async def dismiss(event: InboundEvent, reason: str, by: Visitor, now: datetime) -> InboundEvent:
    """A person decides that a failed event needs nothing; `reason` is for the others."""
    result = f"{BY_HAND} {reason.strip()[:300]}".strip()
    return await _move(event, EventState.ignored, ("failed",), "ignored", by, settled_at=now, result=result)


async def reopen(event: InboundEvent, by: Visitor) -> InboundEvent:
    """Take back that it was ignored."""
    if event.state == EventState.ignored and not event.result.startswith(BY_HAND):
        raise Conflict("Nobody ignored this by hand, so there is nothing to take back.")
    return await _move(event, EventState.failed, ("ignored",), "reopened", by, result="")


async def _move(
    event: InboundEvent, to: EventState, allowed: tuple[str, ...], verb: str, by: Visitor, **also: Any
) -> InboundEvent:
    changes: dict[Any, Any] = {"state": to.value} | also
    async with transaction():
        moved = (
            await InboundEvent.update(changes)
            .where(InboundEvent.id == event.id, InboundEvent.state.is_in(list(allowed)))
            .returning(InboundEvent.id)
        )
        if moved:
            title = f"Event {event.kind} {verb}"
            await activity.record(
                event.organization, "event", event.id, verb, title, by=by, detail=str(also.get("result", ""))
            )
    await event.refresh()
    if not moved and event.state != to:
        raise Conflict(f"This event is {event.state} by now. Nothing was changed.")
    return event
