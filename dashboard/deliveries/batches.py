"""Many mails in one call. A batch is claimed, written and stored with its bytes in one transaction, handed over with
none open, and settled; whatever happens in between, it is only ever tried again as this very batch."""

import asyncio
import logging
import random
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard import crash
from dashboard.activity import actions as activity
from dashboard.database import claim, rows, transaction
from dashboard.deliveries import claiming, members, outcomes, suppressed, writing
from dashboard.deliveries.dispatcher import IntegrationsFor, finish_when_stopped, tell
from dashboard.deliveries.lanes import Lane, Lanes
from dashboard.deliveries.outcomes import Outcome
from dashboard.deliveries.senders import from_address, mail_missing, mail_via, message_of
from dashboard.deliveries.tables import BatchState, DeliveryState, MailBatch
from dashboard.integrations import Integrations
from dashboard.integrations.outcomes import NotTaken, ProviderError, Refused, Unclear

log = logging.getLogger(__name__)

LANE = "bulk"
LONGEST_CALL = 33.0  # seconds; the lease is 60
IN_A_ROW = 10  # batches of one campaign before others get their turn
ALONE = 50  # mails at once that go singly where the provider has no batches
# Ordered to the last column of delivery_bulk_due, else another index would do, with all that ever left in the way.
GROUPS = """
    WITH RECURSIVE found AS (
        (SELECT organization, subject_kind, subject_id FROM delivery WHERE state = 'queued' AND bulk
         ORDER BY organization, subject_kind, subject_id, due_at, id LIMIT 1)
        UNION ALL
        SELECT n.* FROM found f CROSS JOIN LATERAL (
            SELECT organization, subject_kind, subject_id FROM delivery WHERE state = 'queued' AND bulk
            AND (organization, subject_kind, subject_id) > (f.organization, f.subject_kind, f.subject_id)
            ORDER BY organization, subject_kind, subject_id, due_at, id LIMIT 1) n)
    SELECT organization, subject_kind, subject_id FROM found WHERE NOT (organization = ANY({}))"""
GROUP = "d.organization = {} AND d.subject_kind = {} AND d.subject_id = {} AND d.state = 'queued' AND d.bulk"
CLAIM = claiming.sql(
    GROUP + " AND d.due_at <= {}",
    columns="delivery.id, delivery.state, delivery.name, delivery.recipient, delivery.payload, delivery.resends, "
    "delivery.batch",
    lease="NULL::timestamptz",
    before="b AS MATERIALIZED (SELECT nextval(pg_get_serial_sequence('mail_batch', 'id')) AS id),",
    also="batch = CASE WHEN stopped IS NULL THEN (SELECT id FROM b) END,",
)
STORE = """
    INSERT INTO mail_batch (id, organization, subject_kind, subject_id, members, body, state, why, attempt, due_at,
        lease_token, lease_until, first_tried_at, unclear_via, created_at)
    VALUES ({}, {}, {}, {}, {}, {}, 'sending', '', 1, {}, {}, clock_timestamp() + interval '60 s', {}, '', {})"""
# What waits for its next try, and what a worker left behind when it died: that one may have arrived.
AGAIN = """
    WITH due AS (SELECT id, state FROM mail_batch WHERE state IN ('sending', 'waiting') AND
                 CASE state WHEN 'waiting' THEN due_at <= {} ELSE lease_until < clock_timestamp() END
                 AND NOT (organization = ANY({})) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE mail_batch b SET state = 'sending', attempt = b.attempt + 1, lease_token = {},
        lease_until = clock_timestamp() + interval '60 s', why = CASE due.state WHEN 'sending' THEN b.why ELSE '' END
    FROM due WHERE b.id = due.id RETURNING b.id, due.state = 'sending' AS left_behind"""
ALONE_NOW = """
    UPDATE delivery SET bulk = false WHERE id IN (
        SELECT d.id FROM delivery d WHERE d.organization = {} AND d.subject_kind = {} AND d.subject_id = {}
        AND d.state = 'queued' AND d.bulk AND d.due_at <= {} ORDER BY d.due_at, d.id FOR UPDATE OF d SKIP LOCKED
        LIMIT {} - (SELECT least(count(*), {}) FROM delivery o WHERE o.organization = {} AND o.subject_kind = {}
                    AND o.subject_id = {} AND o.state IN ('queued', 'sending') AND NOT o.bulk))
    RETURNING id"""
