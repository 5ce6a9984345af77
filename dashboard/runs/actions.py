"""Running a job once for a period, and writing down how it went."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from dashboard.database import claim, hint, rows, serialize, transaction, translate
from dashboard.errors import DashboardError
from dashboard.runs.clockwork import Job
from dashboard.runs.tables import Run

log = logging.getLogger(__name__)
RENEW = 20.0  # seconds; a third of the lease
GRACE = 5.0  # seconds a job has to end after it was told to
STOPPED = "The process stopped while it ran."

# A run whose process died is over; the same period may be taken up again, any other is closed.
CLOSE = """
    UPDATE run SET outcome = 'failed', error = {}, finished_at = lease_until, lease_until = NULL
    WHERE job = {} AND outcome = 'running' AND lease_until <= clock_timestamp() AND period <> {}"""

START = """
    INSERT INTO run (job, period, outcome, due_at, started_at, lease_until, counts, error)
    SELECT {}, {}, 'running', {}, {}, clock_timestamp() + interval '60 s', jsonb_build_object(), ''
    WHERE NOT EXISTS (SELECT 1 FROM run WHERE job = {} AND outcome = 'running' AND lease_until > clock_timestamp())
    ON CONFLICT (job, period) DO UPDATE SET started_at = excluded.started_at, lease_until = excluded.lease_until
        WHERE run.outcome = 'running' AND run.lease_until <= clock_timestamp()
    RETURNING id"""

HOLD = """
    UPDATE run SET lease_until = clock_timestamp() + interval '60 s'
    WHERE id = {} AND started_at = {} AND outcome = 'running' RETURNING id"""

SETTLE = """
    UPDATE run SET outcome = {}, counts = {}, error = {}, finished_at = {}, lease_until = NULL
    WHERE id = {} AND started_at = {} AND outcome = 'running' RETURNING id"""


class Overtaken(Exception):
    """Another process has this run by now: what is still under way here must not go on."""


async def run(job: Job, now: datetime, *, due_at: datetime | None = None, period: str = "") -> Run | None:
    """Run the job for the period that was due, or by hand without one. None when that period was run before, or the job
    is still running: two runs of one job never overlap."""
    started = await start(job, now, due_at=due_at, period=period)
    return await carry_out(job, started) if started else None


async def start(job: Job, now: datetime, *, due_at: datetime | None = None, period: str = "") -> Run | None:
    """Claim a run; `carry_out` then does the work."""
    period = period or (f"{due_at:%Y-%m-%dT%H:%MZ}" if due_at else f"manual:{secrets.token_hex(8)}")
    async with transaction():
        await serialize(f"job:{job.name}")
        await rows(CLOSE, STOPPED, job.name, period)
        started = await claim(START, job.name, period, due_at, now, job.name)
        if not started:
            return None
        await hint("backdesk", "*:runs")
    return await Run.objects().where(Run.id == started[0]["id"]).first()


async def carry_out(job: Job, started: Run) -> Run:
    """Do the work of a claimed run within its limit, and write down how it went."""
    began = time.monotonic()
    outcome, counts, error = "failed", {}, ""
    try:
        counts = await _watched(job, started)
        outcome = "ok"
    except TimeoutError:
        error = f"Stopped after {job.limit.total_seconds() / 60:.0f} minutes."
    except Overtaken:
        log.warning("job %s was overtaken", job.name)
    except asyncio.CancelledError:
        error = STOPPED
        await asyncio.shield(_settle(started, outcome, counts, error, began))
        raise
    except Exception as problem:
        log.exception("job %s failed", job.name)
        error = _words(problem)
    await _settle(started, outcome, counts, error, began)
    await started.refresh()
    return started


async def _watched(job: Job, started: Run) -> dict[str, int]:
    """The job's counts. Renews the lease while it works; TimeoutError past the limit, Overtaken without the lease."""
    work = asyncio.create_task(_call(job, started.started_at))
    until = time.monotonic() + job.limit.total_seconds()
    try:
        while not work.done():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            await asyncio.wait({work}, timeout=min(RENEW, left))
            if not work.done() and not await _hold(started):
                raise Overtaken
        return work.result()
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=GRACE)


async def _call(job: Job, now: datetime) -> dict[str, int]:
    try:
        return await job.function(now) or {}
    except TimeoutError as problem:  # its own, not the limit's
        raise DashboardError("Something it needed did not answer in time.") from problem


async def _hold(started: Run) -> bool:
    try:
        return bool(await rows(HOLD, started.id, started.started_at))
    except Exception as problem:
        if translate(problem) is None:
            raise
        return True  # the database is away; the lease tells when it is back


async def _settle(started: Run, outcome: str, counts: dict[str, int], error: str, began: float) -> None:
    finished = started.started_at + timedelta(seconds=time.monotonic() - began)
    async with transaction():
        await rows(SETTLE, outcome, counts, error, finished, started.id, started.started_at)
        await hint("backdesk", "*:runs")


def _words(problem: Exception) -> str:
    """Every organization sees this, so only sentences of our own; what else an error says stays in the log."""
    known = problem if isinstance(problem, DashboardError) else translate(problem)
    if known is not None:
        return known.message[:500]
    if type(problem) is RuntimeError:
        return str(problem)[:500]
    return f"{type(problem).__name__}. The log has the details."


# ── runs that somebody started and nobody waits for ──

_behind: set[asyncio.Task] = set()


def in_background(work: Coroutine[Any, Any, object]) -> None:
    """Go on after the answer. A task of its own: within the request, the browser's connection would wait for it."""
    task = asyncio.create_task(work)
    _behind.add(task)
    task.add_done_callback(_behind.discard)


async def finish_background(seconds: float = 8) -> None:
    """Wait for them, then stop them."""
    if not _behind:
        return
    _, late = await asyncio.wait(set(_behind), timeout=seconds)
    for task in late:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*late, return_exceptions=True)
