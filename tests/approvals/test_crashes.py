"""kill -9 while an approved reply waits, or while it goes out: after the restart it is sent once."""

import json
import subprocess
import sys
import time
from collections import Counter

import pytest

from dashboard import crash
from tests.running import ROOT, Running, running
from tests.test_crashes import connected_env, found, partner, query

__all__ = ["partner"]
pytestmark = pytest.mark.slow
ASKED = """
    WITH c AS (INSERT INTO conversation (organization, channel, name, email, subject, messages, needs_reply,
        last_message_at, last_inbound_at, public_id, created_at)
        SELECT id, 'mail', 'Robin', 'robin@customer.example', 'Audit', 1, true, now(), now(), 'p1', now()
        FROM organization RETURNING id, organization)
    INSERT INTO message (organization, conversation, number, direction, author_kind, text, key, created_at)
    SELECT organization, id, 1, 'in', 'visitor', 'How long does it take?', 'k1', now() FROM c"""
APPROVE = """
import asyncio, os
from dashboard import clock, settings
from dashboard.accounts.tables import Organization, User
from dashboard.approvals import actions
from dashboard.approvals.tables import Suggestion

async def main():
    settings.use(settings.with_development_secrets(settings.load()))
    made = await Suggestion.objects().first()
    organization, user = await Organization.objects().first(), await User.objects().first()
    await actions.approve(organization, made.id, made.version, "It takes a week.", user, clock.now())

asyncio.run(main())
"""


async def until(its: Running, sql: str, wanted: int = 1, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if len(await query(its, sql)) == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"never came true: {sql} {its.log()[-1500:]}")


async def approved(its: Running) -> None:
    """A question that came in was drafted by the application, and somebody approved it."""
    await query(its, "UPDATE organization SET from_address = 'hello@acme.example'")
    await query(its, ASKED)
    await until(its, "SELECT 1 FROM suggestion WHERE state = 'waiting'")
    done = subprocess.run([sys.executable, "-c", APPROVE], cwd=ROOT, env=its.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("point", ["the hold", *crash.APPROVAL_POINTS])
async def test_a_kill_sends_an_approved_reply_once(point, partner):
    url, journal = partner
    with running(**connected_env(url)) as its:
        found(its)
        if point == "the hold":
            doomed = its.start()
            await approved(its)
            doomed.kill()
            doomed.wait(60)
            assert len(await query(its, "SELECT 1 FROM suggestion WHERE state = 'queued'")) == 1
        else:
            doomed = its.start(CRASH_AT=f"{point}:1")
            await approved(its)
            assert doomed.wait(120) == -9, f"{point} was never passed"
        assert await query(its, "SELECT 1 FROM message WHERE direction = 'out'") == []
        its.start()
        its.start(its.port + 1)  # a second process is at it too
        await until(its, "SELECT 1 FROM delivery WHERE name = 'reply' AND state = 'sent'")
        said = await query(its, "SELECT text FROM message WHERE direction = 'out'")
        sent = Counter(json.loads(line)["service"] for line in journal.read_text().splitlines())
        assert [row["text"] for row in said] == ["It takes a week."]
        assert sent["resend"] == 1
        assert len(await query(its, "SELECT 1 FROM suggestion WHERE state = 'sent'")) == 1
