"""The command line: what it says of a database that is away, what the doctor sees, and a purchase that is simulated."""

import asyncio
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from dashboard.commands import doctor
from tests.running import free_port, running

pytestmark = pytest.mark.slow
WORD = "Word-Of-Nobody"


@pytest.fixture(scope="module")
def desk():
    """A migrated database nobody serves."""
    with running() as its:
        yield its


def away() -> str:
    return f"postgresql://desk:{WORD}@127.0.0.1:{free_port()}/desk"


def changed(dsn: str, *, name: str = "", user: str = "") -> str:
    """The same server, another database or another person."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(
        parts._replace(netloc=f"{user}@{host}" if user else parts.netloc, path=f"/{name}" if name else parts.path)
    )


def said(done: subprocess.CompletedProcess) -> str:
    """The one sentence of a command that could not be done."""
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("backdesk: "), done.stderr
    return done.stderr


OWNER = ("create-owner", "--email", "o@x.example", "--name", "O", "--organization", "O", "--password", "x" * 20)


@pytest.mark.parametrize(
    "command",
    [("run",), ("verify",), ("jobs", "run", "watch"), OWNER, ("simulate",), ("user", "disable", "o@x.example")],
    ids=lambda command: command[0],
)
def test_a_database_that_is_away_is_one_sentence_with_what_to_do(desk, command):
    sentence = said(desk.command(*command, DATABASE_URL=away()))
    assert "The database does not answer" in sentence and "DATABASE_URL" in sentence and "Word-Of" not in sentence


@pytest.mark.parametrize(
    ("change", "words"),
    [({"name": "nobody_made_it"}, "no database of the name"), ({"user": "nobody_here"}, "refuses the user")],
)
def test_a_wrong_name_and_a_wrong_person_are_said_apart_also_by_the_doctor(desk, change, words):
    wrong = changed(desk.env["DATABASE_URL"], **change)
    assert words in said(desk.command("verify", DATABASE_URL=wrong))
    examined = desk.command("doctor", DATABASE_URL=wrong)
    assert examined.returncode == 1 and "Traceback" not in examined.stderr
    assert re.search(rf"^database +broken +.*{words}", examined.stdout, re.MULTILINE), examined.stdout
    assert re.search(r"^disk +ok", examined.stdout, re.MULTILINE), "the others are looked at all the same"


def test_what_is_no_time_and_no_job_is_said(desk):
    assert "'nonsense' is no day and no time" in said(desk.command("jobs", "run", "watch", "--at", "nonsense"))
    assert "There is no job 'dance'" in said(desk.command("jobs", "run", "dance"))


def state(lines: str, name: str) -> str:
    found = re.search(rf"^{re.escape(name)} +(ok|not configured|broken) ", lines, re.MULTILINE)
    assert found, f"{name} is not in {lines}"
    return found[1]


async def test_the_doctor_has_a_line_for_each_part(desk):
    desk.command("create-owner", "--email", "o@acme.example", "--name", "O", "--organization", "Acme", "--password",
                 "correct horse battery")  # fmt: skip
    lines = desk.command("doctor", STRIPE_SECRET_KEY="", AUTH_FROM_EMAIL="").stdout
    for name in ("settings", "disk", "database", "migrations", "extensions", "clock", "internal secret"):
        assert state(lines, name) == "ok", lines
    for name in ("account mail", "Stripe (acme)", "Resend (acme)", "OpenAI (acme)"):
        assert state(lines, name) == "not configured", lines


async def test_the_doctor_names_an_extension_that_is_missing_and_a_right(desk):
    connection = await asyncpg.connect(desk.env["DATABASE_URL"])
    try:
        await connection.execute("DELETE FROM pg_extension WHERE extname = 'unaccent'")  # what hangs on it may stay
        examined = desk.command("doctor")
        assert examined.returncode == 1 and state(examined.stdout, "extensions") == "broken"
        assert "unaccent is missing" in examined.stdout and "pg_trgm is missing" not in examined.stdout
    finally:
        await connection.close()


def test_what_the_doctor_asks_for_is_what_the_migrations_make():
    made = set()
    for path in Path("piccolo_migrations").glob("*.py"):
        made |= set(re.findall(r"CREATE EXTENSION IF NOT EXISTS (\w+)", path.read_text()))
    assert made == set(doctor.EXTENSIONS)


def health(its) -> tuple[int, dict]:
    answer = httpx.get(f"{its.url}/health", timeout=60)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


async def test_a_simulated_purchase_is_an_order_and_health_tells_when_the_database_is_away():
    with running() as its:
        its.command("create-owner", "--email", "o@acme.example", "--name", "O", "--organization", "Acme", "--password",
                    "correct horse battery")  # fmt: skip
        unheard = its.command("simulate")
        assert unheard.returncode == 2 and "Start it with: make run" in unheard.stderr
        its.start()
        bought = its.command("simulate", "--name", "Robin Sample", "--amount", "12300")
        assert bought.returncode == 0, bought.stderr
        dsn = its.env["DATABASE_URL"]
        order = await eventually(dsn, "SELECT customer_name, amount FROM orders WHERE confirmed_at IS NOT NULL")
        assert tuple(order) == ("Robin Sample", 12300)
        assert health(its)[1] | {"scheduler": ""} == {
            "status": "ok",
            "database": "ok",
            "scheduler": "",
            "version": "0.1.0",
        }
        name = urlsplit(dsn).path.strip("/")
        other = await asyncpg.connect(changed(dsn, name="postgres"))
        try:
            await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
            async with asyncio.timeout(60):
                while health(its)[0] == 200:  # one that was being opened may answer once more
                    await asyncio.sleep(0.1)
            status, parts = health(its)
            assert (status, parts["status"], parts["database"]) == (503, "unavailable", "away")
        finally:
            await other.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            await other.close()
        async with asyncio.timeout(120):
            while health(its)[0] != 200:
                await asyncio.sleep(0.2)


async def eventually(dsn: str, sql: str) -> asyncpg.Record:
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(120):
            while not (found := await connection.fetchrow(sql)):
                await asyncio.sleep(0.1)
        return found
    finally:
        await connection.close()
