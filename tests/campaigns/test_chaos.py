"""A campaign whose process is killed at random while its provider fails in every way: at the end every recipient is in
one state, nobody got a mail twice, and the sums are those of the provider's own journal."""

import asyncio
import json
import random
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from dashboard import crash
from tests.running import ROOT, Running, free_port, running
from tests.test_crashes import connected_env, found

FAULTS = (("429", 2), ("500", 2), ("cut", 1), ("cut", 2), ("close", 2), ("malformed", 1), ("slow", 1), ("429", 4))
FINAL = {"sent", "delivered", "bounced", "complained", "failed", "unknown", "suppressed", "skipped", "stopped"}


@pytest.fixture
def partner(tmp_path):
    """The provider as a process of its own, with a journal on disk."""
    port, journal = free_port(), tmp_path / "journal.jsonl"
    command = [sys.executable, "-m", "tests.partners.provider", "--port", str(port), "--journal", str(journal)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline()
    yield f"http://127.0.0.1:{port}", journal
    process.terminate()
    process.wait(10)


def mode(url: str, name: str, times: int | None = None, **more) -> None:
    body = json.dumps({"service": "resend", "mode": name, "times": times, "delay": 1.5, **more}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{url}/_mode", body), timeout=60).read()


async def query(its: Running, sql: str, *values) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    try:
        return await connection.fetch(sql, *values)
    finally:
        await connection.close()


async def campaign_to(its: Running, recipients: int) -> None:
    """A campaign that is launched the moment a process looks; three of its people must not be written to."""
    await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
    await query(
        its, "INSERT INTO lead (organization, email, email_normalized, name, stage, source, created_at) "
        "SELECT 1, 'p' || n || '@crowd.example', 'p' || n || '@crowd.example', 'Person ' || n, 'new', 'Crowd', "
        "now() - interval '1 day' FROM generate_series(1, $1) n", recipients,
    )  # fmt: skip
    for number in (1, 2, 3):
        await query(
            its, "INSERT INTO suppression (organization, email_normalized, reason, created_at) "
            "VALUES (1, $1, 'unsubscribed', now() - interval '1 day')", f"p{number}@crowd.example",
        )  # fmt: skip
    [template] = await query(
        its, "INSERT INTO mail_template (organization, name, version, created_at) VALUES (1, 'Hello', 1, now()) RETURNING id",
    )  # fmt: skip
    await query(
        its, "INSERT INTO mail_template_version (organization, template, number, subject, html, text, created_at) "
        "VALUES (1, $1, 1, 'Hello {{ first_name | there }}', '<p>Hello</p>', 'Hello', now())", template["id"],
    )  # fmt: skip
    await query(
        its, "INSERT INTO campaign (organization, name, kind, state, audience, starts_at, created_at) "
        "VALUES (1, 'Chaos', 'blast', 'scheduled', 'source=Crowd', now(), now())",
    )  # fmt: skip
    await query(
        its, "INSERT INTO campaign_step (organization, campaign, position, day, template, created_at) "
        "VALUES (1, 1, 0, 0, $1, now())", template["id"],
    )  # fmt: skip


async def hurry(its: Running) -> None:
    """What waits, waits no longer: back-offs and the leases of the dead end now."""
    await query(its, "UPDATE delivery SET due_at = now() WHERE state = 'queued' AND due_at > now()")
    await query(its, "UPDATE mail_batch SET due_at = now() WHERE state = 'waiting' AND due_at > now()")
    for table in ("delivery", "mail_batch"):
        await query(
            its, f"UPDATE {table} SET lease_until = clock_timestamp() WHERE state = 'sending' "
            "AND lease_until < clock_timestamp() + interval '55 s'",
        )  # fmt: skip


async def until_done(its: Running, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (await query(its, "SELECT state FROM campaign"))[0]["state"] == "done":
            return
        await hurry(its)
        await asyncio.sleep(0.5)
    open_rows = await query(
        its, "SELECT s.state, d.state AS delivery, d.why, b.state AS batch, b.why AS why2, count(*) FROM campaign_send s LEFT JOIN delivery d "
        "ON d.id = s.delivery LEFT JOIN mail_batch b ON b.id = d.batch GROUP BY 1, 2, 3, 4, 5",
    )  # fmt: skip
    raise AssertionError(f"never done: {[dict(each) for each in open_rows]} {its.log()[-1500:]}")


async def check(its: Running, journal: Path, recipients: int) -> Counter:
    """Eligible is the sum of the states; what was sent is what the provider took; nobody got two."""
    ledger = await query(
        its, "SELECT s.id, s.state, s.lead, l.email, d.state AS delivery FROM campaign_send s "
        "JOIN lead l ON l.id = s.lead LEFT JOIN delivery d ON d.id = s.delivery",
    )  # fmt: skip
    states = Counter(each["state"] for each in ledger)
    assert set(states) <= FINAL and sum(states.values()) == recipients == len({each["lead"] for each in ledger})
    taken = Counter(
        entry["body"]["to"][0] for line in journal.read_text().splitlines()
        if (entry := json.loads(line))["service"] == "resend"
    )  # fmt: skip
    twice = {address: count for address, count in taken.items() if count > 1}
    assert not twice, list(twice.items())[:5]
    for each in ledger:
        if each["state"] == "sent":
            assert taken[each["email"]] == 1, f"{each['email']} is said to be sent, and was not"
        elif each["state"] != "unknown":
            assert taken[each["email"]] == 0, f"{each['email']} is {each['state']}, and was sent"
    assert states["sent"] + states["unknown"] >= len(taken) >= states["sent"]
    assert states["suppressed"] == 3
    counted = await query(
        its, "SELECT what, sum(number)::int AS n FROM campaign_count WHERE step IS NOT NULL AND what = ANY($1) "
        "GROUP BY what HAVING sum(number) <> 0", sorted(FINAL),
    )  # fmt: skip
    assert {each["what"]: each["n"] for each in counted} == dict(states)
    verified = its.command("verify")
    assert verified.returncode == 0, verified.stdout
    return states


async def killed_at_random(partner, recipients: int, kills: int, seed: int, apart: float) -> tuple[Counter, int]:
    url, journal = partner
    chance = random.Random(seed)
    with running(**connected_env(url)) as its:
        found(its)
        await campaign_to(its, recipients)
        process = its.start()
        done = 0
        for _ in range(kills):
            mode(url, *chance.choice(FAULTS))
            await asyncio.sleep(chance.uniform(0.3 * apart, apart))
            await hurry(its)
            if (await query(its, "SELECT state FROM campaign"))[0]["state"] == "done":
                break
            process.kill()
            process.wait()
            its.processes.remove(process)
            done += 1
            process = its.start()
        mode(url, "ok")
        await until_done(its, 60 + recipients / 30)
        return await check(its, journal, recipients), done


@pytest.mark.slow
async def test_600_recipients_and_three_kills(partner):
    states, kills = await killed_at_random(partner, 600, 3, 20261121, apart=1.5)
    print(f"600 recipients, {kills} kills: {dict(states)}")


@pytest.mark.slow
@pytest.mark.parametrize("point", crash.MAIL_POINTS)
async def test_a_kill_at_each_step_of_a_batch_loses_nobody_and_doubles_nobody(point, partner):
    url, journal = partner
    with running(**connected_env(url)) as its:
        found(its)
        await campaign_to(its, 250)
        doomed = its.start(CRASH_AT=f"{point}:1", wait=False)
        assert doomed.wait(60) == -9, f"{point} was never passed"
        its.processes.remove(doomed)
        await hurry(its)
        its.start()
        await until_done(its, 60)
        states = await check(its, journal, 250)
        assert states["sent"] == 247


@pytest.mark.soak
async def test_10_000_recipients_and_ten_kills(partner):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    began = time.monotonic()
    states, kills = await killed_at_random(partner, 10_000, 10, seed, apart=4.0)
    print(f"10,000 recipients, {kills} kills, {time.monotonic() - began:.0f} s: {dict(states)}")
    assert kills >= 5
