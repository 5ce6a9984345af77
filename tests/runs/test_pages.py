"""The Schedules page: how every job is doing, and starting one by hand."""

import asyncio
import json
import re
from datetime import timedelta

import pytest
from markupsafe import escape

from dashboard import clock, schedule
from dashboard.database import rows
from dashboard.runs import actions
from dashboard.runs.clockwork import SEEN, Job
from dashboard.runs.tables import Run

NAME = "forget_sessions"


async def a_run(outcome="ok", ago=timedelta(minutes=1), job=NAME, late=timedelta(), **more):
    started = clock.now() - ago
    await Run.insert(
        Run(
            job=job, period=f"test:{started.isoformat()}", outcome=outcome, due_at=started - late, started_at=started,
            finished_at=started + timedelta(seconds=1.1), **more,
        )
    )  # fmt: skip


async def row_of(browser, name=NAME, organization="acme"):
    text = (await browser.get(f"/{organization}/schedules")).text
    return " ".join(text.partition(f'id="job-{name}"')[2].partition("</tr>")[0].split())


@pytest.fixture
def slow_job(monkeypatch):
    """The schedule with one job that waits until it is let go."""
    go = asyncio.Event()

    async def waiting(now):
        await go.wait()
        return {"waited": 1}

    job = Job("slow", waiting, "*/15 * * * *", "Slow work", "Waits")
    monkeypatch.setattr(schedule, "SCHEDULE", [*schedule.SCHEDULE, job])
    return go


async def test_every_job_stands_there_with_its_words(vera):
    text = (await vera.get("/acme/schedules")).text
    for job in schedule.SCHEDULE:
        assert str(escape(job.title)) in text
        assert job.cron in text
    assert "Hourly at :20" in text
    assert "Not yet" in text


async def test_a_good_run_says_when_how_long_and_what(vera):
    await a_run(counts={"sessions": 1204, "links": 0})
    row = await row_of(vera)
    assert "On time" in row
    assert "1 min ago" in row
    assert "1.1 s" in row
    assert "1,204 sessions" in row
    assert "Last run: on time" in row


async def test_failed_is_not_late(vera):
    await a_run("ok", timedelta(minutes=65))
    await a_run("failed", error="It broke.")
    row = await row_of(vera)
    assert "Failed" in row
    assert "It broke." in row
    assert "1 failed" in row
    text = " ".join((await vera.get("/acme/schedules")).text.split())
    assert "<b>Clean up sessions</b> ran and failed." in text


async def test_late_is_not_failed(vera):
    await a_run("ok", timedelta(hours=3))
    row = await row_of(vera)
    assert ">Late<" in row
    assert " late" in row
    text = " ".join((await vera.get("/acme/schedules")).text.split())
    assert re.search(r"<b>Clean up sessions</b> did not start, \d+ (h|min) late\.", text)


async def test_a_job_that_is_new_here_is_neither_until_its_time_has_passed(vera):
    job = schedule.job_named(NAME)
    await rows("INSERT INTO setting VALUES ({}, {})", job.known, clock.now().isoformat())
    assert ">Waiting<" in await row_of(vera)
    await rows(
        "UPDATE setting SET value = {} WHERE name = {}", (clock.now() - timedelta(hours=3)).isoformat(), job.known
    )
    assert ">Late<" in await row_of(vera)


async def test_a_run_whose_process_died_counts_as_failed(vera):
    await a_run("running", lease_until=clock.now() - timedelta(minutes=1))
    row = await row_of(vera)
    assert ">Failed<" in row
    assert actions.STOPPED in row


async def test_a_run_under_way_is_running(vera):
    await a_run("running", lease_until=clock.now() + timedelta(minutes=1))
    assert ">Running<" in await row_of(vera)


async def test_the_badge_tells_whether_any_process_runs_the_clock(vera):
    assert "Worker never seen" in (await vera.get("/acme/schedules")).text
    await rows("INSERT INTO setting VALUES ({}, (clock_timestamp() - interval '3 s')::text)", SEEN)
    text = (await vera.get("/acme/schedules")).text
    assert re.search(r"Worker seen \d+ s ago", text)
    assert "No process has run the clock" not in text
    await rows("UPDATE setting SET value = (clock_timestamp() - interval '3 min')::text WHERE name = {}", SEEN)
    text = (await vera.get("/acme/schedules")).text
    assert "Worker seen 3 min ago" in text
    assert "No process has run the clock" in text


async def test_an_admin_starts_a_job_and_the_answer_does_not_wait_for_it(alice, slow_job):
    response = await asyncio.wait_for(alice.post("/acme/schedules/slow/runs"), 60)
    assert response.status_code == 200
    assert json.loads(response.headers["hx-trigger"])["toast"]["text"] == "Slow work started."
    assert ">Running<" in await row_of(alice, "slow")
    again = await alice.post("/acme/schedules/slow/runs")
    assert again.status_code == 409
    assert "Slow work is running already" in again.text
    slow_job.set()
    await actions.finish_background()
    run = await Run.objects().first()
    assert (run.outcome, run.counts) == ("ok", {"waited": 1})
    assert run.period.startswith("manual:")


async def test_agents_and_viewers_see_the_jobs_but_no_button(ana, vera):
    for browser in (ana, vera):
        response = await browser.get("/acme/schedules")
        assert response.status_code == 200
        assert "Run now" not in response.text
        assert (await browser.post(f"/acme/schedules/{NAME}/runs")).status_code == 403
    assert await Run.count() == 0


async def test_another_company_gets_in_nowhere_but_at_home(acme, bob):
    assert (await bob.get("/acme/schedules")).status_code == 404
    assert (await bob.post(f"/acme/schedules/{NAME}/runs")).status_code == 404
    assert (await bob.get("/borealis/schedules")).status_code == 200
    assert await Run.count() == 0


async def test_a_job_nobody_knows_is_not_found(alice):
    assert (await alice.post("/acme/schedules/<b>x/runs")).status_code == 404


async def test_what_went_wrong_is_shown_as_text(vera):
    await a_run("failed", error="<script>alert(1)</script>")
    assert "<script>alert" not in (await vera.get("/acme/schedules")).text


async def test_the_page_asks_little_of_the_database(vera, queries):
    for _ in range(30):
        await a_run(ago=timedelta(minutes=_))
    with queries() as seen:
        await vera.get("/acme/schedules")
    assert len(seen) <= 4, seen
