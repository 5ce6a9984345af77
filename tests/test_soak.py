"""Faults of the server and its disk, which need rights and time: `make soak`. What cannot run here is skipped and says why."""

import concurrent.futures
import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncpg
import pytest

from dashboard import embedded
from dashboard.embedded import process
from dashboard.integrations import stripe_samples
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
    until = time.monotonic() + 1200
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


@contextlib.contextmanager
def failing(folder: Path, call: str, when: int):
    """strace on every process of the server: the `when`-th such call of each says EIO. Skips where that is forbidden."""
    if not shutil.which("strace"):
        pytest.skip("the failing fsync needs the package strace")
    pids = [each.pid for each in process.living(folder / "postgres")]
    main = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    command += ["-e", f"inject={call}:error=EIO:when={when}"] + [word for pid in pids for word in ("-p", str(pid))]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{main}/status").read_text():
            if tracer.poll() is not None:
                pytest.skip(f"the failing fsync needs the right to trace processes: {tracer.stderr.read().strip()}")
            time.sleep(0.02)
        yield
    finally:
        tracer.terminate()
        tracer.wait(10)


def panics(folder: Path) -> int:
    log = (folder / "postgres" / "server.log").read_text(errors="replace")
    return sum("PANIC" in line and "Input/output error" in line for line in log.splitlines())


async def test_an_fsync_that_fails_stops_the_server_and_no_answer_was_false():
    """R10: the log's fsync fails under load, then the one of a data file; PostgreSQL panics, replays and is back."""
    with running(DATABASE_URL="") as its:
        dsn = embedded.start(its.folder)
        try:
            found(its)
            its.start()
            answers: dict[str, int] = {}

            def post(number: int) -> None:
                event = a_checkout(f"f{number}")
                answers[event["id"]] = its.post_event(event)
                time.sleep(0.02)

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                jobs = [pool.submit(post, number) for number in range(300)]
                with failing(its.folder, "fdatasync", when=3):
                    until_panic(its.folder, more_than=0)
                concurrent.futures.wait(jobs)
            after_the_log = panics(its.folder)
            await until_up(dsn)
            with failing(its.folder, "fsync", when=1), contextlib.suppress(asyncpg.PostgresError, OSError):
                await query(dsn, "CHECKPOINT")
            assert panics(its.folder) > after_the_log
            await until_up(dsn)
            stored = {row["external_id"] for row in await query(dsn, "SELECT external_id FROM inbound_event")}
            assert {name for name, status in answers.items() if status == 200} <= stored
            refused = sum(status != 200 for status in answers.values())
            assert refused and set(answers.values()) == {200, 503}, set(answers.values())
            for number in range(300):
                assert its.post_event(a_checkout(f"f{number}")) == 200
            await settled(its, dsn, 300)
            assert its.command("verify").returncode == 0
            print(
                f"fsync EIO: {panics(its.folder)} panics, {refused} of 300 refused, none answered falsely, back alone"
            )
        finally:
            its.stop()
            embedded.stop(its.folder)


def until_panic(folder: Path, more_than: int) -> None:
    until = time.monotonic() + 120
    while panics(folder) <= more_than:
        assert time.monotonic() < until, "no fsync failed"
        time.sleep(0.02)


async def until_up(dsn: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            await query(dsn, "SELECT 1")
            return
        except (asyncpg.PostgresError, OSError):
            assert time.monotonic() < until
            time.sleep(0.1)
