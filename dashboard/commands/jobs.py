import argparse
import json
import sys
from datetime import UTC, datetime

from dashboard import clock
from dashboard.commands.surroundings import connected
from dashboard.runs import actions as runs
from dashboard.schedule import SCHEDULE


async def main(options: argparse.Namespace) -> int:
    """List the jobs, or run one now or as if it were another time."""
    if options.action == "list":
        for job in SCHEDULE:
            print(f"{job.name:28} {job.cron:16} {job.what}")
        return 0
    job = next((job for job in SCHEDULE if job.name == options.name), None)
    if job is None:
        print(f"There is no job {options.name}. Known: {', '.join(job.name for job in SCHEDULE)}", file=sys.stderr)
        return 2
    async with connected():
        run = await runs.run(job, moment(options.at) if options.at else clock.now())
    if run is None:
        print(f"{job.name} is running already.")
        return 1
    print(f"{job.name}: {run.outcome} {json.dumps(run.counts)} {run.error}".strip())
    return 0 if run.outcome == "ok" else 1


def moment(text: str) -> datetime:
    """A time somebody typed, in UTC unless it says otherwise."""
    given = datetime.fromisoformat(text)
    return given if given.tzinfo else given.replace(tzinfo=UTC)
