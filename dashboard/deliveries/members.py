"""What becomes of the members of a batch. Every change asks first whether the batch is still this worker's."""

from datetime import datetime
from typing import Any

from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries.tables import BatchState, DeliveryState, MailBatch

OURS = "WHERE id = {} AND lease_token = {} AND state = 'sending'"
END = "UPDATE mail_batch SET state = {}, body = '', lease_token = '', lease_until = NULL " + OURS  # noqa: S608
WAIT = (
    """UPDATE mail_batch SET state = CASE why WHEN '' THEN 'waiting' ELSE 'paused' END, due_at = {}, unclear_via = {},
    why = CASE why WHEN '' THEN {} ELSE why END, lease_token = '', lease_until = NULL """  # noqa: S608
    + OURS
    + " RETURNING id"
)
TRIED = (
    " INSERT INTO delivery_attempt (delivery, number, outcome, detail, at) SELECT id, attempt, {}, {}, {} FROM moved"
)
# In one statement, since this is what happens most: the batch first, then its members, one line for each.
ARRIVED = f"""WITH ended AS ({END} RETURNING id),
    moved AS (
        UPDATE delivery d SET state = 'sent', why = '', provider_id = u.provider_id, unclear_via = '',
            settled_at = {{}}, lease_token = ''
        FROM unnest({{}}::bigint[], {{}}::text[]) u(id, provider_id)
        WHERE d.id = u.id AND d.batch = (SELECT id FROM ended) AND d.state = 'sending' RETURNING d.id, d.attempt),
    lines AS (
        INSERT INTO delivery_attempt (delivery, number, outcome, detail, at)
        SELECT id, attempt, 'sent', '', {{}} FROM moved)
    SELECT pg_notify('backdesk', {{}}) FROM ended"""  # noqa: S608
MOVED = (
    """WITH moved AS (
    UPDATE delivery SET state = {}, why = {}, unclear_via = {}, settled_at = {}, lease_token = ''
    WHERE id = ANY({}) AND batch = {} AND state = 'sending' RETURNING id, attempt)"""  # noqa: S608
    + TRIED
)
BACK = """
    UPDATE delivery SET state = {}, why = {}, due_at = {}, settled_at = {}::timestamptz, bulk = bulk AND NOT {},
        attempt = greatest(0, attempt - 1), first_tried_at = NULL, lease_token = '', batch = NULL
    WHERE id = ANY({}) AND batch = {} AND state = 'sending'"""


async def arrived(batch: MailBatch, provider_ids: list[str], now: datetime) -> None:
    """The provider took all of them."""
    hint = f"{batch.organization}:outbox"
    await rows(
        ARRIVED, BatchState.done.value, batch.id, batch.lease_token, now, batch.members, provider_ids, now, hint
    )  # fmt: skip


async def wait(batch: MailBatch, why: str, due_at: datetime, unclear_via: str) -> None:
    """The same batch again, later; or not until it is resumed, when what it is about was paused in the meantime."""
    await rows(WAIT, due_at, unclear_via, why, batch.id, batch.lease_token)
    await activity.changed(batch.organization, "outbox")


async def finish(batch: MailBatch, state: BatchState, outcome: DeliveryState, why: str, now: datetime) -> None:
    """All of them end alike: failed or unknown."""
    async with transaction():
        if not await _end(batch, state):
            return
        await end(batch.members, batch.id, outcome, why, now, batch.unclear_via)
        if batch.subject_kind:
            what = "were not sent" if outcome == DeliveryState.failed else "may or may not have arrived"
            await activity.record(
                batch.organization, batch.subject_kind, batch.subject_id, f"mails_{outcome.value}",
                f"{len(batch.members)} mails {what}", actor="system", detail=why,
            )  # fmt: skip


async def end(
    ids: list[int], batch: int, state: DeliveryState, why: str, now: datetime, unclear_via: str = ""
) -> None:  # fmt: skip
    """The end of some members, inside a transaction."""
    await rows(MOVED, state.value, why, unclear_via, now, ids, batch, state.value, why, now)


async def dissolve(
    batch: MailBatch, state: DeliveryState, why: str, now: datetime, *, due_at: datetime, alone: bool = False
) -> None:  # fmt: skip
    """Nothing of it arrived: its members wait each for itself again, `alone` to leave singly. Those whose campaign was
    paused in the meantime are taken back."""
    async with transaction():
        ended = await _end(batch, BatchState.dissolved)
        if not ended:
            return
        if withdrawn := ended["why"]:
            state, why = DeliveryState.cancelled, withdrawn
        settled_at = now if state == DeliveryState.cancelled else None
        await rows(BACK, state.value, why, due_at, settled_at, alone, batch.members, batch.id)


async def _end(batch: MailBatch, state: BatchState) -> dict[str, Any] | None:
    ended = await row(END + " RETURNING why", state.value, batch.id, batch.lease_token)
    if ended:
        await activity.changed(batch.organization, "outbox")
    return ended
