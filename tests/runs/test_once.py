"""One run for each period, never two at a time, and every end written down."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.errors import Unavailable
from dashboard.runs import actions
from dashboard.runs.clockwork import Job
from dashboard.runs.tables import Run

DUE = datetime(2026, 11, 21, 4, 15, tzinfo=UTC)


def a_job(function=None, name="count", **more):
    async def nothing(now):
        return {"done": 1}

    return Job(name, function or nothing, "*/15 * * * *", "Count", "Counts", **more)


async def the_run():
    return await Run.objects().order_by(Run.id, ascending=False).first()


async def expire():
    await rows("UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE outcome = 'running'")


async def test_a_period_runs_once_however_many_processes_ring():
    ran = []

    async def slow(now):
        ran.append(now)
        await asyncio.sleep(0.05)

    results = await asyncio.gather(*(actions.run(a_job(slow), clock.now(), due_at=DUE) for _ in range(8)))
    assert len(ran) == 1
    assert len([run for run in results if run]) == 1
    assert await actions.run(a_job(slow), clock.now(), due_at=DUE) is None
    run = await the_run()
    assert (run.outcome, run.period, run.counts) == ("ok", "2026-11-21T04:15Z", {})
    assert run.finished_at >= run.started_at


async def test_by_hand_it_runs_every_time_but_not_twice_at_once():
    go, started = asyncio.Event(), asyncio.Event()

    async def waiting(now):
        started.set()
        await go.wait()
        return {"done": 3}

    first = asyncio.create_task(actions.run(a_job(waiting), clock.now()))
    await started.wait()
    assert await actions.run(a_job(waiting), clock.now()) is None
    assert await actions.run(a_job(waiting), clock.now(), due_at=DUE) is None
    assert await actions.run(a_job(name="another"), clock.now(), due_at=DUE) is not None
    go.set()
    assert (await first).counts == {"done": 3}
    assert (await actions.run(a_job(waiting), clock.now())).outcome == "ok"
    assert [row["period"][:7] for row in await Run.select(Run.period).where(Run.job == "count")] == ["manual:"] * 2


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (ValueError("ingrid@solheim.example"), "ValueError. The log has the details."),
        (RuntimeError("2 of 5 reminders could not be queued."), "2 of 5 reminders could not be queued."),
        (Unavailable("Storage is away."), "Storage is away."),
        (asyncpg.QueryCanceledError("x"), "The database is not answering. Nothing was changed."),
        (TimeoutError(), "Something it needed did not answer in time."),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_failure_is_written_down_without_what_others_may_not_see(problem, words):
    async def broken(now):
        raise problem

    run = await actions.run(a_job(broken), clock.now(), due_at=DUE)
    assert (run.outcome, run.error) == ("failed", words)
    assert run.finished_at is not None
    assert await actions.run(a_job(), clock.now(), due_at=DUE) is None  # the period is over; the next one tries again


async def test_an_endless_job_is_ended_at_its_limit():
    ended = []

    async def endless(now):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ended.append(True)
            raise

    run = await actions.run(a_job(endless, limit=timedelta(seconds=0.1)), clock.now())
    assert run.outcome == "failed"
    assert run.error.startswith("Stopped after")
    assert ended


async def test_a_job_that_works_long_keeps_its_lease(monkeypatch):
    monkeypatch.setattr(actions, "RENEW", 0.05)

    async def long(now):
        for _ in range(2):
            lease = (await the_run()).lease_until
            async with asyncio.timeout(60):
                while (await the_run()).lease_until == lease:
                    await asyncio.sleep(0.02)

    assert (await actions.run(a_job(long), clock.now())).outcome == "ok"


async def test_a_run_whose_process_died_is_closed_by_the_next_one():
    await actions.start(a_job(), clock.now(), due_at=DUE)
    assert await actions.run(a_job(), clock.now(), due_at=DUE + timedelta(minutes=15)) is None  # it may still live
    await expire()
    assert (await actions.run(a_job(), clock.now(), due_at=DUE + timedelta(minutes=30))).outcome == "ok"
    dead = await Run.objects().order_by(Run.id).first()
    assert (dead.outcome, dead.error) == ("failed", actions.STOPPED)


async def test_the_same_period_is_taken_up_again_after_its_process_died():
    await actions.start(a_job(), clock.now() - timedelta(minutes=2), due_at=DUE)
    await expire()
    assert (await actions.run(a_job(), clock.now(), due_at=DUE)).outcome == "ok"
    assert await Run.count() == 1


async def test_a_process_that_wakes_too_late_is_stopped_and_writes_nothing(monkeypatch):
    monkeypatch.setattr(actions, "RENEW", 0.05)
    asleep, cancelled = asyncio.Event(), asyncio.Event()

    async def sleeping(now):
        asleep.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    first = asyncio.create_task(actions.run(a_job(sleeping), clock.now() - timedelta(minutes=2), due_at=DUE))
    await asleep.wait()
    await expire()

    async def quick(now):
        return {"done": 7}

    assert (await actions.run(a_job(quick), clock.now(), due_at=DUE)).counts == {"done": 7}
    await first
    run = await the_run()
    assert cancelled.is_set()
    assert (run.outcome, run.counts, run.error) == ("ok", {"done": 7}, "")


async def test_a_process_that_is_told_to_stop_says_so():
    started = asyncio.Event()

    async def waiting(now):
        started.set()
        await asyncio.sleep(3600)

    task = asyncio.create_task(actions.run(a_job(waiting), clock.now()))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    run = await the_run()
    assert (run.outcome, run.error) == ("failed", actions.STOPPED)


async def test_a_travelled_time_is_what_the_job_gets():
    got = []

    async def noting(now):
        got.append(now)

    later = clock.now() + timedelta(days=7)
    run = await actions.run(a_job(noting), later)
    assert got == [later]
    assert run.started_at == later
    assert later <= run.finished_at < later + timedelta(hours=1)