HOLD = "UPDATE delivery d SET state = 'held', why = {} WHERE " + GROUP + " RETURNING id"  # noqa: S608
TIDY = "DELETE FROM mail_batch WHERE state IN ('done', 'dissolved') AND created_at < {}"
KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Group:
    """Deliveries that may share a batch: one organization's, about one thing, and so from one sender."""

    organization: int
    subject_kind: str
    subject_id: int


async def work(integrations_for: IntegrationsFor, now: datetime, lanes: Lanes) -> int:
    """Hand over one batch, an old one before a new one; how many mails were claimed, 0 when there was nothing."""
    if lanes.stopping:
        return 0
    closed = lanes.closed(LANE, now)
    if await _again(integrations_for, now, lanes, closed):
        return 1
    found = [Group(**each) for each in await rows(GROUPS, closed)]
    random.shuffle(found)  # so that nobody waits behind a longer list
    for group in found:
        lane = lanes.of(LANE, group.organization)
        if lane.busy < lane.width and (taken := await _one_of(group, integrations_for, now, lanes, lane)):
            return taken
    return 0


async def tidy(now: datetime) -> None:
    """Forget batches that ended a week ago; what became of each mail is in the deliveries."""
    await rows(TIDY, now - KEEP)


async def _one_of(group: Group, integrations_for: IntegrationsFor, now: datetime, lanes: Lanes, lane: Lane) -> int:
    outside = await integrations_for(group.organization)
    address = await from_address(group.organization) or outside.mail.default_from
    facts = (group.organization, group.subject_kind, group.subject_id)
    if missing := mail_missing(outside, address):
        return await _changed(group.organization, await rows(HOLD, missing, *facts))
    if outside.mail.batches is None:
        return await _changed(group.organization, await rows(ALONE_NOW, *facts, now, ALONE, ALONE, *facts))
    lane.busy += 1
    total = 0
    try:
        for _ in range(IN_A_ROW):
            taken, batch = await _claim(group, outside, address, now)
            if batch is not None:
                crash.point("mails.claimed")
                await finish_when_stopped(asyncio.create_task(_hand_over(batch, outside, lane, now)), lanes)
            total += taken
            if not taken or lanes.stopping or lane.closed(now) or lane.busy > lane.width:
                break
        return total
    finally:
        lane.busy -= 1


async def _claim(
    group: Group, outside: Integrations, address: str, now: datetime
) -> tuple[int, MailBatch | None]:  # fmt: skip
    """A new batch, stored with its bytes; how many were claimed, and it, if any of them can leave."""
    assert outside.mail.batches is not None
    token, facts = secrets.token_hex(16), (group.organization, group.subject_kind, group.subject_id)
    async with transaction():
        most = outside.mail.batches.most_in_batch
        claimed = await claim(CLAIM, *suppressed.pads(), *facts, now, most, now, now, token)
        taken = sorted(
            (each for each in claimed if each["state"] == DeliveryState.sending), key=lambda each: each["id"]
        )
        messages, kept = [], []
        for each, made in zip(taken, await _write(group.organization, taken), strict=True):
            try:
                if isinstance(made, Exception):
                    raise made
                facts_of = (each["id"], each["resends"], each["name"], each["recipient"])
                message = message_of(*facts_of, made, str(made.get("from") or address))
                messages.append(outside.mail.checked(message))
                kept.append(each["id"])
            except ProviderError as problem:
                await members.end([each["id"]], each["batch"], DeliveryState.failed, problem.message, now)
            except Exception as problem:
                log.exception("delivery %s could not be prepared", each["id"])
                why = f"This could not be prepared for sending ({type(problem).__name__}). Nothing was sent."
                await members.end([each["id"]], each["batch"], DeliveryState.failed, why, now)
        if not kept:
            await _changed(group.organization, claimed)
            return len(claimed), None
        id, body = taken[0]["batch"], outside.mail.batches.batch(messages)
        await rows(STORE, id, *facts, kept, zlib.compress(body, 1), now, token, now, now)
    batch = MailBatch(
        id=id, organization=group.organization, subject_kind=group.subject_kind, subject_id=group.subject_id,
        members=kept, body=body, attempt=1, due_at=now, lease_token=token, first_tried_at=now,
    )  # fmt: skip
    return len(claimed), batch


