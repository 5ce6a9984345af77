"""Sends what is due: claim, commit, call the provider with no transaction open, settle. The only caller of providers
that changes anything outside."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from dashboard import crash
from dashboard.activity import actions as activity
from dashboard.database import claim, transaction
from dashboard.deliveries import claiming, outcomes, rewriting, suppressed, turns
from dashboard.deliveries.lanes import WIDEST, Lane, Lanes
from dashboard.deliveries.outcomes import Outcome
from dashboard.deliveries.senders import CHANNELS, from_address
from dashboard.deliveries.tables import KINDS, Delivery, DeliveryAttempt, DeliveryState
from dashboard.integrations import Integrations
from dashboard.integrations.outcomes import NotConfigured, OverQuota, ProviderError, Refused, Unavailable, Unclear
from dashboard.leads import contacts

log = logging.getLogger(__name__)

LEASE = 60.0  # seconds; as in CLAIM and EXPIRED
LONGEST_CALL = 33.0  # seconds; providers end theirs earlier
LATEST_START = LEASE - LONGEST_CALL - 5  # after the claim; later the lease might end during the call
GOODBYE = 8.0  # seconds for calls under way when the process is told to stop
IntegrationsFor = Callable[[int | None], Awaitable[Integrations]]

CLAIM = claiming.sql("""
    d.kind = {} AND d.state = 'queued' AND NOT d.bulk AND d.due_at <= {} AND NOT (coalesce(d.organization, 0) = ANY({}))
    AND """ + rewriting.MAY_LEAVE + " AND " + turns.MAY_LEAVE)  # fmt: skip

EXPIRED = """
    UPDATE delivery SET lease_token = {}, lease_until = clock_timestamp() + interval '60 s'
    WHERE id IN (SELECT id FROM delivery WHERE state = 'sending' AND lease_until < clock_timestamp()
                 ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED)
    RETURNING id"""


@dataclass(frozen=True)
class Shift:
    """What one claim has in common."""

    token: str
    now: datetime
    integrations_for: IntegrationsFor
    lanes: Lanes
    claimed_at: float

    def over(self) -> bool:
        """Too late to begin another call under this claim's lease, or the process is stopping."""
        return self.lanes.stopping or asyncio.get_running_loop().time() - self.claimed_at > LATEST_START


async def work(
    integrations_for: IntegrationsFor, now: datetime, kind: str | None = None, lanes: Lanes | None = None
) -> int:
    """Send one batch of what is due, of one kind or of each; how many were claimed. `lanes` remembers between batches
    which providers are away."""
    lanes = lanes or Lanes()
    if kind is None:
        return sum([await work(integrations_for, now, each, lanes) for each in KINDS])
    claimed_at = asyncio.get_running_loop().time()
    shift = Shift(secrets.token_hex(16), now, integrations_for, lanes, claimed_at)
    claimed = await claim(CLAIM, *suppressed.pads(), kind, now, lanes.closed(kind, now), WIDEST, now, now, shift.token)
    if not claimed:
        return 0
    crash.point("delivery.claimed")
    ids = [row["id"] for row in claimed if row["state"] == DeliveryState.sending]
    for organization in {row["organization"] for row in claimed} - {None}:
        await activity.changed(organization, "outbox")
    if ids:
        deliveries = await Delivery.across_organizations().where(Delivery.id.is_in(ids)).order_by(Delivery.due_at)
        await finish_when_stopped(asyncio.create_task(_send_all(deliveries, shift)), lanes)
    return len(claimed)


async def rescue(integrations_for: IntegrationsFor, now: datetime) -> int:
    """Deliveries whose worker died: queued again where the provider recognises the key, else unknown. How many."""
    token = secrets.token_hex(16)
    expired = await claim(EXPIRED, token)
    for row in expired:
        delivery = await Delivery.across_organizations().where(Delivery.id == row["id"]).first()
        via = CHANNELS[delivery.kind].via(await integrations_for(delivery.organization))
        stopped = Unclear("The process stopped while this was being sent, so it may have left.")
        await _settle(delivery, token, outcomes.after(delivery, stopped, via, now), now)
    return len(expired)


async def finish_when_stopped(batch: "asyncio.Task[None]", lanes: Lanes) -> None:
    """Told to stop, let the calls under way end: a call cut off here would have to be called unknown."""
    try:
        await asyncio.shield(batch)
    except asyncio.CancelledError:
        lanes.stopping = True
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(batch, GOODBYE)
        raise


