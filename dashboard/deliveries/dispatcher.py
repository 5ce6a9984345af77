"""Sends what is due: claim, commit, call the provider with no transaction open, settle. The only caller of providers
that changes anything outside."""

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from dashboard import crash
from dashboard.activity import actions as activity
from dashboard.database import claim, rows, transaction
from dashboard.deliveries.senders import SENDERS, Channel
from dashboard.deliveries.tables import Delivery, DeliveryAttempt, DeliveryState
from dashboard.integrations import Integrations
from dashboard.integrations.outcomes import NotConfigured, ProviderError, Refused, Unavailable, Unclear

log = logging.getLogger(__name__)

ATTEMPTS = 8
BATCH = 20
AT_ONCE = 8
BACK_OFF = [5, 30, 120, 600, 1800, 7200, 18000]  # seconds before tries 2–8
IntegrationsFor = Callable[[int | None], Awaitable[Integrations]]

CLAIM = """
    UPDATE delivery SET
        state = CASE WHEN kind = 'mail' AND EXISTS (
            SELECT 1 FROM suppression s WHERE s.organization = delivery.organization
            AND s.email_normalized = lower(delivery.recipient) AND s.reason <> 'unsubscribed'
        ) THEN 'suppressed' ELSE 'sending' END,
        why = '', attempt = attempt + 1, lease_token = {}, lease_until = clock_timestamp() + interval '60 s',
        first_tried_at = coalesce(first_tried_at, {})
    WHERE id IN (SELECT id FROM delivery WHERE state = 'queued' AND due_at <= {}
                 ORDER BY due_at, id LIMIT {} FOR UPDATE SKIP LOCKED)
    RETURNING id, state"""

EXPIRED = """
    UPDATE delivery SET lease_token = {}, lease_until = clock_timestamp() + interval '60 s'
    WHERE id IN (SELECT id FROM delivery WHERE state = 'sending' AND lease_until < clock_timestamp()
                 ORDER BY id LIMIT {} FOR UPDATE SKIP LOCKED)
    RETURNING id"""


async def work(integrations_for: IntegrationsFor, now: datetime) -> int:
    """Send one batch of due deliveries; how many were claimed."""
    token = secrets.token_hex(16)
    claimed = await claim(CLAIM, token, now, now, BATCH)
    if not claimed:
        return 0
    crash.point("delivery.claimed")
    sending = [row["id"] for row in claimed if row["state"] == DeliveryState.sending]
    suppressed = [row["id"] for row in claimed if row["state"] == DeliveryState.suppressed]
    if suppressed:
        await rows(
            "UPDATE delivery SET settled_at = {}, why = 'The address bounced, complained or was blocked by hand' "
            "WHERE id = ANY({})", now, suppressed,
        )  # fmt: skip
    deliveries = await Delivery.across_organizations().where(Delivery.id.is_in(sending)) if sending else []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(delivery: Delivery) -> None:
        async with gate:
            await _send(delivery, token, integrations_for, now)

    await asyncio.gather(*(one(delivery) for delivery in deliveries))
    return len(claimed)


async def rescue(integrations_for: IntegrationsFor, now: datetime) -> int:
    """Deliveries whose worker died: queued again where the provider recognises the key, else unknown. How many."""
    token = secrets.token_hex(16)
    expired = await claim(EXPIRED, token, BATCH)
    for row in expired:
        delivery = await Delivery.across_organizations().where(Delivery.id == row["id"]).first()
        channel = SENDERS[delivery.kind]
        problem = Unclear("The process stopped while this was being sent, so it may have left.")
        await _settle_problem(delivery, token, problem, channel, await integrations_for(delivery.organization), now)
    return len(expired)


async def _send(delivery: Delivery, token: str, integrations_for: IntegrationsFor, now: datetime) -> None:
    channel = SENDERS[delivery.kind]
    integrations = await integrations_for(delivery.organization)
    try:
        provider_id = await channel.send(delivery, integrations)
    except ProviderError as problem:
        await _settle_problem(delivery, token, problem, channel, integrations, now)
        return
    except Exception as problem:
        log.exception("delivery %s could not be prepared", delivery.id)
        refused = Refused(f"This could not be prepared for sending: {type(problem).__name__}.")
        await _settle_problem(delivery, token, refused, channel, integrations, now)
        return
    crash.point("provider.answered")
    await _settle(delivery, token, DeliveryState.sent, "", now, provider_id=provider_id)
    crash.point("delivery.settled")


async def _settle_problem(
    delivery: Delivery, token: str, problem: ProviderError, channel: Channel, integrations: Integrations, now: datetime
) -> None:
    """Held, failed, unknown, or queued again with back-off: the one place that decides."""
    last = delivery.attempt >= ATTEMPTS
    if isinstance(problem, NotConfigured):
        await _settle(delivery, token, DeliveryState.held, problem.message, now, attempt=delivery.attempt - 1)
    elif isinstance(problem, Refused):
        await _settle(delivery, token, DeliveryState.failed, problem.message, now)
    elif isinstance(problem, Unclear) and not _key_protects(delivery, channel, integrations, now):
        await _settle(delivery, token, DeliveryState.unknown, problem.message, now)
    elif last:
        state = DeliveryState.unknown if isinstance(problem, Unclear) else DeliveryState.failed
        await _settle(delivery, token, state, f"{problem.message} Tried {delivery.attempt} times.", now)
    else:
        wait = BACK_OFF[min(delivery.attempt, len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 – jitter
        if isinstance(problem, Unavailable) and problem.retry_after is not None:
            wait = problem.retry_after * random.uniform(1.0, 1.1)  # noqa: S311 – jitter
        await _settle(
            delivery, token, DeliveryState.queued, problem.message, now, due_at=now + timedelta(seconds=wait)
        )


def _key_protects(delivery: Delivery, channel: Channel, integrations: Integrations, now: datetime) -> bool:
    """Whether sending again cannot do it twice: the provider honours our key and still remembers it."""
    lifetime = channel.key_lifetime(integrations)
    if lifetime is None:
        return False
    return now - (delivery.first_tried_at or now) < lifetime - timedelta(hours=1)


async def _settle(
    delivery: Delivery, token: str, state: DeliveryState, why: str, now: datetime, **also: object
) -> None:
    """Write the outcome, but only while the lease is ours: otherwise another worker has it and we write nothing."""
    final = state not in (DeliveryState.queued, DeliveryState.held)
    changed = {"state": state.value, "why": why, "lease_until": None, "lease_token": ""} | also
    async with transaction():
        settled = (
            await Delivery.update(changed | ({"settled_at": now} if final else {}))
            .where(Delivery.id == delivery.id, Delivery.lease_token == token, Delivery.state == "sending")
            .returning(Delivery.id)
        )
        if not settled:
            return
        await DeliveryAttempt.insert(
            DeliveryAttempt(delivery=delivery.id, number=delivery.attempt, outcome=state.value, detail=why, at=now)
        )
        if delivery.organization is not None:
            await activity.changed(delivery.organization, "outbox")
