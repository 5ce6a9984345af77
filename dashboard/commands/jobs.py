import argparse
import json

from dashboard import clock
from dashboard.commands.surroundings import connected, moment
from dashboard.schedule import SCHEDULE, run_by_name


async def main(options: argparse.Namespace) -> int:
    """List the jobs, or run one now or as if it were another time."""
    if options.action == "list":
        for job in SCHEDULE:
            print(f"{job.name:28} {job.cron:16} {job.what}")
        return 0
    at = moment(options.at) if options.at else clock.now()
    async with connected():
        run = await run_by_name(options.name, at)
    print(f"{options.name}: {run.outcome} {json.dumps(run.counts)} {run.error}".strip())
    return 0 if run.outcome == "ok" else 1
