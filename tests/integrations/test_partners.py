"""The partners themselves: what crash tests rely on."""

import asyncio
import json
import sys
from dataclasses import replace

import pytest

from dashboard.integrations import Credentials, connect
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import Unavailable, Unclear
from dashboard.settings import load
from tests.integrations import connected, environment
from tests.partners.provider import Provider, provider

MESSAGE = Message(to="robin@mail.example", subject="Quote", text="Hello")


async def test_a_partner_in_a_process_of_its_own_remembers_over_its_own_death(tmp_path):
    journal, ids = tmp_path / "journal.jsonl", []
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.partners.provider", "--journal", str(journal), "--smtp-port", "0"),
            stdout=asyncio.subprocess.PIPE,
        )
        port, smtp_port = map(int, (await asyncio.wait_for(process.stdout.readline(), 60)).split())
        elsewhere = Provider()
        elsewhere.port = port
        settings = load(environment(elsewhere) | {"SMTP_URL": f"smtp://127.0.0.1:{smtp_port}"})
        its = connect(settings, Credentials.from_settings(settings))
        ids.append(await its.mail.send(MESSAGE, "k"))
        await its.smtp.send(replace(MESSAGE, from_="hello@harbor.example"), "k")
        process.kill()
        await process.wait()
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert ids[0] == ids[1] and [entry["service"] for entry in entries] == ["resend", "smtp", "smtp"]


async def test_a_mode_lasts_as_many_times_as_it_was_told():
    async with provider() as p:
        its = connected(p).resend
        message = replace(MESSAGE, from_="hello@harbor.example")
        p.mode("resend", "500", times=2)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await its.send(message, "k")
        await its.send(message, "k")
        p.mode("resend", "cut")
        for key in ("a", "b"):
            with pytest.raises(Unclear):
                await its.send(message, key)
        p.mode("resend", "ok")
        await its.send(message, "c")
        assert [entry["key"] for entry in p.sent("resend")] == ["k", "a", "b", "c"]
        with pytest.raises(ValueError):
            p.mode("resend", "nonsense")
