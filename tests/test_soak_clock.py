"""Faults of time: a clock that jumps, a leader that sleeps, leases that really run out. `make soak`."""

import asyncio
import concurrent.futures
import itertools
import json
import shutil
import signal
import subprocess
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.integrations import stripe_samples
from dashboard.runs.actions import STOPPED as STOPPED_HALF_WAY
from tests.browser.test_journey import a_plan
from tests.running import Running, running
from tests.test_crashes import connected_env, events, found, partner, query  # noqa: F401 – partner is a fixture
from tests.test_soak import settled

pytestmark = pytest.mark.soak
LEASE_AND_SWEEP = 65.0  # seconds, the promise
BACK_OFF = 6.0  # before the second try of a delivery, with its jitter
CROWD = 900  # orders to remind: some seconds of work
ASLEEP = 120.0


async def test_a_clock_that_jumps_ten_years_runs_nothing_twice():
    """R17: leases go by the database, due work by the clock, and a period is claimed once."""
    if not shutil.which("faketime"):
        pytest.skip("the jumping clock needs the package faketime")
    with running() as its:
        found(its)
        its.start()
        await a_plan(its)
        event = stripe_samples.event(
            "checkout.session.completed", "clock", plan="Starter audit", amount=12900, now=int(time.time())
        )
        assert its.post_event(event) == 200
        await settled(its, its.env["DATABASE_URL"], 1)
        for moment in (["-f", "+10y"], ["-f", "-1h"], ["2027-03-28 00:59:58"], ["2026-10-25 00:59:58"]):
            done = subprocess.run(
                ["faketime", *moment, its.executable, "-c", "from dashboard.commands import main; main()", "jobs", "run",
                 "intake_reminders"], env=its.env, capture_output=True, text=True, timeout=60, check=False, cwd=its.root,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        reminders = await query(its, "SELECT state FROM delivery WHERE name = 'intake_reminder'")
        assert len(reminders) == 1  # ten years on both were due; only the last one goes, and no later run adds another
        assert its.command("verify").returncode == 0


async def test_what_a_killed_process_held_is_handled_within_a_lease_and_a_sweep(partner):  # noqa: F811
    """R1, timed: nobody shortens a lease. One process dies with an event in its hands, one with deliveries."""
    url, _ = partner
    with running() as first, running(**connected_env(url)) as second:
        for its, point in ((first, "event.claimed"), (second, "delivery.claimed")):
            found(its)
            doomed = its.start(CRASH_AT=f"{point}:1")
            await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
            its.post_event(events()[0])
            assert doomed.wait(30) == -9
        held = await query(first, "SELECT state FROM inbound_event")
        sending = await query(second, "SELECT kind FROM delivery WHERE state = 'sending'")
        assert [row["state"] for row in held] == ["processing"] and sending
        restarted = {its: time.monotonic() for its in (first, second) if its.start(wait=False)}
        event, rescued, settled_at = await asyncio.gather(
            until_none(first, restarted[first], "SELECT 1 FROM inbound_event WHERE state <> 'handled'"),
            until_none(second, restarted[second], "SELECT 1 FROM delivery WHERE state = 'sending'"),
            until_none(second, restarted[second], "SELECT 1 FROM delivery WHERE state IN ('sending', 'queued')"),
        )
        print(f"after the restart: event handled in {event:.1f} s, deliveries rescued in {rescued:.1f} s, "
              f"settled in {settled_at:.1f} s")  # fmt: skip
        assert 30 < event <= LEASE_AND_SWEEP and 30 < rescued <= LEASE_AND_SWEEP
        assert settled_at <= LEASE_AND_SWEEP + BACK_OFF + 2
        for its in (first, second):
            assert len(await query(its, "SELECT 1 FROM orders")) == 1
            assert its.command("verify").returncode == 0


async def until_none(its: Running, since: float, sql: str) -> float:
    """Seconds until the query finds nothing."""
    while await query(its, sql):
        assert time.monotonic() - since < 2 * LEASE_AND_SWEEP, sql
        await asyncio.sleep(0.2)
    return time.monotonic() - since


def leads(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
        return json.load(answer)["scheduler"] == "leader"


REMINDED = "SELECT count(*) AS n FROM delivery WHERE name = 'intake_reminder'"


async def test_a_leader_that_sleeps_two_minutes_is_replaced_and_wakes_up_fenced():
    """R18: SIGSTOP in the middle of a job. Another process takes over job and clock; the woken one changes nothing."""
    with running() as its:
        found(its)
        process = its.start()
        await a_plan(its)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert set(pool.map(its.post_event, [an_order(n) for n in range(CROWD)])) == {200}
        await settled(its, its.env["DATABASE_URL"], CROWD)
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        # Since yesterday the jobs are known and nobody ran them; everybody has waited for three days.
        await query(its, "DELETE FROM run")
        await query(its, "UPDATE setting SET value = (now() - interval '1 day')::text WHERE name LIKE 'job:%'")
        await query(its, "UPDATE orders SET intake_requested_at = now() - interval '3 days'")
        sleeper = its.start()
        while (await query(its, REMINDED))[0]["n"] < 5:
            await asyncio.sleep(0.01)
        sleeper.send_signal(signal.SIGSTOP)
        slept = time.monotonic()
        second = its.port + 1
        its.start(port=second)
        half = (await query(its, REMINDED))[0]["n"]
        assert half < CROWD, "the job was over before it was stopped"
        while not leads(second):
            assert time.monotonic() - slept < 90
            await asyncio.sleep(0.5)
        took_over = time.monotonic() - slept
        await asyncio.sleep(max(ASLEEP - (time.monotonic() - slept), until_next_five_minutes()))
        before = await state(its)
        sleeper.send_signal(signal.SIGCONT)
        woke = time.monotonic() - slept
        await asyncio.sleep(20)
        assert not leads(its.port) and leads(second)
        assert await state(its) == before  # the woken one wrote nothing
        assert (await query(its, REMINDED))[0]["n"] == CROWD
        orders = await query(its, "SELECT count(DISTINCT subject_id) AS n FROM delivery WHERE name = 'intake_reminder'")
        assert orders[0]["n"] == CROWD
        runs = await query(its, "SELECT job, due_at, outcome, error FROM run ORDER BY job, due_at")
        # The job's run was taken up, unless its next period came meanwhile: then that one did the rest.
        given_up = [(run["job"], run["outcome"], run["error"]) for run in runs if run["outcome"] != "ok"]
        assert given_up in ([], [("intake_reminders", "failed", STOPPED_HALF_WAY)])
        assert [run["outcome"] for run in runs if run["job"] == "intake_reminders"][-1] == "ok"
        watched = [run["due_at"] for run in runs if run["job"] == "watch"]
        assert all(b - a == timedelta(minutes=5) for a, b in itertools.pairwise(watched)) and len(watched) > 1
        assert its.post_event(an_order(CROWD)) == 200  # it serves as before
        print(f"taken over after {took_over:.0f} s with {half} of {CROWD} reminded, woken after {woke:.0f} s: "
              f"each reminded once, {len(runs)} periods once")  # fmt: skip


def an_order(number: int) -> dict:
    return stripe_samples.event(
        "checkout.session.completed", f"s{number}", plan="Starter audit", amount=12900, now=int(time.time()),
        email=f"s{number}@customer.example", event_id=f"evt_s{number}",
    )  # fmt: skip


def until_next_five_minutes() -> float:
    """Seconds to the next period of the most frequent job, and some for it to run."""
    now = datetime.now(UTC)
    return 300 - (now.minute % 5 * 60 + now.second) + 12.0


async def state(its: Running) -> list[tuple]:
    """Runs, reminders and the timeline: what a woken job might touch twice."""
    rows = await query(
        its, "SELECT 'run' AS what, job || period || outcome || started_at AS it FROM run "
        "UNION ALL SELECT 'delivery', key || state FROM delivery UNION ALL SELECT 'activity', id::text FROM activity "
        "UNION ALL SELECT 'order', id || ' ' || reminders FROM orders ORDER BY 1, 2",
    )  # fmt: skip
    return [tuple(row) for row in rows]
