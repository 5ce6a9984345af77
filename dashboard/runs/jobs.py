"""What the clock does about itself."""

from datetime import datetime, timedelta

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.deliveries import actions as deliveries

KEPT = timedelta(days=90)
KEPT_RUNS = 20

FAILING = """
    SELECT r.job, min(r.id) AS first, count(*) AS times, (array_agg(r.error ORDER BY r.id DESC))[1] AS error
    FROM run r
    WHERE r.outcome = 'failed'
      AND r.id > coalesce((SELECT max(o.id) FROM run o WHERE o.job = r.job AND o.outcome = 'ok'), 0)
    GROUP BY r.job HAVING count(*) >= 2 ORDER BY r.job"""

FORGET = """
    DELETE FROM run WHERE id IN (
        SELECT r.id FROM run r WHERE r.started_at < {} AND r.outcome <> 'running'
        AND r.id NOT IN (SELECT k.id FROM run k WHERE k.job = r.job ORDER BY k.started_at DESC, k.id DESC LIMIT {})
        ORDER BY r.id LIMIT 500)
    RETURNING id"""


async def watch(now: datetime) -> dict[str, int]:
    """Tell the team of the first organization, which runs the installation, when a job fails again and again: once for
    each row of failures."""
    failing = await rows(FAILING)
    first = await Organization.objects().order_by(Organization.id).first()
    if first is None:
        return {}
    told = 0
    for job in failing:
        told += await deliveries.queue_alert(
            first, "job_failed", key=f"alert:job_failed:{job['job']}:{job['first']}",
            title=f"A job keeps failing: {job['job'].replace('_', ' ')}",
            lines=[f"Failed {job['times']} times in a row. {job['error']}"], href=f"/{first.slug}/schedules",
        )  # fmt: skip
    return {"told": told}


async def forget_old(now: datetime) -> dict[str, int]:
    """Delete runs older than 90 days; the last 20 of each job stay."""
    forgotten = 0
    while gone := await rows(FORGET, now - KEPT, KEPT_RUNS):
        forgotten += len(gone)
    return {"runs": forgotten}
