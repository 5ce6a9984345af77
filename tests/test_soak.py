"""Faults that need their own server, rights or time: `make soak`. What cannot run here is skipped and says why."""

import concurrent.futures
import os
import shutil
import subprocess
import time

import asyncpg
import pytest

from dashboard import embedded
from dashboard.integrations import stripe_samples
from tests.browser.test_journey import a_plan
from tests.running import Running, running
from tests.test_crashes import found

pytestmark = pytest.mark.soak
JUNK = "junk"


def a_checkout(name: str) -> dict:
    return stripe_samples.event("checkout.session.completed", name, now=int(time.time()), event_id=f"evt_{name}")


async def query(dsn: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def settled(its: Running, dsn: str, count: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        await query(dsn, "UPDATE inbound_event SET due_at = now() WHERE state = 'waiting' AND due_at > now()")
        done = await query(dsn, "SELECT count(*) AS n FROM orders")
        if done[0]["n"] == count:
            return
        time.sleep(0.5)
    raise AssertionError(its.log()[-1500:])


async def test_a_server_restarted_at_once_under_load_loses_no_answered_event():
    """R11: what was answered 2xx is there after four crash restarts of PostgreSQL."""
    with running(DATABASE_URL="") as its:
        dsn = embedded.start(its.folder)
        try:
            found(its)
            its.start()
            answered: list[str] = []

            def post(number: int) -> None:
                event = a_checkout(f"r{number}")
                if its.post_event(event) == 200:
                    answered.append(event["id"])
                time.sleep(0.02)

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                jobs = [pool.submit(post, number) for number in range(400)]
                for _ in range(4):
                    time.sleep(1)
                    restart(its)
                concurrent.futures.wait(jobs)
            stored = {row["external_id"] for row in await query(dsn, "SELECT external_id FROM inbound_event")}
            assert set(answered) <= stored, set(answered) - stored
            for number in range(400):
                for _ in range(50):
                    if its.post_event(a_checkout(f"r{number}")) == 200:
                        break
                    time.sleep(0.1)
            await settled(its, dsn, 400)
            print(f"{len(answered)} of 400 answered at once, all kept; four crash restarts")
        finally:
            its.stop()
            embedded.stop(its.folder)


def restart(its: Running) -> None:
    """pg_ctl -m immediate: PostgreSQL dies without a checkpoint and replays its log."""
    folder = its.folder / "postgres"
    command = [str(embedded.binary("pg_ctl")), "-D", str(folder), "-m", "immediate", "-w", "-l", str(folder / "log")]
    owner = folder.stat()
    who = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    subprocess.run([*command, "restart"], check=True, cwd=folder, stdout=subprocess.DEVNULL, **who)


async def test_a_full_disk_answers_no_2xx_and_recovers_alone(tmp_path):
    """R8: reads go on, webhooks get no false success, and room makes everything well again."""
    volume = tmp_path / "volume"
    volume.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(volume)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"the full disk needs the right to mount a small volume: {mounted.stderr.strip()}")
    try:
        tmp_path.chmod(0o755)
        with running(DATABASE_URL="", DATA_DIR=str(volume)) as its:
            dsn = embedded.start(volume)
            found(its)
            its.start()
            assert its.post_event(a_checkout("before")) == 200
            with (volume / JUNK).open("wb") as junk:
                try:
                    while True:
                        junk.write(b"\0" * 65536)
                        junk.flush()
                except OSError:
                    pass
            answers = {}
            for number in range(300):
                answers[f"evt_full{number}"] = its.post_event(a_checkout(f"full{number}"))
            (volume / JUNK).unlink()
            time.sleep(2)
            stored = {row["external_id"] for row in await query(dsn, "SELECT external_id FROM inbound_event")}
            assert {name for name, status in answers.items() if status == 200} <= stored
            assert set(answers.values()) <= {200, 503}, set(answers.values())
            for number in range(300):
                assert its.post_event(a_checkout(f"full{number}")) == 200
            await settled(its, dsn, 301)
            print(f"{sum(status != 200 for status in answers.values())} of 300 refused while the disk was full")
            its.stop()
            embedded.stop(volume)
    finally:
        subprocess.run(["umount", "-l", str(volume)], check=False)


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
        dsn = its.env["DATABASE_URL"]
        await settled(its, dsn, 1)
        for moment in (["-f", "+10y"], ["-f", "-1h"], ["2027-03-28 00:59:58"], ["2026-10-25 00:59:58"]):
            done = subprocess.run(
                ["faketime", *moment, its.executable, "-c", "from dashboard.commands import main; main()", "jobs", "run",
                 "intake_reminders"], env=its.env, capture_output=True, text=True, timeout=60, check=False, cwd=its.root,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        reminders = await query(dsn, "SELECT state FROM delivery WHERE name = 'intake_reminder'")
        assert len(reminders) == 1  # ten years on both were due; only the last one goes, and no later run adds another
        assert its.command("verify").returncode == 0
