"""Two processes, locks, a database that restarts, signals: what was answered 2xx is there, and nothing is done twice."""

import asyncio
import concurrent.futures
import http.client
import os
import signal
import time

import asyncpg
import pytest

from dashboard.integrations import stripe_samples
from tests.running import running
from tests.test_crashes import connected_env, found, partner, query, until_settled  # noqa: F401 – partner is a fixture

pytestmark = pytest.mark.slow


def a_checkout(name: str) -> dict:
    return stripe_samples.event("checkout.session.completed", name, now=int(time.time()), event_id=f"evt_{name}")


async def test_one_event_fifty_times_over_two_processes_is_one_order_one_payment_one_mail(partner):  # noqa: F811
    url, journal = partner
    with running(**connected_env(url)) as its:
        found(its)
        its.start()
        await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
        second = its.port + 1
        its.start(port=second)
        event = a_checkout("fifty")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda n: its.post_event(event, port=(its.port, second)[n % 2]), range(50)))
        assert set(answers) == {200}
        await until_settled(its)
        assert [dict(row) for row in await query(its, "SELECT repeats, state FROM inbound_event")] == [
            {"repeats": 49, "state": "handled"}
        ]
        counts = await query(
            its, "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM payment) AS payments, "
            "(SELECT count(*) FROM delivery WHERE kind = 'mail') AS mails",
        )  # fmt: skip
        assert dict(counts[0]) == {"orders": 1, "payments": 1, "mails": 1}
        assert sum('"resend"' in line for line in journal.read_text().splitlines()) == 1


async def test_a_held_lock_gives_no_2xx_and_the_retry_succeeds():
    with running() as its:
        found(its)
        its.start()
        blocker = await asyncpg.connect(its.env["DATABASE_URL"])
        blocking = blocker.transaction()
        await blocking.start()
        await blocker.execute("LOCK TABLE inbound_event IN ACCESS EXCLUSIVE MODE")
        status = await asyncio.to_thread(its.post_event, a_checkout("locked"))
        assert status == 503
        await blocking.rollback()
        await blocker.close()
        assert its.post_event(a_checkout("locked")) == 200
        await until_settled(its)
        assert len(await query(its, "SELECT 1 FROM orders")) == 1


async def test_connections_that_die_under_load_lose_no_answered_event():
    with running() as its:
        found(its)
        its.start()
        events = [a_checkout(f"cut{n}") for n in range(60)]
        answered: list[str] = []

        def post(event: dict) -> None:
            if its.post_event(event) == 200:
                answered.append(event["id"])

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            jobs = [pool.submit(post, event) for event in events]
            for _ in range(4):
                await asyncio.sleep(0.05)
                await query(
                    its, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()",
                )  # fmt: skip
            concurrent.futures.wait(jobs)
        stored = {row["external_id"] for row in await query(its, "SELECT external_id FROM inbound_event")}
        assert set(answered) <= stored
        for event in events:
            assert its.post_event(event) == 200
        await query(its, "UPDATE inbound_event SET lease_until = clock_timestamp() WHERE state = 'processing'")
        await until_settled(its)
        assert len(await query(its, "SELECT 1 FROM orders")) == len(events)
        assert its.command("verify").returncode == 0


async def test_sigterm_ends_the_process_though_a_live_page_is_open():
    with running() as its:
        found(its)
        process = its.start()
        stream = http.client.HTTPConnection("127.0.0.1", its.port, timeout=60)
        stream.request("GET", "/acme/live", headers={"Cookie": f"__Host-sid={await a_session(its)}"})
        answer = stream.getresponse()
        assert answer.status == 200 and answer.readline().startswith(b":")
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 0  # granian would wait for the page for ever
        stream.close()


async def a_session(its) -> str:
    """A session for Alice, written as sign-in would."""
    from dashboard.accounts.sessions import digest

    token = "t" * 43
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    await connection.execute(
        'INSERT INTO app_session (token_hash, "user", created_at, last_seen_at, expires_at, confirmed_at, address, browser) '
        "SELECT $1, id, now(), now(), now() + interval '1 day', now(), '', '' FROM app_user LIMIT 1", digest(token),
    )  # fmt: skip
    await connection.close()
    return token
