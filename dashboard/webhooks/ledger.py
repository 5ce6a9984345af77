"""Record every event once, handle it once, keep what went wrong."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from dashboard import crash
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import claim, rows, transaction, translate
from dashboard.deliveries import actions as deliveries
from dashboard.errors import DashboardError, Invalid
from dashboard.integrations.signatures import BadSignature
from dashboard.webhooks.tables import EventState, InboundEvent

log = logging.getLogger(__name__)

Handler = Callable[[Organization, dict, datetime], Awaitable[str]]
ATTEMPTS = 8
BACK_OFF = [5, 30, 120, 600, 1800, 7200, 18000]  # seconds before tries 2–8
HANDLING = 45.0  # seconds a handler may take: less than the lease
CLASHES = 3  # times a transaction that met another one is tried at once

STORE = """
    INSERT INTO inbound_event (organization, key, sender, external_id, kind, body, livemode, state, received_at, due_at,
        created_at, repeats, attempt, result, error, attempts)
    VALUES ({}, {}, {}, {}, {}, {}, {}, 'waiting', {}, {}, {}, 0, 0, '', '', '[]')
    ON CONFLICT (key) DO UPDATE SET repeats = inbound_event.repeats + 1
    RETURNING xmax = 0 AS new"""

REFUSE = """
    INSERT INTO refused_count (organization, key, sender, reason, hour, count, created_at)
    VALUES ({}, {}, {}, {}, {}, 1, {})
    ON CONFLICT (key) DO UPDATE SET count = refused_count.count + 1"""

# What people say and decide is handled in the order in which it arrived, one at a time in an organization: two workers
# at once, or a try that failed, must not make what was said first the last word. After so many tries the others go on.
# Looked up once for a claim, and only where such an event is due.
IN_TURN, IMPATIENT = "('email.received', 'callback_query')", 3
NEXT = f"""kind NOT IN {IN_TURN} OR (attempt >= {IMPATIENT} OR id IN (
        SELECT min(id) FROM inbound_event WHERE state = 'waiting' AND attempt < {IMPATIENT} AND kind IN {IN_TURN}
        GROUP BY organization, kind))
    AND NOT EXISTS (SELECT FROM inbound_event o WHERE o.state = 'processing' AND o.organization = e.organization
                    AND o.kind = e.kind AND o.id < e.id)"""  # noqa: S608 – our own words

# Each arm has its own partial index; the second is only looked at when no lease has run out.
CLAIM = f"""
    UPDATE inbound_event SET state = 'processing', attempt = attempt + 1,
           lease_until = clock_timestamp() + interval '60 s'
    WHERE id = coalesce(
        (SELECT id FROM inbound_event WHERE state = 'processing' AND lease_until < clock_timestamp()
         ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED),
        (SELECT id FROM inbound_event e WHERE state = 'waiting' AND due_at <= {{}} AND ({NEXT})
         ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED))
    RETURNING id"""  # noqa: S608 – our own words


@dataclass(frozen=True)
class Fetching:
    """A handler of events that do not carry everything: `fetch` asks for the rest before the transaction begins."""

    fetch: Callable[[Organization, dict], Awaitable[dict]]
    handle: Handler

    async def __call__(self, organization: Organization, event: dict, now: datetime) -> str:
        return await self.handle(organization, event, now)


class Problem(Exception):
    """An event says something that cannot be right; the sentence is for staff."""


class Overtaken(Exception):
    """The lease ran out and another worker has the event: this transaction must not count."""


def named(external_id: object, kind: object) -> tuple[str, str]:
    """The sender's id and the kind of an event as they are kept; BadSignature when it cannot be told apart by them."""
    if not isinstance(external_id, str) or not isinstance(kind, str):
        raise BadSignature("not an event")
    if not 0 < len(external_id) <= 200 or not external_id.isprintable():
        raise BadSignature("not an event")
    return external_id, "".join(char if char.isprintable() else "?" for char in kind[:120])