async def _send_all(deliveries: list[Delivery], shift: Shift) -> None:
    gates: dict[int | None, asyncio.Semaphore] = {}

    async def one(delivery: Delivery) -> None:
        lane = shift.lanes.of(delivery.kind, delivery.organization)
        async with gates.setdefault(delivery.organization, asyncio.Semaphore(lane.width)):
            if lane.closed(shift.now) or shift.over():
                due_at = lane.until if lane.closed(shift.now) else delivery.due_at
                back = outcomes.not_tried(delivery, DeliveryState.queued, "", due_at=due_at)
                await _settle(delivery, shift.token, back, shift.now)
            else:
                await _send(delivery, shift, lane)

    results = await asyncio.gather(*(one(delivery) for delivery in deliveries), return_exceptions=True)
    for delivery, problem in zip(deliveries, results, strict=True):
        if isinstance(problem, Exception):  # its lease runs out, and it is rescued
            log.error("delivery %s was left in the middle", delivery.id, exc_info=problem)


async def _send(delivery: Delivery, shift: Shift, lane: Lane) -> None:
    channel, now = CHANNELS[delivery.kind], shift.now
    integrations = await shift.integrations_for(delivery.organization)
    via = channel.via(integrations)
    if doubt := outcomes.doubtful(delivery, via, now):
        await _settle(delivery, shift.token, doubt, now)
        return
    try:
        if missing := channel.missing(integrations, await from_address(delivery.organization, delivery.payload)):
            raise NotConfigured(missing)
        provider_id = await _call(delivery, integrations)
    except ProviderError as problem:
        tell(lane, problem, now)
        await _settle(delivery, shift.token, outcomes.after(delivery, problem, via, now), now)
        return
    crash.point("provider.answered")
    lane.worked()
    done = Outcome(DeliveryState.sent, "", {"provider_id": provider_id, "unclear_via": ""})
    await _settle(delivery, shift.token, done, now)
    crash.point("delivery.settled")
    if delivery.lead and delivery.name == contacts.REPLY:  # whoever answered looks at the lead next
        await contacts.wrote(delivery.lead, now)


async def _call(delivery: Delivery, integrations: Integrations) -> str:
    """The provider's id. A payload nobody can send is refused; what breaks once the call has begun is unclear."""
    try:
        call = await CHANNELS[delivery.kind].prepare(delivery, integrations)
    except ProviderError:
        raise
    except Exception as problem:
        log.exception("delivery %s could not be prepared", delivery.id)
        raise Refused(f"This could not be prepared for sending ({type(problem).__name__}). Nothing was sent.") from None
    try:
        async with asyncio.timeout(LONGEST_CALL):
            return await call()
    except ProviderError:
        raise
    except Exception as problem:
        log.exception("delivery %s broke while it was sent", delivery.id)
        raise Unclear(f"Sending broke in the middle ({type(problem).__name__}). It may have left.") from None


def tell(lane: Lane, problem: ProviderError, now: datetime) -> None:
    if isinstance(problem, OverQuota):
        lane.was_away(now, outcomes.QUOTA_PAUSE)
    elif isinstance(problem, Unavailable):
        lane.was_away(now, problem.retry_after)
    elif isinstance(problem, Unclear):
        lane.was_away(now, None)
    elif isinstance(problem, Refused):
        lane.worked()


async def _settle(delivery: Delivery, token: str, outcome: Outcome, now: datetime) -> None:
    """Write the outcome, but only while the lease is ours: otherwise another worker has it and we write nothing."""
    state, tried = outcome.state, "attempt" not in outcome.also
    final = state not in (DeliveryState.queued, DeliveryState.held)
    changed = {"state": state.value, "why": outcome.why, "lease_until": None, "lease_token": ""} | outcome.also
    async with transaction():
        settled = (
            await Delivery.update(changed | ({"settled_at": now} if final else {}))
            .where(Delivery.id == delivery.id, Delivery.lease_token == token, Delivery.state == "sending")
            .returning(Delivery.id)
        )
        if not settled:
            return
        if tried:
            attempt = DeliveryAttempt(
                delivery=delivery.id, number=delivery.attempt, outcome=state.value, detail=outcome.why, at=now
            )
            await DeliveryAttempt.insert(attempt)
        if delivery.organization is not None:
            await activity.changed(delivery.organization, "outbox")
            if state in (DeliveryState.failed, DeliveryState.unknown) and delivery.subject_kind:
                trouble = "was not sent" if state == DeliveryState.failed else "may or may not have arrived"
                await activity.record(
                    delivery.organization, delivery.subject_kind, delivery.subject_id, f"delivery_{state.value}",
                    f"{delivery.title} {trouble}"[:200], actor="system", detail=outcome.why,
                )  # fmt: skip
