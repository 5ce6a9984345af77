"""APScheduler as an alarm clock: one leader rings, every ring claims its period, so two processes change nothing."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from dashboard.database import current_engine, row

log = logging.getLogger(__name__)
LEADER_LOCK = 712_002
NUMBERED_DAY = re.compile(r"\d")


@dataclass(frozen=True)
class Job:
    """One recurring job. `function` gets the time, finds its own due work, and returns counts."""

    name: str
    function: Callable[[datetime], Awaitable[dict[str, int] | None]]
    cron: str
    title: str
    what: str

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
        back = timedelta(minutes=2)
        while (found := self.next_after(moment - back)) > moment:
            back *= 2
        while (following := self.next_after(found)) <= moment:
            found = following
        return found


Ring = Callable[[Job, datetime], Awaitable[object]]


class Clockwork:
    """Waits to be leader, then rings. `state` is standby, leader or stopped."""

    def __init__(self, jobs: list[Job], ring: Ring, now: Callable[[], datetime]) -> None:
        self.jobs, self.ring, self.now = jobs, ring, now
        self.state = "standby"
        self.seen_at: datetime | None = None
        self._running: set[asyncio.Task] = set()

    async def run(self) -> None:
        """For as long as the process lives: stand by, lead while the lock's connection lives, stand by again."""
        while True:
            with contextlib.suppress(OSError):
                await self._lead_once()
            self.state = "standby"
            await asyncio.sleep(2)

    async def _lead_once(self) -> None:
        connection = await current_engine().get_new_connection()  # of its own: a pool would release the lock
        scheduler = AsyncIOScheduler(timezone=UTC)
        try:
            await connection.execute("SET idle_in_transaction_session_timeout = 0")
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER_LOCK):
                return
            self.state = "leader"
            for job in self.jobs:
                scheduler.add_job(
                    self._start, job.trigger, args=[job], coalesce=True, misfire_grace_time=None, max_instances=1
                )
            scheduler.start()
            await self._catch_up()
            while not connection.is_closed():
                await connection.fetchval("SELECT 1")
                self.seen_at = self.now()
                await asyncio.sleep(5)
        except Exception as problem:
            log.warning("the clock lost its lock: %s", type(problem).__name__)
        finally:
            if scheduler.running:
                scheduler.shutdown(wait=False)
            await connection.close(timeout=2)

    async def _catch_up(self) -> None:
        """What was due while nobody led runs now, once: the scheduler's own memory forgets it."""
        for job in self.jobs:
            due = job.last_before(self.now())
            last = await row("SELECT max(due_at) AS due_at FROM run WHERE job = {}", job.name)
            if last and last["due_at"] is not None and last["due_at"] < due:
                self._spawn(job, due)

    async def _start(self, job: Job) -> None:
        self._spawn(job, job.last_before(self.now()))

    def _spawn(self, job: Job, due_at: datetime) -> None:
        """A task of our own: the scheduler's shutdown would cancel its coroutines in the middle."""
        task = asyncio.create_task(self._guarded(job, due_at))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _guarded(self, job: Job, due_at: datetime) -> None:
        try:
            await self.ring(job, due_at)
        except Exception:
            log.exception("job %s could not be started", job.name)

    async def finish(self, seconds: float = 8) -> None:
        """Let running jobs end before the process stops."""
        self.state = "stopped"
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
