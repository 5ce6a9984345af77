"""APScheduler as an alarm clock: one leader rings, every ring claims its period, so two processes change nothing."""

import asyncio
import contextlib
import itertools
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from dashboard.database import current_engine, row, rows

log = logging.getLogger(__name__)
LEADER_LOCK = 712_002
NUMBERED_DAY = re.compile(r"\d")
BEAT = 5.0  # seconds between signs of life
TAKE_UP_EVERY = 6  # beats
SEEN = "clock_seen_at"

SHOW_LIFE = """
    INSERT INTO setting (name, value) VALUES ($1, clock_timestamp()::text)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""

# A leader that was stopped, or whose network is gone, keeps its lock for as long as its connection seems to live.
PUSH_OUT = """
    SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN setting s ON s.name = $1
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $2 AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND s.value::timestamptz < clock_timestamp() - interval '60 s'"""

KNOW = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"

LAST = """
    SELECT coalesce((SELECT max(due_at) FROM run WHERE job = {}),
                    (SELECT value::timestamptz FROM setting WHERE name = {})) AS at"""

ABANDONED = """
    SELECT job, due_at FROM run
    WHERE outcome = 'running' AND due_at IS NOT NULL AND lease_until <= clock_timestamp() ORDER BY id"""


@dataclass(frozen=True)
class Job:
    """One recurring job. `function` gets the time, finds its own due work, and returns counts."""

    name: str
    function: Callable[[datetime], Awaitable[dict[str, int] | None]]
    cron: str
    title: str
    what: str
    limit: timedelta = timedelta(minutes=15)

    @property
    def trigger(self) -> CronTrigger:
        """Weekdays by name only: APScheduler counts them from Monday, cron from Sunday."""
        if NUMBERED_DAY.search(self.cron.split()[4]):
            raise ValueError(f"{self.name}: write weekdays as names")
        return CronTrigger.from_crontab(self.cron, timezone=UTC)

    def next_after(self, moment: datetime) -> datetime:
        """The first time it is due after a moment."""
        return self.trigger.get_next_fire_time(None, moment + timedelta(microseconds=1))

    def last_before(self, moment: datetime) -> datetime:
        """The last time it was due, at or before a moment."""
        trigger, back = self.trigger, timedelta(minutes=2)
        while (found := trigger.get_next_fire_time(None, moment - back)) > moment:
            back *= 2
        step = timedelta(microseconds=1)
        while (following := trigger.get_next_fire_time(None, found + step)) <= moment:
            found = following
        return found

    @property
    def known(self) -> str:
        """The setting that says since when this installation has the job."""
        return f"job:{self.name}"


Ring = Callable[[Job, datetime], Awaitable[object]]


class Clockwork:
    """Waits to be leader, then rings. `state` is standby, leader or stopped."""

    def __init__(self, jobs: list[Job], ring: Ring, now: Callable[[], datetime]) -> None:
        self.jobs, self.ring, self.now = jobs, ring, now
        self.state = "standby"
        self._stop = asyncio.Event()
        self._running: set[asyncio.Task] = set()
        self._rung: dict[str, datetime] = {}
        self._swept_at: datetime | None = None

    async def run(self) -> None:
        """For as long as the process lives: stand by, lead while the lock's connection lives, stand by again."""
        while not self._stop.is_set():
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._lead_once()
            if not self._stop.is_set():
                self.state = "standby"
            await self._wait(2)

    async def _lead_once(self) -> None:
        connection = await current_engine().get_new_connection()  # of its own: a pool would release the lock
        scheduler = AsyncIOScheduler(timezone=UTC)
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                await connection.fetch(PUSH_OUT, SEEN, LEADER_LOCK)
                return
            await connection.execute(SHOW_LIFE, SEEN)
            for job in self.jobs:
                await connection.execute(KNOW, job.known, self.now().isoformat())
                scheduler.add_job(
                    self._alarm, job.trigger, args=[job], coalesce=True, misfire_grace_time=None, max_instances=1
                )
            self.state = "leader"
            await self._catch_up()
            scheduler.start()
            for beat in itertools.count():
                await connection.execute(SHOW_LIFE, SEEN)
                self._sweep()
                if beat % TAKE_UP_EVERY == 0:
                    await self._take_up()
                await self._wait(BEAT)
                if self._stop.is_set():
                    return
        except Exception as problem:
            log.warning("the clock lost its lock: %s", type(problem).__name__)
            raise
        finally:
            if scheduler.running:
                scheduler.shutdown(wait=False)
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _catch_up(self) -> None:
        """What was due while nobody led runs now, once: the scheduler's own memory forgets it."""
        for job in self.jobs:
            due = job.last_before(self.now())
            last = await row(LAST, job.name, job.known)
            if last and last["at"] is not None and last["at"] < due:
                self._ring(job, due)
            else:
                self._rung[job.name] = due

    async def _take_up(self) -> None:
        """Runs whose process died half way, if they are still the newest of their job, start again."""
        known = {job.name: job for job in self.jobs}
        for run in await rows(ABANDONED):
            job = known.get(run["job"])
            if job is not None and run["due_at"] == job.last_before(self.now()):
                self._rung.pop(job.name, None)
                self._ring(job, run["due_at"])

    async def _alarm(self, job: Job) -> None:
        self._ring(job, job.last_before(self.now()))

    def _sweep(self) -> None:
        """A clock that jumped leaves the alarms waiting for the old time; this looks at the time as it is."""
        for job in self.jobs:
            due = job.last_before(self.now())
            if due > self._rung.get(job.name, due):
                self._ring(job, due)

    def _ring(self, job: Job, due_at: datetime) -> None:
        """Start a task of our own, once per period: the scheduler's shutdown would cancel its coroutines half way."""
        if self._stop.is_set() or self._rung.get(job.name) == due_at:
            return
        self._rung[job.name] = due_at
        task = asyncio.create_task(self._guarded(job, due_at))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _guarded(self, job: Job, due_at: datetime) -> None:
        try:
            await self.ring(job, due_at)
        except Exception:
            log.exception("job %s could not be started", job.name)

    async def finish(self, seconds: float = 8) -> None:
        """Ring no more; let running jobs end before the process stops, then stop them."""
        self.state = "stopped"
        self._stop.set()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