async def record(
    organization: int, sender: str, external_id: str, kind: str, body: bytes, now: datetime, *, livemode: bool = False
) -> bool:
    """Store a verified event and say True; the same one again only raises its `repeats`. Committed when this
    returns."""
    key = f"{organization}:{sender}:{external_id}"
    [kept] = await rows(STORE, organization, key, sender, external_id, kind, body, livemode, now, now, now)
    crash.point("event.stored")
    return kept["new"]


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
    [organization] = await Organization.objects().where(Organization.id == event.organization)
    try:
        if event.attempt > ATTEMPTS:
            raise Problem(f"The process stopped each of the {ATTEMPTS} times this was handled.")
        async with asyncio.timeout(HANDLING):
            await _handle(event, organization, handlers, now)
        crash.point("event.handled")
    except Overtaken:
        log.warning("inbound event %s was overtaken", event.id)
    except Exception as problem:
        await _put_back(event, organization, problem, now)
    return True


async def _handle(
    event: InboundEvent, organization: Organization, handlers: Mapping[str, Handler], now: datetime
) -> None:
    """All or nothing; again at once when another transaction was in the way."""
    handler = handlers.get(f"{event.sender}:{event.kind}")
    fetched = await handler.fetch(organization, json.loads(event.body)) if isinstance(handler, Fetching) else None
    for clash in range(1, CLASHES + 1):
        try:
            async with transaction():
                state, result = EventState.ignored, "Nothing here uses this kind of event."
                if handler:
                    state, result = (
                        EventState.handled,
                        await handler(organization, fetched or json.loads(event.body), now),
                    )
                await _settle(event, state, now, result=result, error="")
            return
        except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError):
            if clash == CLASHES:
                raise
            await asyncio.sleep(0.05 * clash)


async def _put_back(event: InboundEvent, organization: Organization, problem: Exception, now: datetime) -> None:
    """Keep why it failed. What another try may mend waits, longer each time; the rest is left to a person."""
    words, for_good = _judged(problem)
    failed = for_good or event.attempt >= ATTEMPTS
    attempts = [*event.attempts, {"at": now.isoformat(), "error": words}][-20:]
    wait = timedelta(seconds=BACK_OFF[min(event.attempt, len(BACK_OFF)) - 1])
    try:
        async with transaction():
            state = EventState.failed if failed else EventState.waiting
            await _settle(event, state, now, error=words, due_at=now + wait, attempts=attempts)
            if failed:
                await deliveries.queue_alert(
                    organization, "event_failed", key=f"alert:event_failed:{event.id}",
                    title=f"{event.sender.capitalize()} event failed: {event.kind}", lines=[words],
                    href=f"/{organization.slug}/events/{event.id}", subject=("event", event.id),
                )  # fmt: skip
    except Overtaken:
        log.warning("inbound event %s was overtaken", event.id)


def _judged(problem: Exception) -> tuple[str, bool]:
    """What went wrong, short and without values that may be somebody's data; and whether no later try can mend it."""
    if isinstance(problem, Problem):
        return f"{problem} Nothing was changed.", True
    known = problem if isinstance(problem, DashboardError) else translate(problem)
    if known is not None:
        return known.message, isinstance(known, Invalid)
    log.exception("handling an inbound event failed", exc_info=problem)
    if isinstance(problem, KeyError) and problem.args and isinstance(problem.args[0], str):
        return f"The field {problem.args[0][:60]!r} is missing. Nothing was changed.", True
    if isinstance(problem, TypeError | AttributeError | ValueError | LookupError | RecursionError):
        return f"A field is not what it should be ({type(problem).__name__}). Nothing was changed.", True
    return f"{type(problem).__name__} while handling it. Nothing was changed.", False


async def _settle(event: InboundEvent, state: EventState, now: datetime, **also: Any) -> None:
    """Only the worker whose attempt this is may write; a late one is overtaken and rolls back."""
    settled_at = None if state == EventState.waiting else now
    changes: dict[Any, Any] = {"state": state.value, "lease_until": None, "settled_at": settled_at} | also
    settled = (
        await InboundEvent.update(changes)
        .where(
            InboundEvent.id == event.id,
            InboundEvent.state == EventState.processing.value,
            InboundEvent.attempt == event.attempt,
        )
        .returning(InboundEvent.id)
    )
    if not settled:
        raise Overtaken
    await activity.changed(event.organization, "events")
