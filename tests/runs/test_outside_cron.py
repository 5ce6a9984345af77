"""The door for a cron outside, and running a job by name."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard import clock, schedule
from dashboard import settings as process_settings
from dashboard.errors import Conflict, NotFound
from dashboard.runs import actions
from dashboard.runs.clockwork import Job
from dashboard.runs.tables import Run

DOOR = "/internal/daily-email-tasks"


def knocking(settings, secret=None):
    return {"X-Internal-Secret": settings.internal_api_secret if secret is None else secret}


async def test_it_runs_the_mail_jobs_and_says_what_they_did(stranger, acme, settings):
    response = await stranger.post(DOOR, headers=knocking(settings))
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ok"
    assert set(body["jobs"]) == {"intake_reminders", "upsell", "follow_up"}
    assert all(job["outcome"] == "ok" and isinstance(job["counts"], dict) for job in body["jobs"].values())
    assert await Run.count() == 3


async def test_called_again_within_the_minute_it_does_nothing(stranger, acme, settings, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    await stranger.post(DOOR, headers=knocking(settings))
    body = (await stranger.post(DOOR, headers=knocking(settings))).json()
    assert {job["outcome"] for job in body["jobs"].values()} == {"skipped"}
    assert await Run.count() == 3
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=1))
    await stranger.post(DOOR, headers=knocking(settings))
    assert await Run.count() == 6


@pytest.mark.parametrize("secret", ["", "wrong", "é", " "])
async def test_without_the_secret_nothing_runs(stranger, acme, settings, secret):
    response = await stranger.post(DOOR, headers={"X-Internal-Secret": secret.encode()})
    assert response.status_code == 403
    assert response.headers["content-type"].startswith("application/json")
    assert await Run.count() == 0


async def test_a_session_is_no_key(alice):
    assert (await alice.post(DOOR)).status_code == 403
    assert await Run.count() == 0


async def test_without_a_configured_secret_there_is_no_door(stranger, acme, settings):
    process_settings.use(replace(settings, internal_api_secret=""))
    for given in ("", "x"):
        assert (await stranger.post(DOOR, headers={"X-Internal-Secret": given})).status_code == 404


async def test_looking_at_the_door_opens_nothing(stranger, acme, settings):
    assert (await stranger.get(DOOR, headers=knocking(settings))).status_code in (404, 405)
    assert await Run.count() == 0


async def test_a_failed_job_makes_the_outside_cron_notice(stranger, acme, settings, monkeypatch):
    async def broken(now):
        raise RuntimeError("No mail could be queued.")

    monkeypatch.setattr(
        schedule, "SCHEDULE", [Job(name, broken, "* * * * *", "x", "x") for name in schedule.DAILY_MAILS]
    )
    response = await stranger.post(DOOR, headers=knocking(settings))
    assert response.status_code == 503
    assert response.json()["status"] == "failed"
    assert response.json()["jobs"]["upsell"]["error"] == "No mail could be queued."


async def test_a_job_runs_by_its_name_at_any_time(acme):
    at = clock.now() + timedelta(days=7)
    run = await schedule.run_by_name("forget_sessions", at)
    assert (run.outcome, run.started_at) == ("ok", at)
    with pytest.raises(NotFound, match="Known: intake_reminders"):
        await schedule.run_by_name("nothing", at)
    await actions.start(schedule.job_named("upsell"), clock.now())
    with pytest.raises(Conflict):
        await schedule.run_by_name("upsell", at)
