"""kill -9 at every named step, under load: nothing that arrived is lost, nothing is done twice."""

import concurrent.futures
import json
import subprocess
import sys
import time
from collections import Counter

import asyncpg
import pytest

from dashboard import crash
from dashboard.integrations import stripe_samples
from tests import canaries
from tests.running import ROOT, Running, free_port, running

PURCHASES = 10
pytestmark = pytest.mark.slow


@pytest.fixture
def partner(tmp_path):
    """The provider as a process of its own, with a journal on disk."""
    port = free_port()
    journal = tmp_path / "journal.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.partners.provider", "--port", str(port), "--journal", str(journal)], cwd=ROOT,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline()
    yield f"http://127.0.0.1:{port}", journal
    process.terminate()
    process.wait(10)


def connected_env(url: str) -> dict[str, str]:
    return {
        "RESEND_API_KEY": canaries.RESEND_KEY, "RESEND_API_URL": url, "TELEGRAM_BOT_TOKEN": canaries.BOT_TOKEN, "TELEGRAM_CHAT_ID": "42",
        "TELEGRAM_API_URL": url, "STRIPE_SECRET_KEY": canaries.STRIPE_KEY, "STRIPE_API_BASE": url,
    }  # fmt: skip


def found(its: Running, secret: str = canaries.PASSWORD) -> None:
    """An owner and an organization that can send."""
    done = its.command(
        "create-owner",
        "--email",
        "alice@acme.example",
        "--name",
        "Alice",
        "--organization",
        "Acme",
        "--password",
        secret,
    )
    assert done.returncode == 0, done.stderr


async def query(its: Running, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


def events() -> list[dict]:
    now = int(time.time())
    return [
        stripe_samples.event(
            "checkout.session.completed", f"p{n}", email=f"p{n}@customer.example", now=now, event_id=f"evt_p{n}"
        )
        for n in range(PURCHASES)
    ]


async def until_settled(its: Running, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    open_rows = []
    while time.monotonic() < until:
        open_rows = await query(
            its, "SELECT 'event' AS what, state FROM inbound_event WHERE state IN ('waiting', 'processing') "
            "UNION ALL SELECT kind, state FROM delivery WHERE state IN ('queued', 'sending')",
        )  # fmt: skip
        if not open_rows:
            return
        time.sleep(0.2)
    raise AssertionError(f"still open: {open_rows} {its.log()[-1500:]}")


async def kill_at(point: str, partner) -> None:
    url, journal = partner
    with running(**connected_env(url)) as its:
        found(its)
        doomed = its.start(CRASH_AT=f"{point}:4")
        await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(its.post_event, events()))
        assert doomed.wait(120) == -9, f"{point} was never passed four times"
        await query(its, "UPDATE inbound_event SET lease_until = clock_timestamp() WHERE state = 'processing'")
        await query(its, "UPDATE delivery SET lease_until = clock_timestamp() WHERE state = 'sending'")
        its.start()
        for event in events():  # what got no 2xx is sent again, and what got one may be too
            assert its.post_event(event) == 200
        await until_settled(its)
        orders = await query(its, "SELECT session, count(*) FROM orders GROUP BY session")
        assert len(orders) == PURCHASES and all(row["count"] == 1 for row in orders)
        sent = [json.loads(line) for line in journal.read_text().splitlines()]
        keys = Counter(entry["key"] for entry in sent if entry["service"] == "resend")
        states = Counter((row["kind"], row["state"]) for row in await query(its, "SELECT kind, state FROM delivery"))
        assert len(keys) == PURCHASES and set(keys.values()) == {1}, keys
        assert states[("mail", "sent")] == PURCHASES, states
        alerts = [entry for entry in sent if entry["service"] == "telegram"]
        assert states[("telegram", "sent")] + states[("telegram", "unknown")] == PURCHASES, states
        assert states[("telegram", "sent")] <= len(alerts) <= PURCHASES
        verified = its.command("verify")
        assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize("point", crash.POINTS)
async def test_a_kill_loses_nothing_and_doubles_nothing(point, partner):
    await kill_at(point, partner)
