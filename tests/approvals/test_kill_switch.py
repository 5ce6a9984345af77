"""The kill switch: while replies stream out by a rule, the very next one does not go, and it takes no time."""

import asyncio
import time
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.approvals import rules, ruling, sending
from dashboard.approvals.tables import ApprovalRule
from dashboard.database import row, transaction
from tests.approvals.asking import a_suggestion, after_the_hold, an_article
from tests.approvals.test_rules import armed

MANY = 12


@pytest.fixture
async def stream(alice, acme):
    """An armed rule, and customers who go on asking while a worker sends whatever its ten seconds are over for."""
    await an_article(acme, alice.user)
    rule = await armed(acme, alice.user, daily_cap="500")
    await after_the_hold(60)
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while True:
            asked += 1
            await a_suggestion(acme, email=f"streams{asked}@customer.example")

    async def send() -> None:
        while True:
            await sending.work(clock.now() + timedelta(seconds=30))
            await asyncio.sleep(0)

    running = [asyncio.create_task(ask()), asyncio.create_task(send())]
    yield rule
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(task.exception() if not task.cancelled() else None, type(None)) for task in running)


async def by_rule(organization) -> int:
    found = await row(
        "SELECT count(*) AS n FROM suggestion WHERE organization = {} AND outcome = 'automatic' AND state = 'sent'",
        organization.id,
    )
    return found["n"] if found else 0


async def waiting(organization) -> int:
    found = await row(
        "SELECT count(*) AS n FROM suggestion WHERE organization = {} AND state = 'waiting'", organization.id
    )
    return found["n"] if found else 0


async def until(condition) -> None:
    async with asyncio.timeout(120):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("switch", ["the rule", "all rules"])
async def test_the_next_send_is_stopped_while_suggestions_stream(stream, acme, ana, switch):
    async def flowing():
        return await by_rule(acme) >= MANY

    await until(flowing)
    path = f"{stream.id}/disarming" if switch == "the rule" else "stop"
    pressed = time.perf_counter()
    answer = await ana.post(f"/acme/settings/rules/{path}")
    took = time.perf_counter() - pressed
    assert answer.status_code == 200
    sent = await by_rule(acme)
    before = await waiting(acme)

    async def others_came():
        return await waiting(acme) >= before + MANY

    await until(others_came)  # they go on asking, the worker goes on looking
    assert await by_rule(acme) == sent
    print(f"{switch}: nothing was sent from {took * 1000:.0f} ms after the button on, while {MANY} more asked")


async def test_a_reply_that_is_being_sent_at_that_moment_is_either_gone_or_stopped(alice, acme):
    """The button waits for a send under way; there is no moment at which both have won."""
    await an_article(acme, alice.user)
    await armed(acme, alice.user)
    await after_the_hold(60)
    made = await a_suggestion(acme, email="second@customer.example")
    assert made.state == "queued"
    back, went = await asyncio.gather(
        ruling.stop_all(acme, alice.user, clock.now()),
        sending.send(made.id, made.conversation, clock.now() + timedelta(seconds=30)),
    )
    assert not (back and went)
    assert await by_rule(acme) == int(went)


@pytest.mark.parametrize("switch", [ruling.disarm, ruling.stop_all])
async def test_the_switch_does_not_wait_for_a_reply_on_its_way_and_stops_it_all_the_same(alice, acme, switch):
    await an_article(acme, alice.user)
    rule = await armed(acme, alice.user)
    await after_the_hold(60)
    made = await a_suggestion(acme, email="second@customer.example")
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def being_sent() -> bool:
        async with transaction():
            await row("SELECT 1 AS one FROM suggestion WHERE id = {} FOR UPDATE", made.id)
            taken.set()
            await go_on.wait()
            return await rules.may_still(acme.id, rule.id)

    task = asyncio.create_task(being_sent())
    await taken.wait()
    said = (rule, alice.user) if switch is ruling.disarm else (alice.user, clock.now())
    assert await switch(acme, *said) == 0
    go_on.set()
    assert not await task


async def test_a_rule_that_is_off_does_not_send_even_what_was_queued_behind_its_back(alice, acme):
    await an_article(acme, alice.user)
    rule = await armed(acme, alice.user)
    await after_the_hold(60)
    await ApprovalRule.update({ApprovalRule.armed: False}).where(ApprovalRule.id == rule.id)
    assert not await rules.may_still(acme.id, rule.id)
