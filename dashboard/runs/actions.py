"""Running a job once for a period, and writing down how it went."""

import asyncio
import logging
import secrets
from datetime import datetime, timedelta

from dashboard.database import claim, rows, serialize, transaction
from dashboard.runs.clockwork import Job
from dashboard.runs.tables import Run

log = logging.getLogger(__name__)
LIMIT = timedelta(minutes=15)

START = """
    INSERT INTO run (job, period, outcome, due_at, started_at, lease_until, counts, error)
    SELECT {}, {}, 'running', {}, {}, clock_timestamp() + interval '16 minutes', '{{}}', ''
    WHERE NOT EXISTS (SELECT 1 FROM run WHERE job = {} AND outcome = 'running' AND lease_until > clock_timestamp())
    ON CONFLICT (job, period) DO NOTHING
    RETURNING id"""


async def run(job: Job, now: datetime, *, due_at: datetime | None = None) -> Run | None:
    """Run the job for the period that was due, or by hand without one. None when another process has that period, or
    the job is still running: two runs of one job never overlap."""
    period = f"{due_at:%Y-%m-%dT%H:%MZ}" if due_at else f"manual:{secrets.token_hex(8)}"
    async with transaction():
        await serialize(f"job:{job.name}")
        started = await claim(START, job.name, period, due_at, now, job.name)
    if not started:
        return None
    outcome, counts, error = "ok", {}, ""
    try:
        async with asyncio.timeout(LIMIT.total_seconds()):
            counts = await job.function(now) or {}
    except TimeoutError:
        outcome, error = "failed", f"Stopped after {LIMIT.total_seconds() / 60:.0f} minutes."
    except Exception as problem:
        log.exception("job %s failed", job.name)
        outcome, error = "failed", f"{type(problem).__name__}: {problem}"[:500]
    await rows(
        "UPDATE run SET outcome = {}, counts = {}, error = {}, finished_at = clock_timestamp(), lease_until = NULL "
        "WHERE id = {} AND outcome = 'running'", outcome, counts, error, started[0]["id"],
    )  # fmt: skip
    return await Run.objects().where(Run.id == started[0]["id"]).first()
