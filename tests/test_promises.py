"""Every promise `backdesk verify` looks after is broken by hand once, and found, and named with its row."""

import asyncio
import hashlib
import json
import os
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from dashboard import schedule
from dashboard.database import rows
from dashboard.promises import checking, jobs
from dashboard.promises.checks import CHECKS
from dashboard.runs.tables import Run
from tests.builders import an_organization
from tests.orders.cast import an_order
from tests.running import Running, running

NOW = datetime.now(UTC)
AGO = NOW - timedelta(hours=1)
REQUIRED = """
    SELECT column_name AS name, data_type AS kind FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL
    AND is_generated = 'NEVER' AND is_identity = 'NO'"""
USUAL = {
    "bigint": 0, "integer": 0, "smallint": 0, "boolean": False, "bytea": b"", "jsonb": "{}", "ARRAY": [],
    "timestamp with time zone": NOW, "date": NOW.date(), "text": "", "character varying": "",
}  # fmt: skip


class Vandal:
    """Writes rows no code of ours would: without foreign keys, triggers and unique indexes."""

    def __init__(self, its: Running, connection: asyncpg.Connection) -> None:
        self.its, self.connection, self.nr = its, connection, 0
        self.organization = self.other = 0

    async def put(self, table: str, **columns: Any) -> int:
        """A row, with something in every column that needs it; its id."""
        self.nr += 1
        needed = {each["name"]: USUAL[each["kind"]] for each in await self.connection.fetch(REQUIRED, table)}
        facts = needed | ({"organization": self.organization} if "organization" in needed else {}) | columns
        names = ", ".join(f'"{name}"' for name in facts)
        places = ", ".join(f"${n}" for n in range(1, len(facts) + 1))
        return await self.connection.fetchval(
            f'INSERT INTO "{table}" ({names}) VALUES ({places}) RETURNING id', *facts.values()
        )

    async def order(self, **columns: Any) -> int:
        return await self.put("orders", **{"number": self.nr, "currency": "EUR", "payment_status": "unpaid"} | columns)

    async def delivery(self, **columns: Any) -> int:
        facts = {"key": f"planted:{self.nr}", "kind": "mail", "name": "hello", "state": "sent", "due_at": NOW}
        return await self.put("delivery", **{"organization": self.organization} | facts | columns)

    async def payment(self, **columns: Any) -> int:
        facts = {"key": f"planted:{self.nr}", "provider": "stripe", "currency": "EUR", "occurred_at": NOW}
        return await self.put("payment", **facts | columns)

    def file(self, name: str, text: bytes) -> None:
        path = self.its.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text)
        os.utime(path, (AGO.timestamp() - 7200, AGO.timestamp() - 7200))


# What is done by hand, and where it is found: an id, or the words in the brackets.


async def no_order(by: Vandal) -> int:
    body = json.dumps({"data": {"object": {"id": "cs_nobody"}}}).encode()
    return await by.put(
        "inbound_event", sender="stripe", kind="checkout.session.completed", state="handled", external_id="evt_1",
        body=body,
    )  # fmt: skip


async def two_orders(by: Vandal) -> int:
    ids = [await by.order(session="cs_twice") for _ in range(2)]
    return min(ids)


async def event(by: Vandal, **columns: Any) -> int:
    name = f"evt_{by.nr}"
    return await by.put("inbound_event", sender="stripe", kind="x", external_id=name, key=name, **columns)


async def two_mails(by: Vandal) -> int:
    first = await by.delivery(name="campaign", key="campaign:77")
    await by.delivery(name="campaign", key="campaign:77:again")
    return first


async def a_line_is_missing(by: Vandal) -> int:
    campaign = await by.put("campaign", name="Spring", launched_at=NOW)
    await by.put("enrollment", campaign=campaign)
    await by.put("campaign_step", campaign=campaign)
    return campaign


async def left_and_did_not(by: Vandal) -> int:
    delivery = await by.delivery(state="suppressed")
    return await by.put("campaign_send", state="sent", delivery=delivery, enrollment=by.nr, step=by.nr)


async def after_suppression(by: Vandal) -> int:
    await by.put("suppression", email_normalized="no@x.example", reason="bounced", created_at=AGO)
    return await by.delivery(recipient="No@x.example", first_tried_at=NOW)


async def booked_twice(by: Vandal) -> int:
    return min([await by.payment(kind="charge", amount=5, payment_intent="pi_1") for _ in range(2)])


async def both_refunds(by: Vandal) -> int:
    await by.payment(kind="refund", amount=-5, charge="ch_1")
    return await by.payment(kind="refund", amount=-5, charge="ch_1", provisional=True)


async def overlapped(by: Vandal) -> int:
    ids = [
        await by.put("run", job="watch", period=f"p{n}", outcome="ok", started_at=AGO, finished_at=NOW) for n in "12"
    ]
    return min(ids)


