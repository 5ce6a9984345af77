"""The Schedules page, and the door for an outside cron."""

import hmac
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard import schedule, settings
from dashboard.accounts.current import CurrentOrganization, Now, admin, machine, viewer
from dashboard.accounts.tables import Organization
from dashboard.charts import runs as bars
from dashboard.charts import runs_summary
from dashboard.errors import Conflict, NotAllowed, NotFound
from dashboard.pages import fragment, page
from dashboard.runs import actions, queries, words


@get("/{org:str}/schedules", name="schedules.list", guards=[viewer])
async def list_jobs(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Every job of this installation: how often, the last and the next run, and how the last twenty went."""
    return page(request, "schedules/list.html", "schedules/_jobs.html", **await _shown(organization, now))


@post("/{org:str}/schedules/{name:str}/runs", name="schedules.run", guards=[admin], status_code=200)
async def run_now(request: Request, organization: CurrentOrganization, now: Now, name: FromPath[str]) -> Template:
    """Start a job by hand. The answer does not wait for it; the page hears when it is done."""
    job = schedule.job_named(name)
    started = await actions.start(job, now)
    if started is None:
        raise Conflict(f"{job.title} is running already. Nothing was started.")
    actions.in_background(actions.carry_out(job, started))
    return fragment(request, "schedules/_jobs.html", notice=f"{job.title} started.", **await _shown(organization, now))


@post(
    "/internal/daily-email-tasks",
    name="internal.daily_mails",
    guards=[machine],
    status_code=200,
    outside=True,
    any_site=True,
)
async def daily_mails(request: Request, now: Now) -> Response:
    """Queue the mails that are due, for a cron outside. It is one run a minute, however often it is called: the jobs
    find their own due work, so calling it often does no harm. 503 when one of them failed."""
    secret = settings.current().internal_api_secret
    if not secret:
        raise NotFound()
    given = request.headers.get("x-internal-secret", "")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise NotAllowed("The header X-Internal-Secret is missing or wrong. Nothing was run.")
    results: dict[str, Any] = {}
    for name in schedule.DAILY_MAILS:
        run = await actions.run(schedule.job_named(name), now, period=f"internal:{now:%Y-%m-%dT%H:%MZ}")
        if run is None:
            results[name] = {"outcome": "skipped", "error": "It ran this minute or is running now."}
        else:
            results[name] = {"outcome": run.outcome, "counts": run.counts} | ({"error": run.error} if run.error else {})
    failed = any(result["outcome"] == "failed" for result in results.values())
    body = {"status": "failed" if failed else "ok", "jobs": results}
    return Response(body, status_code=503 if failed else 200, headers={"Cache-Control": "no-store"})


async def _shown(organization: Organization, now: datetime) -> dict[str, Any]:
    zone = organization.time_zone
    seen = await queries.seen_ago()
    standings = await queries.standings(schedule.SCHEDULE, now)
    rows = [
        {
            "name": standing.name, "title": standing.job.title, "what": standing.job.what, "state": standing.state,
            "every": words.every(standing.job, now, zone), "cron": standing.job.cron, "last": standing.last,
            "took": standing.took, "result": standing.result,
            "next": f"{words.rough(standing.late_by)} late" if standing.late_by
            else words.coming(standing.next_at, now, zone),
            "bars": bars(standing.outcomes), "summary": runs_summary(standing.outcomes),
        }
        for standing in standings
    ]  # fmt: skip
    return {
        "jobs": rows, "troubles": [_trouble(standing) for standing in standings if standing.needs_person], "zone": zone,
        "now": now, "worker": "Worker never seen" if seen is None else f"Worker seen {words.lately(seen)} ago",
        "worker_alive": seen is not None and seen < queries.UNSEEN,
    }  # fmt: skip


def _trouble(standing: queries.Standing) -> tuple[str, str]:
    if standing.late_by is not None:
        return standing.job.title, f"did not start, {words.rough(standing.late_by)} late."
    return standing.job.title, "ran and failed."


ROUTES = [list_jobs, run_now, daily_mails]
