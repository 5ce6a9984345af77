"""Carrying batches out: claimed by a lease, in small transactions that each say how far it has come. Whoever takes over
from a killed worker goes on there, and nothing is done twice."""

import asyncio
import copy
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from piccolo.querystring import QueryString

from dashboard import crash
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import claim, row, rows, transaction, translate
from dashboard.errors import Conflict, DashboardError, Unavailable
from dashboard.leads.batches import SUBJECT, TOPIC

log = logging.getLogger(__name__)
TRIES, MOST_SPOILT = 3, 100
COLUMNS = "id, organization, kind, title, params, query, state, by, total, handled, counts, position, created_at"
TAKE = f"""
    UPDATE lead_batch SET state = CASE state WHEN 'waiting' THEN 'working' ELSE state END, lease_token = {{}},
        lease_until = clock_timestamp() + interval '60 seconds'
    WHERE id IN (SELECT b.id FROM lead_batch b WHERE {{}} AND b.state IN ('waiting', 'working', 'undoing')
                 AND coalesce(b.lease_until, '-infinity') < clock_timestamp()
                 ORDER BY b.lease_until NULLS FIRST, b.id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {COLUMNS}"""  # noqa: S608
# One at a time in an organization, so that what two of them do to the same leads has an order.
NEXT = """NOT EXISTS (SELECT FROM lead_batch o WHERE o.organization = b.organization
    AND o.state IN ('working', 'undoing') AND o.lease_until > clock_timestamp())"""
HOLD = "SELECT id FROM lead_batch WHERE id = {} AND lease_token = {} AND state = {} FOR UPDATE"
ADVANCE = """
    UPDATE lead_batch SET position = {}, handled = {}, counts = {}, params = {},
        lease_until = clock_timestamp() + interval '60 seconds' WHERE id = {}"""
END = """
    UPDATE lead_batch SET state = {}, error = {}, lease_token = '', lease_until = NULL,
        finished_at = CASE WHEN state = 'working' THEN now() ELSE finished_at END,
        undone_at = CASE WHEN {} = 'undone' THEN now() ELSE undone_at END, total = greatest(total, handled)
    WHERE id = {} AND lease_token = {}"""
RELEASE = "UPDATE lead_batch SET lease_token = '', lease_until = clock_timestamp() WHERE id = {} AND lease_token = {}"

Item = tuple[int, Any]  # its position, and what is to be done
Counts = dict[str, int]


class Work(Protocol):
    """What a batch does. Positions only grow."""

    async def following(self, position: int) -> Sequence[Item]:
        """The next items, a transaction full; none at the end. DashboardError stops the batch with its sentence."""
        ...

    async def write(self, items: Sequence[Item]) -> Counts:
        """Do it, inside a transaction that also moves the position. What came of it, by outcome."""
        ...

    async def spoilt(self, item: Item) -> Counts:
        """Say of one item that it could not be written."""
        ...

    async def finish(self) -> None:
        """What is left to do at the end, in the same transaction as the end."""
        ...


@dataclass
class Running:
    """A batch that this worker holds."""

    id: int
    organization: Organization
    kind: str
    title: str
    params: dict[str, Any]
    query: str
    state: str
    by: User | None
    total: int
    handled: int
    counts: Counts
    position: int
    created_at: datetime
    token: str
    spoilt: int = 0


Opening = Callable[[Running], Awaitable[Work]]


async def work(opening: Opening, going_on: Callable[[], bool]) -> bool:
    """Take the batch that has waited longest and carry it out, until it is done or `going_on` says no. False when there
    is nothing to do."""
    running = await _take(QueryString(NEXT))
    if running is None:
        return False
    await carry_out(running, opening, going_on)
    return going_on()


async def take(id: int) -> Running | None:
    """Hold this batch, for carrying it out within a request; None when a worker was faster."""
    return await _take(QueryString("b.id = {}", id))


async def _take(which: QueryString) -> Running | None:
    token = secrets.token_urlsafe(24)
    found = await claim(TAKE, token, which)
    if not found:
        return None
    facts = found[0]
    organization = await Organization.objects().get(Organization.id == facts["organization"])
    by = await User.objects().get(User.id == facts["by"]) if facts["by"] else None
    assert organization is not None
    return Running(**facts | {"organization": organization, "by": by, "token": token})


