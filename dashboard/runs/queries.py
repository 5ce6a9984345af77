"""How the jobs of this installation are doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.database import row, rows
from dashboard.runs import words
from dashboard.runs.actions import STOPPED
from dashboard.runs.clockwork import SEEN, Job

GRACE = timedelta(minutes=2)
SHOWN = 20
UNSEEN = timedelta(seconds=30)

HISTORY = """
    SELECT j.name AS job, (SELECT value::timestamptz FROM setting WHERE name = 'job:' || j.name) AS known_at,
           r.id, r.outcome, r.due_at, r.started_at, r.finished_at, r.counts, r.error,
           r.outcome = 'running' AND r.lease_until <= clock_timestamp() AS abandoned
    FROM unnest({}::text[]) AS j(name) LEFT JOIN LATERAL (
        SELECT * FROM run WHERE run.job = j.name ORDER BY run.started_at DESC, run.id DESC LIMIT {}) r ON true
    ORDER BY r.started_at DESC, r.id DESC"""

LIFE = "SELECT extract(epoch FROM clock_timestamp() - value::timestamptz)::float AS ago FROM setting WHERE name = {}"


@dataclass(frozen=True)
class Standing:
    """One job as the Schedules page and Today show it. `state` is ok, running, late, failed or waiting."""

    job: Job
    state: str
    last: dict[str, Any] | None
    next_at: datetime
    late_by: timedelta | None
    outcomes: list[str]

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def result(self) -> str:
        """What the last run did or why it failed."""
        if self.last is None:
            return "Did not run yet"
        if self.last["outcome"] == "running":
            return "Running"
        return self.last["error"] if self.last["outcome"] == "failed" else words.counted(self.last["counts"])

    @property
    def took(self) -> str:
        if self.last is None or self.last["finished_at"] is None:
            return ""
        return words.span(self.last["finished_at"] - self.last["started_at"])

    @property
    def needs_person(self) -> bool:
        return self.state in ("late", "failed")


async def standings(jobs: Sequence[Job], now: datetime) -> list[Standing]:
    """Every job, in the order of the schedule. One query."""
    found = await rows(HISTORY, [job.name for job in jobs], SHOWN)
    return [standing(job, [entry for entry in found if entry["job"] == job.name], now) for job in jobs]


def standing(job: Job, found: list[dict[str, Any]], now: datetime) -> Standing:
    """Late: its time passed over two minutes ago and no run began since. Failed: the last one did. Newest first."""
    known_at = found[0]["known_at"] if found else None
    runs = [_seen(entry) for entry in found if entry["id"] is not None]
    running = bool(runs) and runs[0]["outcome"] == "running"
    due = job.last_before(now - GRACE)
    covered = max((entry["started_at"] for entry in runs), default=known_at)
    late = not running and covered is not None and covered < due
    ended = next((entry for entry in runs if entry["outcome"] != "running"), None)
    outcomes = [_outcome(entry) for entry in reversed(runs)] + ["late"] * late
    if running:
        state = "running"
    elif late:
        state = "late"
    elif ended is None:
        state = "waiting"
    else:
        state = ended["outcome"]
    return Standing(job, state, runs[0] if runs else None, job.next_after(now), now - due if late else None, outcomes)


def _seen(entry: dict[str, Any]) -> dict[str, Any]:
    return entry | {"outcome": "failed", "error": STOPPED} if entry["abandoned"] else entry


def _outcome(entry: dict[str, Any]) -> str:
    late = entry["due_at"] is not None and entry["started_at"] - entry["due_at"] > GRACE
    return "late" if late and entry["outcome"] == "ok" else entry["outcome"]


async def seen_ago() -> timedelta | None:
    """How long ago the clock of any process last showed a sign of life; None when never."""
    found = await row(LIFE, SEEN)
    return timedelta(seconds=max(0.0, found["ago"])) if found else None
