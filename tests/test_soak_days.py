"""Ninety synthetic days: what is kept for a time stops growing, and the process holds no more than it did at first.

Only the application's clock jumps (libfaketime reads it from a file); leases and PostgreSQL live in real time, so a
vacuum that is due every minute is due every second here."""

import asyncio
import http.client
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta

import asyncpg
import psutil
import pytest

from dashboard import embedded, signing
from dashboard.accounts import csrf, sessions
from dashboard.commands.simulate import signature
from dashboard.integrations import stripe_samples
from tests import canaries
from tests.browser.test_journey import a_plan
from tests.running import Running, running
from tests.test_crashes import found

pytestmark = pytest.mark.soak
DAYS, KEPT = 90, 30
PURCHASES, PAGES = 12, 6  # a day
GROWTH = 1.10
PAGE = 8192  # bytes; small tables grow by whole pages
# Orders whose form has been open for six days: each was reminded twice by now, and no more.
REMINDERS = f"""
    SELECT o.id, count(d.id) AS mails FROM orders o
    LEFT JOIN delivery d ON d.subject_kind = 'order' AND d.subject_id = o.id AND d.name = 'intake_reminder'
    WHERE o.status = 'intake_pending' AND o.intake_requested_at < now() + interval '{DAYS - 6} days' GROUP BY o.id"""
TABLES = ("inbound_event", "app_session", "one_time_token", "attempt", "refused_count", "intake_file", "file")
KEY = canaries.EVERY["SECRET_KEY"]
# Before the application starts: on SIGUSR1 it writes down how many tasks are not done.
COUNTING = """
import asyncio, gc, os, signal
def count(*_):
    tasks = [each for each in gc.get_objects() if isinstance(each, asyncio.Task) and not each.done()]
    with open(os.environ["DATA_DIR"] + "/tasks", "w") as file:
        file.write(str(len(tasks)))
signal.signal(signal.SIGUSR1, count)
"""


class Life:
    """A day as the application sees it: buyers, strangers, staff; and the jump to the next one."""

    def __init__(self, its: Running, dsn: str, process: subprocess.Popen) -> None:
        self.its, self.dsn, self.process, self.day = its, dsn, process, 0
        self.clock = its.folder / "clock"

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.day)

    async def asked(self, sql: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(sql)
        finally:
            await connection.close()

    def request(self, path: str, data: dict | bytes | None = None, **headers: str) -> tuple[int, dict]:
        body = urllib.parse.urlencode(data).encode() if isinstance(data, dict) else data
        asked = urllib.request.Request(self.its.url + path, body, headers)
        opener = urllib.request.build_opener(Staying)
        try:
            with opener.open(asked, timeout=20) as answer:
                answer.read()
                return answer.status, answer.headers
        except urllib.error.HTTPError as problem:
            problem.read()
            return problem.code, problem.headers

    def stranger(self, path: str, data: dict) -> tuple[int, dict]:
        """A form sent from a page of ours by somebody who is not signed in."""
        fresh = csrf.new_pre_session()
        token = csrf.token(KEY, f"p:{fresh}")
        return self.request(path, data, Cookie=f"{csrf.PRE_COOKIE}={fresh}", **{"X-CSRF-Token": token})

    def live_through(self) -> None:
        """What one day brings."""
        for number in range(PURCHASES):
            purchase = f"d{self.day}x{number}"
            for kind in ("checkout.session.completed", "charge.refunded", "customer.created"):
                event = stripe_samples.event(
                    kind, purchase, plan="Starter audit" if number < 2 else "", now=int(self.now.timestamp()),
                    refunded=500, email=f"{purchase}@customer.example", event_id=f"evt_{purchase}_{kind}",
                )  # fmt: skip
                body = json.dumps(event).encode()
                for secret, expected in ((canaries.STRIPE_HOOKS, 200), (canaries.STRIPE_HOOKS, 200), ("wrong", 403)):
                    signed = signature(body, secret, int(self.now.timestamp()))
                    status, _ = self.request("/webhooks/stripe/acme", body, **{"Stripe-Signature": signed})
                    assert status == expected, (status, self.its.log()[-800:])
        for email in ("nobody@acme.example", "alice@acme.example"):
            assert self.stranger("/signin", {"email": email, "password": "wrong"})[0] == 422
            assert self.stranger("/forgotten", {"email": email})[0] == 200
        status, headers = self.stranger("/signin", {"email": "alice@acme.example", "password": canaries.PASSWORD})
        assert status == 303, status
        cookie = headers["set-cookie"].split(";")[0]
        assert cookie.startswith(sessions.COOKIE)
        streams = [http.client.HTTPConnection("127.0.0.1", self.its.port, timeout=20) for _ in range(PAGES)]
        for stream in streams:
            stream.request("GET", "/acme/live", headers={"Cookie": cookie})
            assert stream.getresponse().status == 200
        for page in ("today", "orders", "events", "outbox", "schedules"):
            assert self.request(f"/acme/{page}", Cookie=cookie)[0] == 200, page
        for stream in streams:
            stream.close()

    async def leave_a_file(self) -> None:
        """A customer adds a file and never sends the form."""
        [[intake, version]] = await self.asked("SELECT id, link_version FROM intake ORDER BY id DESC LIMIT 1")
        body = b'--b\r\nContent-Disposition: form-data; name="q.brand_guide"; filename="a.pdf"\r\n\r\n' + os.urandom(
            50_000
        )
        path = f"/f/{signing.sign(KEY, 'intake', intake, version)}/files/brand_guide"
        headers = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "application/json"}
        assert self.request(path, body + b"\r\n--b--\r\n", **headers)[0] == 200

    async def until_handled(self) -> None:
        until = time.monotonic() + 60
        while await self.asked("SELECT 1 FROM inbound_event WHERE state NOT IN ('handled', 'ignored') LIMIT 1"):
            assert time.monotonic() < until, self.its.log()[-800:]
            await asyncio.sleep(0.1)

    async def tomorrow(self) -> None:
        """Jump, and wait until every job of the night has run."""
        self.day += 1
        self.clock.write_text(f"+{self.day}d\n")
        since, until = self.now - timedelta(days=1), time.monotonic() + 60
        sql = f"SELECT count(DISTINCT job) AS n FROM run WHERE outcome = 'ok' AND due_at > '{since.isoformat()}'"
        while (await self.asked(sql))[0]["n"] < 9:
            assert time.monotonic() < until, self.its.log()[-800:]
            await asyncio.sleep(0.2)

    async def measured(self) -> dict[str, float]:
        """Rows and bytes (with indexes and long values) of what is kept for a time, and what the process holds."""
        facts: dict[str, float] = {}
        for table in TABLES:
            [[rows, size]] = await self.asked(
                f"SELECT (SELECT count(*) FROM {table}), pg_total_relation_size('{table}')"
            )
            facts |= {f"{table} rows": rows, f"{table} bytes": size}
        kept = [path for path in (self.its.folder / "files").rglob("*") if path.is_file()]
        me, tasks = psutil.Process(self.process.pid), self.its.folder / "tasks"
        tasks.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        while not tasks.exists() or not tasks.read_text():
            await asyncio.sleep(0.05)
        return facts | {
            "files": len(kept), "fds": me.num_fds(), "threads": me.num_threads(), "tasks": int(tasks.read_text()),
            "memory MB": round(me.memory_info().rss / 1e6),
            "server log": (self.its.folder / "postgres" / "server.log").stat().st_size,
        }  # fmt: skip


