"""Record every event once, handle it once, keep what went wrong."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from dashboard import crash
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import claim, rows, transaction, translate
from dashboard.errors import Conflict, Unavailable
from dashboard.webhooks.tables import EventState, InboundEvent

log = logging.getLogger(__name__)

Handler = Callable[[Organization, dict, datetime], Awaitable[str]]
ATTEMPTS = 8
BACK_OFF = [5, 30, 120, 600, 1800, 7200, 18000]  # seconds before tries 2–8

STORE = """
    INSERT INTO inbound_event (organization, key, sender, external_id, kind, body, livemode, state, received_at, due_at,
        created_at, repeats, attempt, result, error, attempts)
    VALUES ({}, {}, {}, {}, {}, {}, {}, 'waiting', {}, {}, {}, 0, 0, '', '', '[]')
    ON CONFLICT (key) DO UPDATE SET repeats = inbound_event.repeats + 1"""

REFUSE = """
    INSERT INTO refused_count (organization, key, sender, reason, hour, count, created_at)
    VALUES ({}, {}, {}, {}, {}, 1, {})
    ON CONFLICT (key) DO UPDATE SET count = refused_count.count + 1"""

CLAIM = """
    UPDATE inbound_event SET state = 'processing', attempt = attempt + 1,
           lease_until = clock_timestamp() + interval '60 s'
    WHERE id = (SELECT id FROM inbound_event
                WHERE (state = 'waiting' AND due_at <= {}) OR (state = 'processing' AND lease_until < clock_timestamp())
                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id"""


async def record(
    organization: int, sender: str, external_id: str, kind: str, body: bytes, now: datetime, *, livemode: bool = False
) -> None:
    """Store a verified event; the same one again only raises its `repeats`. Committed when this returns."""
    key = f"{organization}:{sender}:{external_id}"
    await rows(STORE, organization, key, sender, external_id, kind[:120], body, livemode, now, now, now)
    crash.point("event.stored")


async def refuse(organization: int, sender: str, reason: str, now: datetime) -> None:
    """Count a request that proved nothing. Its body is not kept."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    key = f"{organization}:{sender}:{reason}:{hour:%Y%m%d%H}"
    await rows(REFUSE, organization, key, sender, reason, hour, now)


async def work(handlers: Mapping[str, Handler], now: datetime) -> bool:
    """Claim the oldest due event and handle it in one transaction; False when there was none."""
    claimed = await claim(CLAIM, now)
    if not claimed:
        return False
    crash.point("event.claimed")
    event = await InboundEvent.across_organizations().where(InboundEvent.id == claimed[0]["id"]).first()
    organization = await Organization.objects().where(Organization.id == event.organization).first()
    try:
        async with transaction():
            handler = handlers.get(f"{event.sender}:{event.kind}")
            state, result = EventState.ignored, "Nothing here listens to this kind of event."
            if handler:
                state, result = EventState.handled, await handler(organization, json.loads(event.body), now)
            await _settle(event, state, now, result=result)
        crash.point("event.handled")
    except Exception as problem:
        await _put_back(event, problem, now)
    return True


async def _put_back(event: InboundEvent, problem: Exception, now: datetime) -> None:
    """Keep why it failed; wait longer each time, and after the last try leave it to a person."""
    known = translate(problem)
    words = _words(problem)
    if not isinstance(known, Unavailable | Conflict):
        log.exception("inbound event %s failed", event.id)
    last = event.attempt >= ATTEMPTS
    wait = timedelta(seconds=BACK_OFF[min(event.attempt, len(BACK_OFF)) - 1])
    await _settle(
        event, EventState.failed if last else EventState.waiting, now, error=words, due_at=now + wait,
        attempts=[*event.attempts, {"at": now.isoformat(), "error": words}][-20:],
    )  # fmt: skip


def _words(problem: Exception) -> str:
    """What went wrong, short, without values that may be somebody's data."""
    if isinstance(problem, KeyError):
        return f"The field {problem.args[0]!r} is missing. Nothing was changed."
    if isinstance(problem, Problem):
        return f"{problem} Nothing was changed."
    known = translate(problem)
    return known.message if known else f"{type(problem).__name__} while handling it. Nothing was changed."


class Problem(Exception):
    """An event says something that cannot be right; the sentence is for staff."""


async def _settle(event: InboundEvent, state: EventState, now: datetime, **also: object) -> None:
    """Only the worker whose attempt this is may write; a late one rolls back."""
    settled = (
        await InboundEvent.update({"state": state.value, "lease_until": None, "settled_at": now} | also)
        .where(
            InboundEvent.id == event.id,
            InboundEvent.state == EventState.processing.value,
            InboundEvent.attempt == event.attempt,
        )
        .returning(InboundEvent.id)
    )
    if not settled and "error" not in also:
        raise Problem("The lease ran out and another worker has this event.")
    await activity.changed(event.organization, "events")


async def replay(event: InboundEvent, now: datetime) -> None:
    """Handle it once more, from the stored bytes. Handling is safe to repeat."""
    await (
        InboundEvent.update({"state": EventState.waiting.value, "attempt": 0, "due_at": now, "error": ""})
        .where(InboundEvent.id == event.id, InboundEvent.state.is_in(["failed", "ignored", "handled", "waiting"]))
    )
    await activity.changed(event.organization, "events")


async def ignore(event: InboundEvent, now: datetime) -> None:
    """A person decides that a failed event needs nothing."""
    await (
        InboundEvent.update({"state": EventState.ignored.value, "settled_at": now, "result": "Ignored by hand."})
        .where(InboundEvent.id == event.id, InboundEvent.state.is_in(["failed", "waiting"]))
    )
    await activity.changed(event.organization, "events")
