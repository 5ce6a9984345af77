"""The clock: rings when it is due, catches up, and one process leads."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard import clock
from dashboard.database import row, rows
from dashboard.runs import actions
from dashboard.runs.clockwork import LEADER_LOCK, SEEN, Clockwork, Job
from dashboard.runs.tables import Run
from dashboard.schedule import SCHEDULE

NOON = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC)


def a_job(cron="*/15 * * * *", name="count"):
    async def nothing(now):
        return {}

    return Job(name, nothing, cron, "Count", "Counts")


class Time:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


def a_clock(*jobs, now=None):
    now = now or Time()
    return Clockwork(list(jobs), lambda job, due: actions.run(job, now(), due_at=due), now)


async def leading(clockwork):
    """Run it until it leads and has looked at every job once; the task."""
    task = asyncio.create_task(clockwork.run())
    await until(lambda: clockwork.state == "leader" and len(clockwork._rung) == len(clockwork.jobs))
    return task


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def stop(*started):
    for clockwork, task in started:
        await clockwork.finish(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def ended(*clockworks):
    """Until what was rung has run."""
    for clockwork in clockworks:
        await asyncio.gather(*clockwork._running)


async def periods(*clockworks, job="count"):
    await ended(*clockworks)
    return [row["period"] for row in await Run.select(Run.period).where(Run.job == job).order_by(Run.id)]


# ── when it is due ──


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([job.cron for job in SCHEDULE] + ["0 9 * * mon-fri", "0 0 1 * *", "0 0 29 feb *", "* * * * *"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),
)
def test_the_last_time_lies_before_the_next_and_nothing_lies_between(cron, moment):
    job = a_job(cron)
    last, following = job.last_before(moment), job.next_after(moment)
    assert last <= moment < following
    assert job.next_after(last) == following
    assert last.second == last.microsecond == 0


@pytest.mark.parametrize("night", [datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)], ids=str)
def test_the_night_the_clocks_change_has_every_period_once(night):
    job, rung = a_job("30 1 * * *"), [night - timedelta(hours=12)]
    for _ in range(3):
        rung.append(job.next_after(rung[-1]))
    assert [at.hour for at in rung[1:]] == [1, 1, 1]
    assert rung[3] - rung[2] == rung[2] - rung[1] == timedelta(days=1)


def test_weekdays_are_written_as_names():
    with pytest.raises(ValueError, match="weekdays"):
        a_job("0 9 * * 1-5").trigger  # noqa: B018
    assert a_job("0 9 * * mon-fri").next_after(datetime(2026, 11, 21, tzinfo=UTC)).weekday() == 0


def test_every_job_of_the_schedule_is_well_formed():
    assert len({job.name for job in SCHEDULE}) == len(SCHEDULE)
    for job in SCHEDULE:
        assert job.last_before(NOON) <= NOON < job.next_after(NOON)
        assert job.title
        assert job.what
        assert len(job.known) <= 60


# ── who rings ──


async def test_one_leads_the_other_stands_by_and_takes_over(acme):
    one, other = a_clock(a_job()), a_clock(a_job())
    first = await leading(one)
    second = asyncio.create_task(other.run())
    await asyncio.sleep(0.3)
    assert (one.state, other.state) == ("leader", "standby")
    await stop((one, first))
    assert one.state == "stopped"
    await until(lambda: other.state == "leader")
    await stop((other, second))


async def test_a_leader_whose_connection_is_cut_lets_go(acme):
    one = a_clock(a_job())
    task = await leading(one)
    await rows(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = {} "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        LEADER_LOCK,
    )
    await until(lambda: one.state == "standby")
    await until(lambda: one.state == "leader")
    await stop((one, task))


async def test_a_leader_that_shows_no_life_is_pushed_out(acme):
    """As a process that was stopped, or a host whose network is gone: its lock would last for ever."""
    from dashboard.database import current_engine

    frozen = await current_engine().get_new_connection()
    assert await frozen.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK)
    await rows("INSERT INTO setting (name, value) VALUES ({}, (now() - interval '59 s')::text)", SEEN)
    one = a_clock(a_job())
    task = asyncio.create_task(one.run())
    await asyncio.sleep(0.5)
    assert one.state == "standby"
    await rows("UPDATE setting SET value = (now() - interval '61 s')::text WHERE name = {}", SEEN)
    await until(lambda: one.state == "leader")
    await stop((one, task))
    frozen.terminate()


async def test_a_missed_period_is_caught_up_once_and_a_new_job_waits_for_its_time(acme):
    await Run.insert(Run(job="count", period="old", outcome="ok", due_at=NOON - timedelta(days=2), started_at=NOON))
    one = a_clock(a_job(), a_job(name="brand_new"))
    task = await leading(one)
    assert await periods(one) == ["old", "2026-11-21T12:00Z"]
    assert await periods(one, job="brand_new") == []
    await stop((one, task))
    again = a_clock(a_job(), a_job(name="brand_new"), now=Time(NOON + timedelta(minutes=20)))
    task = await leading(again)
    assert await periods(again, job="brand_new") == ["2026-11-21T12:15Z"]  # known, and its first time has passed
    assert await periods(again) == ["old", "2026-11-21T12:00Z", "2026-11-21T12:15Z"]
    await stop((again, task))


async def test_a_jump_of_the_clock_makes_nothing_run_twice_or_never(acme):
    now = Time()
    one = a_clock(a_job(), now=now)
    task = await leading(one)
    one._sweep()
    assert await periods(one) == []
    now.now = NOON + timedelta(hours=1)
    one._sweep()
    one._sweep()
    assert await periods(one) == ["2026-11-21T13:00Z"]
    now.now = NOON - timedelta(hours=1)
    one._sweep()
    assert await periods(one) == ["2026-11-21T13:00Z"]
    now.now = NOON + timedelta(days=3650)
    one._sweep()
    assert len(await periods(one)) == 2
    await stop((one, task))


async def test_two_clocks_that_both_believe_to_lead_make_one_run(acme):
    one, other = a_clock(a_job()), a_clock(a_job())
    for clockwork in (one, other):
        clockwork._ring(clockwork.jobs[0], NOON.replace(second=0))
    assert await periods(one, other) == ["2026-11-21T12:00Z"]


async def test_a_run_given_up_half_way_is_taken_up_if_it_is_still_the_newest(acme):
    now = Time()
    job = a_job()
    for minutes in (15, 0):
        await actions.start(job, NOON, due_at=NOON.replace(second=0) - timedelta(minutes=minutes))
        await rows("UPDATE run SET lease_until = clock_timestamp() - interval '1 s' WHERE outcome = 'running'")
    one = a_clock(job, now=now)
    await one._take_up()
    await ended(one)
    found = {row["period"]: row["outcome"] for row in await Run.select(Run.period, Run.outcome)}
    assert found == {"2026-11-21T12:00Z": "ok", "2026-11-21T11:45Z": "failed"}


async def test_a_stopped_clock_rings_no_more_and_ends_what_takes_too_long(acme):
    started = asyncio.Event()

    async def endless(now):
        started.set()
        await asyncio.sleep(3600)

    job = Job("count", endless, "*/15 * * * *", "Count", "Counts")
    one = a_clock(job)
    one._ring(job, NOON.replace(second=0))
    await started.wait()
    await one.finish(0.1)
    one._ring(job, NOON.replace(second=0) + timedelta(minutes=15))
    assert await periods() == ["2026-11-21T12:00Z"]
    run = await Run.objects().first()
    assert (run.outcome, run.error) == ("failed", actions.STOPPED)


async def test_the_alarm_itself_rings(acme):
    """APScheduler with a job that is due every second of the test: the only place that waits for real time."""
    from apscheduler.triggers.interval import IntervalTrigger

    class Often(Job):
        @property
        def trigger(self):
            return IntervalTrigger(seconds=1, timezone=UTC)

        def last_before(self, moment):
            return moment.replace(microsecond=0)

    async def nothing(now):
        return {}

    rung = []

    async def ring(job, due):
        rung.append(due)

    one = Clockwork([Often("often", nothing, "* * * * *", "Often", "Often")], ring, clock.now)
    task = await leading(one)
    await until(lambda: len(rung) >= 2)
    assert len(set(rung)) == len(rung)
    seen = await row("SELECT value FROM setting WHERE name = {}", SEEN)
    assert seen is not None
    await stop((one, task))