def report(seen: dict[int, dict[str, float]]) -> None:
    """A line for each figure, a column for each day."""
    print("\nday".ljust(25), *(f"{day:>10}" for day in seen))
    for name in next(iter(seen.values())):
        print(name.ljust(24), *(f"{figures[name]:>10.0f}" for figures in seen.values()))


class Staying(urllib.request.HTTPRedirectHandler):
    """Nobody follows a redirect."""

    def redirect_request(self, *_):
        return None


def jumping() -> dict[str, str]:
    """The environment in which a process reads its clock from a file; skips without the library."""
    if not shutil.which("faketime"):
        pytest.skip("the ninety days need the package faketime")
    asked = subprocess.run(
        ["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return {
        "LD_PRELOAD": asked.stdout.strip(), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }  # fmt: skip


async def test_ninety_days_leave_sizes_bounded_and_the_process_as_it_began():
    """R25."""
    env = jumping()
    with running(DATABASE_URL="", SECRET_KEY=KEY) as its:
        dsn = embedded.start(its.folder)
        try:
            found(its, canaries.PASSWORD)
            clock = its.folder / "clock"
            clock.write_text("+0d\n")
            process = its.start(first=COUNTING, FAKETIME_TIMESTAMP_FILE=str(clock), **env)
            life = Life(its, dsn, process)
            await life.asked("ALTER SYSTEM SET autovacuum_naptime = '1s'")
            await life.asked("SELECT pg_reload_conf()")
            await life.asked(f"UPDATE organization SET retention = '{{\"events\": {KEPT}}}'")
            its.env["DATABASE_URL"] = dsn
            await a_plan(its)
            seen: dict[int, dict[str, float]] = {}
            for day in range(1, DAYS + 1):
                await asyncio.to_thread(life.live_through)
                await life.until_handled()
                await life.leave_a_file()
                await life.tomorrow()
                if day in (5, KEPT + 2, 60, DAYS):
                    await asyncio.sleep(6)  # streams notice that nobody reads them
                    seen[day] = await life.measured()
            report(seen)
            early, last = seen[KEPT + 2], seen[DAYS]
            for name in early:
                if name.endswith("rows") or name == "files":
                    assert last[name] <= early[name] * GROWTH + 5, name
                elif name.endswith("bytes"):
                    assert last[name] <= early[name] * GROWTH + 10 * PAGE, name
            for name in ("fds", "threads", "tasks"):
                assert last[name] <= seen[5][name] + 3, name
            assert last["memory MB"] <= seen[5]["memory MB"] * 1.3
            assert last["server log"] < 200_000
            reminded = await life.asked(REMINDERS)
            assert {row["mails"] for row in reminded} == {2} and len(reminded) >= 2 * (DAYS - 6)
            assert its.command("verify").returncode == 0
        finally:
            its.env.pop("DATABASE_URL", None)
            its.stop()
            embedded.stop(its.folder)