async def _write(organization: int, taken: list[dict[str, Any]]) -> list[dict[str, Any] | Exception]:
    """Their payloads with their texts, in order."""
    made: dict[int, dict[str, Any] | Exception] = {}
    for name in {each["name"] for each in taken}:
        same = [each for each in taken if each["name"] == name]
        payloads = [each["payload"] for each in same]
        writer = writing.WRITERS.get(name)
        written = await writer(organization, payloads) if writer else payloads
        made |= {each["id"]: one for each, one in zip(same, written, strict=True)}
    return [made[each["id"]] for each in taken]


async def _again(integrations_for: IntegrationsFor, now: datetime, lanes: Lanes, closed: list[int]) -> bool:
    token = secrets.token_hex(16)
    found = await claim(AGAIN, now, closed, token)
    if not found:
        return False
    batch = await MailBatch.across_organizations().where(MailBatch.id == found[0]["id"]).first()
    outside = await integrations_for(batch.organization)
    via = mail_via(outside)
    if found[0]["left_behind"] and not batch.unclear_via:
        batch.unclear_via = via[0]
    doubt = outcomes.doubtful(batch, via, now)
    if doubt is None and batch.why:  # what it is about was paused while a worker died with it
        doubt = Outcome(DeliveryState.queued, batch.why, {"due_at": now, "unclear_via": batch.unclear_via})
    if doubt is None and not batch.body:
        doubt = Outcome(DeliveryState.unknown, "Somebody in this batch was forgotten before it was known to have left.")
    if doubt:
        await _settle(batch, doubt, now)
        return True
    batch.body = zlib.decompress(batch.body)
    lane = lanes.of(LANE, batch.organization)
    lane.busy += 1
    try:
        await finish_when_stopped(asyncio.create_task(_hand_over(batch, outside, lane, now)), lanes)
    finally:
        lane.busy -= 1
    return True


async def _hand_over(batch: MailBatch, outside: Integrations, lane: Lane, now: datetime) -> None:
    """One call, and what comes of it."""
    via = mail_via(outside)
    try:
        ids = await _call(batch, outside)
    except ProviderError as problem:
        tell(lane, problem, now)
        if isinstance(problem, NotTaken) and not batch.unclear_via and batch.attempt == 1:
            due_at = now + timedelta(seconds=max(1.0, problem.retry_after or 5.0))
            await members.dissolve(batch, DeliveryState.queued, problem.message, now, due_at=due_at)
            return
        outcome = outcomes.after(batch, problem, via, now)
        if isinstance(problem, Refused) and outcome.state == DeliveryState.failed and len(batch.members) > 1:
            # One of them is at fault, and nothing of it arrived: each goes alone and learns for itself.
            await members.dissolve(batch, DeliveryState.queued, problem.message, now, due_at=now, alone=True)
            return
        await _settle(batch, outcome, now)
        return
    crash.point("mails.answered")
    lane.worked()
    await members.arrived(batch, ids, now)
    crash.point("mails.settled")


async def _call(batch: MailBatch, outside: Integrations) -> list[str]:
    provider = outside.mail.batches
    if provider is None:
        raise Refused("Mail leaves by another way now, which has no batches.")
    try:
        async with asyncio.timeout(LONGEST_CALL):
            ids = await provider.send_batch(batch.body, batch.provider_key)
    except ProviderError:
        raise
    except Exception as problem:
        log.exception("batch %s broke while it was sent", batch.id)
        raise Unclear(f"Sending broke in the middle ({type(problem).__name__}). It may have left.") from None
    if len(ids) != len(batch.members):
        raise Unclear("The provider answered for another number of mails. They may have left.")
    return ids


async def _settle(batch: MailBatch, outcome: Outcome, now: datetime) -> None:
    """To be tried again as it is, or the end of it for all members."""
    if outcome.state == DeliveryState.queued:
        await members.wait(batch, outcome.why, outcome.also["due_at"], outcome.also.get("unclear_via", ""))
    elif outcome.state == DeliveryState.held:
        await members.dissolve(batch, DeliveryState.held, outcome.why, now, due_at=now)
    else:
        await members.finish(batch, BatchState.done, outcome.state, outcome.why, now)


async def _changed(organization: int, moved: list[dict[str, Any]]) -> int:
    if moved:
        await activity.changed(organization, "outbox")
    return len(moved)
