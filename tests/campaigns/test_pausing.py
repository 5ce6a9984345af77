"""Pausing, going on, stopping, trying again: at once, and nobody gets a mail twice."""

import asyncio
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.campaigns import launching
from dashboard.campaigns.engine.work import Rounds
from dashboard.campaigns.tables import Campaign
from dashboard.database import rows
from dashboard.errors import Conflict
from tests.campaigns.world import days, launched, ledger, many_leads
from tests.leads.cast import a_lead

MINUTE = timedelta(minutes=1)


async def queued(campaign: Campaign, rounds: int = 3) -> None:
    """Mails in the out-tray that nobody has claimed."""
    for _ in range(rounds):
        await Rounds().round(clock.now())


async def deliveries() -> set[tuple[str, str]]:
    return {(each["state"], each["why"]) for each in await rows("SELECT state, why FROM delivery WHERE kind = 'mail'")}


async def test_a_pause_takes_back_everything_that_was_not_claimed_and_nothing_is_claimed_after_it(acme):
    await many_leads(acme, 2_000)
    async with days() as world:
        campaign = await launched(acme)
        await queued(campaign, 8)
        assert (await ledger(campaign))["queued"] == 2_000
        await launching.pause(campaign, None, clock.now())
        assert await ledger(campaign) == {"due": 2_000}  # from the moment on in which the pause is answered
        await world.round()
        assert world.mails() == []
        assert await ledger(campaign) == {"due": 2_000}
        assert await deliveries() == {("cancelled", "The campaign is paused")}


async def test_going_on_sends_the_same_deliveries_and_nobody_gets_two(acme):
    await many_leads(acme, 150)
    async with days() as world:
        campaign = await launched(acme)
        await queued(campaign)
        keys = {each["key"] for each in await rows("SELECT key FROM delivery")}
        for _ in range(3):
            await launching.pause(campaign, None, clock.now())
            await launching.resume(campaign, None, clock.now())
        await world.round()
        assert len({each["to"][0] for each in world.mails()}) == len(world.mails()) == 150
        assert {each["key"] for each in await rows("SELECT key FROM delivery")} == keys
    assert await ledger(campaign) == {"sent": 150}


async def test_paused_and_resumed_in_the_middle_of_sending_nobody_is_left_out_or_written_to_twice(acme):
    await many_leads(acme, 900)
    async with days() as world:
        campaign = await launched(acme)
        over = False

        async def send() -> None:
            while not over:
                if not await world.send(clock.now()):
                    await asyncio.sleep(0.005)

        async def rounds() -> None:
            mine = Rounds()
            while not over:
                await mine.round(clock.now())
                await asyncio.sleep(0.005)

        at_work = [asyncio.create_task(each) for each in (send(), send(), rounds(), rounds())]
        for _ in range(6):
            await asyncio.sleep(0.25)
            await launching.pause(campaign, None, clock.now())
            on_its_way = await rows("SELECT count(*) AS n FROM delivery WHERE state = 'sending'")
            before = len(world.mails())
            await asyncio.sleep(0.2)
            assert len(world.mails()) <= before + on_its_way[0]["n"]
            await launching.resume(campaign, None, clock.now())
        for _ in range(2_400):
            if (await Campaign.get_of(acme, campaign.id)).state == "done":
                break
            await asyncio.sleep(0.05)
        over = True
        await asyncio.gather(*at_work)
        assert len({each["to"][0] for each in world.mails()}) == len(world.mails()) == 900
    assert await ledger(campaign) == {"sent": 900}


async def test_a_pause_during_a_call_does_not_try_it_again_before_it_goes_on(acme):
    await many_leads(acme, 5)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        await queued(campaign)
        handle, paused = world.partner.handle, []

        async def pausing(*call):
            if not paused:
                paused.append(await launching.pause(campaign, None, now))  # while the call is under way
            await handle(*call)

        world.partner.handle = pausing
        await world.send(clock.now())
        world.partner.handle = handle
        world.partner.mode("resend", "429", 5)
        await world.round(now + MINUTE)
        assert len(world.mails()) == 5  # the call was under way, and it was good
    assert await ledger(campaign) == {"sent": 5}


async def test_what_the_provider_turned_away_during_a_pause_is_due_again(acme):
    await many_leads(acme, 5)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        await queued(campaign)
        world.partner.mode("resend", "429", 1)
        handle = world.partner.handle

        async def pausing(*call):
            await launching.pause(campaign, None, now)  # while the call is under way
            await handle(*call)

        world.partner.handle = pausing
        await world.send(clock.now())
        world.partner.handle = handle
        assert len([each for each in world.partner.asked("resend") if each.path == "/emails/batch"]) == 1
        await world.round(now + MINUTE)
        assert world.mails() == [] and await ledger(campaign) == {"due": 5}
        await launching.resume(campaign, None, now + MINUTE)
        await world.round(now + 2 * MINUTE)
        assert len(world.mails()) == 5


