"""The engine's rounds: two at once, one in trouble, a shallow out-tray, and what verify says about it."""

import asyncio
from datetime import timedelta

from dashboard import clock
from dashboard.campaigns import leaving
from dashboard.campaigns.engine import queueing
from dashboard.campaigns.engine.work import Rounds
from dashboard.campaigns.tables import Campaign, Enrollment
from dashboard.commands.verify import violations
from dashboard.database import rows, transaction
from dashboard.deliveries import batches
from tests.campaigns.world import days, launched, ledger, lines, many_leads
from tests.leads.cast import a_lead

MINUTE = timedelta(minutes=1)


async def test_two_engines_and_three_senders_at_once_send_each_mail_once(acme):
    await many_leads(acme, 700)
    async with days() as world:
        campaign = await launched(acme)
        engines = [Rounds(), Rounds()]

        async def engine(rounds: Rounds) -> None:
            for _ in range(12):
                await rounds.round(clock.now())

        async def sender() -> None:
            for _ in range(30):
                await batches.work(world.integrations_for, clock.now(), world.lanes)
                await asyncio.sleep(0.01)

        await asyncio.gather(*(engine(each) for each in engines), *(sender() for _ in range(3)))
        await world.round()
        assert len({each["to"][0] for each in world.mails()}) == len(world.mails()) == 700
    assert await ledger(campaign) == {"sent": 700}


async def test_the_out_tray_holds_only_what_is_sent_soon(acme, monkeypatch):
    monkeypatch.setattr(queueing, "DEPTH", 40)
    await many_leads(acme, 130)
    campaign = await launched(acme)
    for _ in range(10):
        await Rounds().round(clock.now())
    assert await ledger(campaign) == {"queued": 40, "due": 90}


async def test_a_campaign_in_trouble_does_not_keep_another_back(acme):
    await many_leads(acme, 3)
    async with days() as world:
        broken, good = await launched(acme), await launched(acme, name="Good")
        await rows("UPDATE campaign_step SET version = NULL WHERE campaign = {}", broken.id)
        await world.round()
        assert len(world.mails()) == 3
    assert await ledger(good) == {"sent": 3}
    assert (await Campaign.get_of(acme, broken.id)).state == "running"


async def test_one_row_for_each_person_and_step_whatever_is_repeated(acme):
    await many_leads(acme, 9)
    campaign = await launched(acme, days=(0, 3, 7))
    await rows("UPDATE campaign SET filled_at = NULL, filled_through = 0")  # as if its last part was lost
    for _ in range(4):
        await Rounds().round(clock.now())
        await rows("UPDATE campaign SET filled_at = NULL, filled_through = 0")
    assert sum((await ledger(campaign)).values()) == 27
    assert await Enrollment.count() == 9


async def test_a_person_who_leaves_while_their_mail_is_queued_gets_none(acme):
    lead, other = await a_lead(acme), await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, days=(0, 3))
        for _ in range(3):
            await Rounds().round(clock.now())
        assert (await ledger(campaign))["queued"] == 2
        enrollment = await Enrollment.objects().where(Enrollment.lead == lead.id).first()
        async with transaction():
            await leaving.stop(acme, [enrollment.id], leaving.UNSUBSCRIBED, clock.now())
        await world.round()
        assert [each["to"] for each in world.mails()] == [[other.email]]
    assert [each[1:] for each in await lines(campaign, lead)] == [("stopped", "Unsubscribed")] * 2


async def test_a_merge_or_an_erased_address_ends_what_is_left(acme):
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, days=(0, 3))
        await world.round()
        await rows(
            "UPDATE lead SET merged_into = {}, deleted_at = now() WHERE id = {}", (await a_lead(acme)).id, lead.id
        )
        await world.round()
    assert (await lines(campaign, lead))[1][1:] == ("stopped", "The lead became one with another")


async def test_what_waits_for_its_window_is_due_and_not_in_the_out_tray(acme):
    await a_lead(acme)
    now = clock.now()
    closed = (now.hour * 60 + now.minute + 120) % 1440
    async with days() as world:
        campaign = await launched(acme, now, window_from=closed, window_to=(closed + 60) % 1440 or 1440)
        await world.round(now)
        assert await ledger(campaign) == {"due": 1} and world.mails() == []


async def test_verify_finds_nothing_where_all_is_well_and_names_what_is_not(acme):
    await many_leads(acme, 5)
    async with days() as world:
        campaign = await launched(acme, days=(0, 3))
        await world.round()

        async def said() -> list[str]:
            return [each for each in await violations() if "campaign" in each or "mail" in each]

        assert await said() == []
        await rows("DELETE FROM campaign_send WHERE id = (SELECT min(id) FROM campaign_send WHERE state = 'waiting')")
        assert await said() == [f"I5: a campaign has not one line for each of its people and steps ({campaign.id})"]
        await rows("UPDATE delivery SET state = 'cancelled' WHERE id = (SELECT min(delivery) FROM campaign_send)")
        assert any("says that a mail left" in each for each in await said())


async def test_old_batches_are_forgotten_and_their_mails_are_not(acme):
    await many_leads(acme, 2)
    async with days() as world:
        await launched(acme)
        await world.round()
    await batches.tidy(clock.now() + timedelta(days=6))
    assert len(await rows("SELECT 1 AS one FROM mail_batch")) == 1
    await batches.tidy(clock.now() + timedelta(days=8))
    assert await rows("SELECT 1 AS one FROM mail_batch") == []
    assert len(await rows("SELECT 1 AS one FROM delivery WHERE state = 'sent'")) == 2