async def carry_out(running: Running, opening: Opening, going_on: Callable[[], bool] = lambda: True) -> None:
    """Work on a batch that is held, chunk by chunk."""
    try:
        task = await opening(running)
        while going_on():
            items = await task.following(running.position)
            if not items:
                await _end(running, task)
                return
            await _write(running, task, items)
        await rows(RELEASE, running.id, running.token)
    except Lost:
        log.info("batch %s was stopped or taken over", running.id)
    except Unavailable:
        await asyncio.shield(_let_go(running))
        raise
    except DashboardError as problem:
        await _fail(running, problem.message)
    except Exception as problem:
        if isinstance(translate(problem), Unavailable):
            raise
        log.exception("batch %s stopped", running.id)
        await _fail(running, "Stopped by a fault of ours, which was written down for whoever runs this installation.")


class Lost(Exception):
    """The batch was stopped, or its lease ran out and another worker has it."""


async def _write(running: Running, task: Work, items: Sequence[Item]) -> None:
    """One chunk, all or nothing. Where it cannot be written, halves of it, down to the one item that is at fault."""
    for attempt in range(TRIES):
        try:
            await _in_transaction(running, items, task.write, items)
            return
        except Lost:
            raise
        except Exception as problem:
            known = translate(problem)
            if isinstance(known, Conflict | Unavailable) and attempt < TRIES - 1:
                await asyncio.sleep(0.2 * (attempt + 1))  # somebody else was there first: look again
                continue
            if isinstance(known, Unavailable):
                raise known from problem
            if len(items) == 1:
                log.warning("batch %s: item %s cannot be written", running.id, items[0][0], exc_info=problem)
                break
            half = len(items) // 2
            await _write(running, task, items[:half])
            await _write(running, task, items[half:])
            return
    running.spoilt += 1
    if running.spoilt > MOST_SPOILT:
        raise DashboardError(f"More than {MOST_SPOILT} rows could not be written.")
    await _in_transaction(running, items, task.spoilt, items[0])


async def _in_transaction(
    running: Running, items: Sequence[Item], act: Callable[[Any], Awaitable[Counts]], argument: Any
) -> None:
    params = copy.deepcopy(running.params)
    try:
        async with transaction():
            if await row(HOLD, running.id, running.token, running.state) is None:
                raise Lost
            made = await act(argument)
            counts = {name: running.counts.get(name, 0) + made.get(name, 0) for name in {*running.counts, *made}}
            handled = running.handled + len(items)
            await rows(ADVANCE, items[-1][0], handled, counts, running.params, running.id)
            await activity.changed(running.organization, TOPIC)
            if running.kind != "check":
                await activity.changed(running.organization, "leads")  # undoing writes no line that would say so
            crash.point("batch.written")
    except BaseException:
        running.params = params
        raise
    running.position, running.handled, running.counts = items[-1][0], handled, counts
    crash.point("batch.advanced")


async def _end(running: Running, task: Work) -> None:
    undone = running.state == "undoing"
    async with transaction():
        if await row(HOLD, running.id, running.token, running.state) is None:
            raise Lost
        await task.finish()
        state = "undone" if undone else "done"
        await rows(END, state, "", state, running.id, running.token)
        if running.kind != "check":
            verb, title = ("undone", f"{running.title}: taken back") if undone else ("batch", running.title)
            data = {"counts": running.counts}
            await activity.record(running.organization, SUBJECT, running.id, verb, title, by=running.by, data=data)
        await activity.changed(running.organization, TOPIC)


async def _fail(running: Running, why: str) -> None:
    async with transaction():
        await rows(END, "failed", why, "failed", running.id, running.token)
        await activity.record(
            running.organization, SUBJECT, running.id, "failed", f"{running.title}: stopped", by=running.by, detail=why
        )
        await activity.changed(running.organization, TOPIC)


async def _let_go(running: Running) -> None:
    """Best effort: without it the lease runs out by itself."""
    try:
        await rows(RELEASE, running.id, running.token)
    except Exception:
        log.info("batch %s keeps its lease until it runs out", running.id)