async def test_pausing_twice_is_pausing_once(acme):
    await a_lead(acme)
    campaign = await launched(acme)
    for _ in range(2):
        await launching.pause(campaign, None, clock.now(), "Too many came back")
    found = await rows("SELECT verb FROM activity WHERE subject_kind = 'campaign' ORDER BY id")
    assert [each["verb"] for each in found] == ["launched", "paused"]
    assert len(await rows("SELECT 1 AS one FROM delivery WHERE name = 'campaign_paused'")) == 1


async def test_two_people_who_pause_and_resume_at_once_leave_one_state(acme):
    await many_leads(acme, 50)
    async with days() as world:
        campaign = await launched(acme)
        await queued(campaign)
        acts = [launching.pause, launching.resume] * 5
        await asyncio.gather(*(act(campaign, None, clock.now()) for act in acts))
        await launching.resume(campaign, None, clock.now())
        await world.round()
        assert len(world.mails()) == 50


async def test_a_stopped_campaign_sends_nothing_more_and_every_line_says_so(acme):
    await many_leads(acme, 120)
    async with days() as world:
        campaign = await launched(acme, per_hour=20, days=(0, 3))
        await world.round()
        await launching.stop(campaign, None, clock.now())
        await launching.stop(campaign, None, clock.now())
        await world.round(clock.now() + timedelta(days=10))
        assert len(world.mails()) == 20
    assert await ledger(campaign) == {"sent": 20, "stopped": 220}
    people = await rows("SELECT state, count(*) AS n FROM enrollment GROUP BY state")
    assert [(each["state"], each["n"]) for each in people] == [("stopped", 120)]


async def test_a_stop_while_mails_are_in_the_out_tray_takes_them_back(acme):
    await many_leads(acme, 120)
    async with days() as world:
        campaign = await launched(acme)
        await queued(campaign)
        await launching.stop(campaign, None, clock.now())
        await world.round()
        assert world.mails() == []
    assert await ledger(campaign) == {"stopped": 120}


async def test_what_may_have_arrived_is_unknown_when_a_campaign_is_stopped(acme):
    await many_leads(acme, 4)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "cut", 1)
        await world.round(now)
        await launching.stop(campaign, None, now)
        await world.round(now + MINUTE)
        assert len(world.mails()) == 4
    assert await ledger(campaign) == {"unknown": 4}


async def test_only_what_failed_is_sent_once_more(acme):
    await many_leads(acme, 6)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        await world.round(now)
        for number, state in ((1, "failed"), (2, "unknown"), (3, "bounced")):
            await rows("UPDATE delivery SET state = {} WHERE recipient = {}", state, f"p{number}@crowd.example")
            await rows(
                "UPDATE campaign_send s SET state = {} FROM delivery d WHERE d.id = s.delivery AND d.recipient = {}",
                state, f"p{number}@crowd.example",
            )  # fmt: skip
        assert await launching.retry_failed(campaign, None, now) == 1
        await world.round(now + MINUTE)
        assert [len(world.mails(f"p{number}@crowd.example")) for number in (1, 2, 3, 4)] == [2, 1, 1, 1]
        assert await ledger(campaign) == {"sent": 4, "unknown": 1, "bounced": 1}
        assert await launching.retry_failed(campaign, None, now + MINUTE) == 0
        await world.round(now + 2 * MINUTE)
        assert len(world.mails("p2@crowd.example")) == 1, "it may have arrived: a person decides in the Outbox"
    assert (await Campaign.get_of(acme, campaign.id)).state == "done"


async def test_a_stopped_campaign_is_not_tried_again(acme):
    await a_lead(acme)
    campaign = await launched(acme)
    await launching.stop(campaign, None, clock.now())
    with pytest.raises(Conflict):
        await launching.retry_failed(campaign, None, clock.now())


async def test_a_mail_somebody_cancels_in_the_outbox_is_a_line_that_says_so(acme, alice):
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme)
        await queued(campaign)
        [delivery] = await rows("SELECT id FROM delivery")
        assert (await alice.post(f"/acme/outbox/{delivery['id']}/cancellation")).status_code == 200
        await world.round()
        assert world.mails(lead.email) == []
    found = await rows("SELECT state, reason FROM campaign_send")
    assert [(each["state"], each["reason"]) for each in found] == [("stopped", "Cancelled by hand")]


async def test_the_outbox_shows_the_mail_as_it_will_leave(acme, alice):
    await a_lead(acme, "Robin Wren")
    campaign = await launched(acme, texts={"subject": "Hello {{ first_name }}", "html": "<p>Dear {{ name }}</p>"})
    await queued(campaign)
    [delivery] = await rows("SELECT id, title, payload FROM delivery")
    assert delivery["title"] == "Hello Robin" and "html" not in delivery["payload"]
    shown = await alice.get(f"/acme/outbox/{delivery['id']}/preview")
    assert "Dear Robin Wren" in shown.text