async def reported_other_rows(by: Vandal) -> int:
    batch = await by.put("lead_batch", kind="import", state="done", finished_at=NOW, counts='{"created": 2}')
    lead = await by.put("lead", email="here@x.example")
    await by.put("lead_batch_line", batch=batch, outcome="created", lead=lead)
    return batch


async def a_made_lead_is_gone(by: Vandal) -> int:
    batch = await by.put("lead_batch", kind="import", state="done", finished_at=NOW, counts='{"created": 1}')
    return await by.put("lead_batch_line", batch=batch, outcome="created", lead=2**40)


async def counted_wrongly(by: Vandal) -> int:
    await by.put("campaign_count", campaign=9_001, step=9_002, what="sent", number=3)
    return 9_001


async def invalid_index(by: Vandal) -> int:
    return await by.connection.fetchval(
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'activity_recent'::regclass RETURNING indexrelid::bigint"
    )


async def unvalidated(by: Vandal) -> int:
    await by.connection.execute("ALTER TABLE note ADD CONSTRAINT planted CHECK (id > 0) NOT VALID")
    return await by.connection.fetchval("SELECT oid::bigint FROM pg_constraint WHERE conname = 'planted'")


async def open_for_long(by: Vandal) -> int:
    """A transaction that is open, and a view in front of the server's that says since eleven minutes ago."""
    await by.connection.execute("""
        CREATE VIEW public.pg_stat_activity AS SELECT pid, datname, backend_type, CASE WHEN application_name = 'planted'
            THEN xact_start - interval '11 min' ELSE xact_start END AS xact_start FROM pg_catalog.pg_stat_activity""")
    name = await by.connection.fetchval("SELECT current_database()")
    await by.connection.execute(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog')
    return await by.connection.fetchval(
        "SELECT pid FROM pg_catalog.pg_stat_activity WHERE application_name = 'planted'"
    )


async def says_paid(by: Vandal) -> str:
    return f"({await by.order(payment_status='paid')}: paid, its money says unpaid)"


async def another_day(by: Vandal) -> str:
    await by.put("revenue_day", day=date(2026, 3, 5), currency="EUR")
    return "(acme: 2026-03-05 in EUR"


async def anothers_lead(by: Vandal) -> int:
    lead = await by.put("lead", organization=by.other, email="theirs@x.example")
    return await by.put("conversation", lead=lead, last_message_at=NOW)


async def lost_bytes(by: Vandal) -> int:
    return await by.put("file", storage_key="lost", sha256=b"x" * 32)


async def other_bytes(by: Vandal) -> int:
    by.file("other", b"these")
    return await by.put("file", storage_key="other", sha256=hashlib.sha256(b"those").digest())


async def nobodys_bytes(by: Vandal) -> str:
    by.file("nobodys", b"?")
    return "(nobodys)"


async def unknown_migration(by: Vandal) -> str:
    await by.put("migration", name="dashboard_2099", app_name="dashboard", ran_on=NOW.replace(tzinfo=None))
    return " recorded, "


async def index_without_a_row(by: Vandal) -> str:
    ready = "UPDATE pg_index SET indisready = {} WHERE indexrelid = 'consent_lead'::regclass"
    await by.connection.execute(ready.format("false"))
    await by.put("consent", text="Yes", given_at=NOW, lead=1)
    await by.connection.execute(ready.format("true"))
    return "(consent_lead: "


PLANTED = {
    "a paid checkout has no order": no_order,
    "a checkout session has more than one order": two_orders,
    "an event is stuck in processing": lambda by: event(by, state="processing", lease_until=AGO),
    "an event has waited for more than ten minutes past its time": lambda by: event(by, state="waiting", due_at=AGO),
    "a failed event has raised no alert": lambda by: event(by, state="failed"),
    "a delivery is stuck in sending": lambda by: by.delivery(state="sending", lease_until=AGO),
    "a delivery has waited for more than ten minutes past its time": lambda by: by.delivery(state="queued", due_at=AGO),
    "a delivery is in a state nobody knows": lambda by: by.delivery(state="dreaming"),
    "two mails of one step left for one person": two_mails,
    "a campaign has not one line for each of its people and steps": a_line_is_missing,
    "a mail of a campaign is in a state nobody knows": lambda by: by.put("campaign_send", state="dreaming"),
    "a campaign says that a mail left, and the out-tray does not": left_and_did_not,
    "a batch of mails is stuck": lambda by: by.put("mail_batch", state="sending", lease_until=AGO, due_at=AGO),
    "a mail left after its address was suppressed": after_suppression,
    "a charge is booked twice": booked_twice,
    "a provisional refund stands beside the named one": both_refunds,
    "money has the wrong sign": lambda by: by.payment(kind="charge", amount=-5),
    "a paid order has not exactly one alert": lambda by: by.order(confirmed_at=NOW),
    "an import reports other rows than it wrote": reported_other_rows,
    "a lead that an import made is not there": a_made_lead_is_gone,
    "two runs of one job overlapped": overlapped,
    "an order was delivered without a line on its timeline": lambda by: by.order(done_at=NOW),
    "a campaign's counts differ from its ledger": counted_wrongly,
    "an index is invalid": invalid_index,
    "a constraint is not validated": unvalidated,
    "a transaction is open for more than ten minutes": open_for_long,
    "an order says other than its money": says_paid,
    "sums of a day are not what its rows say": another_day,
    "conversation points to a lead of another organization": anothers_lead,
    "a file has lost its bytes": lost_bytes,
    "a file has other bytes than were stored": other_bytes,
    "bytes belong to no row": nobodys_bytes,
    "migrations are missing or unknown": unknown_migration,
    "an index does not say what its table says": index_without_a_row,
}


def test_for_every_question_there_is_a_violation():
    assert {sentence for _, sentence, _ in CHECKS} <= set(PLANTED)
    assert len({(promise, sentence) for promise, sentence, _ in CHECKS}) == len(CHECKS)


@pytest.fixture(scope="module")
async def said():
    """What verify says before anything is broken, afterwards, and where each violation was planted."""
    with running("promises") as its:
        its.command("create-owner", "--email", "o@acme.example", "--name", "O", "--organization", "Acme", "--password",
                    "correct horse battery")  # fmt: skip
        clean = await asyncio.to_thread(its.command, "verify")
        dsn = its.env["DATABASE_URL"]
        connection = await asyncpg.connect(dsn, server_settings={"session_replication_role": "replica"})
        lasting = await asyncpg.connect(dsn, server_settings={"application_name": "planted"})
        opened = lasting.transaction()
        await opened.start()
        try:
            by = Vandal(its, connection)
            by.organization = await connection.fetchval("SELECT id FROM organization")
            by.other = await by.put("organization", slug="other", name="Other")
            for table in ("orders", "payment"):
                for index in await connection.fetch(
                    "SELECT indexrelid::regclass::text AS name FROM pg_index "
                    "WHERE indrelid = $1::text::regclass AND indisunique "
                    "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)", table,
                ):  # fmt: skip
                    await connection.execute(f"DROP INDEX {index['name']}")
            where = {sentence: await plant(by) for sentence, plant in PLANTED.items()}
            broken = await asyncio.to_thread(its.command, "verify")
        finally:
            await opened.rollback()
            await lasting.close()
            await connection.close()
        yield clean, broken, where


@pytest.mark.slow
def test_where_nothing_is_broken_it_says_so(said):
    clean, broken, _ = said
    assert (clean.returncode, clean.stdout.strip()) == (0, "All promises kept."), clean.stdout + clean.stderr
    assert broken.returncode == 1 and "Traceback" not in broken.stderr, broken.stderr


@pytest.mark.slow
@pytest.mark.parametrize("sentence", list(PLANTED))
def test_a_promise_broken_by_hand_is_found_and_named(said, sentence):
    _, broken, where = said
    place = where[sentence] if isinstance(where[sentence], str) else f"({where[sentence]})"
    assert [line for line in broken.stdout.splitlines() if f": {sentence} " in line and place in line], broken.stdout


async def test_the_nights_check_fails_where_one_is_broken_and_names_no_rows():
    acme = await an_organization("acme", "Acme")
    ok = await schedule.run_by_name("promises", NOW)
    run = await Run.objects().get(Run.id == ok.id)
    assert (run.outcome, run.counts["checked"], run.counts["not_checked"]) == ("ok", len(CHECKS) + 6, 0), run.error
    await rows(
        "INSERT INTO delivery (organization, key, kind, name, state, due_at) "
        "VALUES ({}, 'k', 'mail', 'hello', 'dreaming', now())", acme.id,
    )  # fmt: skip
    bad = await schedule.run_by_name("promises", NOW)
    run = await Run.objects().get(Run.id == bad.id)
    assert run.outcome == "failed" and "I5: a delivery is in a state nobody knows (1)" in run.error
    assert "backdesk verify" in run.error


async def test_what_takes_too_long_is_said_and_the_rest_is_looked_at(monkeypatch):
    acme = await an_organization("acme", "Acme")
    slow = ("I0", "somebody sleeps", "SELECT 1 AS id FROM pg_sleep(60)")
    monkeypatch.setattr(checking, "CHECKS", [slow, *CHECKS])
    order = await an_order(acme)
    await rows("UPDATE orders SET payment_status = 'disputed' WHERE id = {}", order.id)
    found = await checking.check(statement=2, walk=-1)
    assert "I0: whether somebody sleeps" in found.unchecked and "all orders and their money" in found.unchecked
    assert "an order says other than its money" not in {each.sentence for each in found.broken}
    assert "an order says other than its money" in {
        each.sentence for each in (await checking.check(statement=2)).broken
    }
    assert jobs.STATEMENT * 2 < 3600
