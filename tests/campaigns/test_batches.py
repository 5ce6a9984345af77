"""Many mails in one call: fixed members and bytes, tried again only as that batch, one bad address harms no other."""

from datetime import timedelta

from dashboard import clock
from dashboard.campaigns import launching
from dashboard.campaigns.tables import Campaign
from dashboard.database import rows
from dashboard.deliveries import batches, dispatcher
from dashboard.deliveries.tables import Suppression
from tests.campaigns.world import days, days_by_smtp, launched, ledger, many_leads
from tests.deliveries import a_delivery, again
from tests.leads.cast import a_lead

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def batch_rows() -> list[dict]:
    return await rows(
        "SELECT id, state, attempt, cardinality(members) AS size, body, unclear_via FROM mail_batch ORDER BY id"
    )


async def test_250_mails_leave_in_three_calls(acme):
    await many_leads(acme, 250)
    async with days() as world:
        campaign = await launched(acme)
        await world.round()
        calls = [each for each in world.partner.asked("resend") if each.path == "/emails/batch"]
        assert sorted(len(call.json) for call in calls) == [50, 100, 100]
        assert len({each["to"][0] for each in world.mails()}) == 250
    assert await ledger(campaign) == {"sent": 250}
    assert [(each["state"], each["body"]) for each in await batch_rows()] == [("done", b"")] * 3


async def test_each_mail_keeps_its_own_id_tag_and_way_to_unsubscribe(acme):
    await many_leads(acme, 3)
    async with days() as world:
        await launched(acme, from_name="Harbor Studio", reply_to="robin@acme.example")
        await world.round()
        entries = world.partner.sent("resend")
    ids = {each["id"]: each["provider_id"] for each in await rows("SELECT id, provider_id FROM delivery")}
    for entry in entries:
        tags = {tag["name"]: tag["value"] for tag in entry["body"]["tags"]}
        assert ids[int(tags["delivery"].partition("-")[0])] == entry["id"]
        assert entry["body"]["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert entry["body"]["headers"]["List-Unsubscribe"].startswith("<https://test.local/u/")
        assert (
            entry["body"]["from"].startswith('"Harbor Studio" <') and entry["body"]["reply_to"] == "robin@acme.example"
        )
    assert len({entry["body"]["headers"]["List-Unsubscribe"] for entry in entries}) == 3


async def test_an_answer_that_was_cut_off_is_asked_again_with_the_same_bytes_under_the_same_key(acme):
    await many_leads(acme, 5)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "cut", 1)
        await world.round(now)
        assert (await ledger(campaign)) == {"queued": 5}
        await rows("UPDATE lead SET name = 'Changed meanwhile'")
        await world.round(now + MINUTE)
        first, second = (call for call in world.partner.asked("resend") if call.path == "/emails/batch")
        assert first.body == second.body
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "batch:1"
        assert len(world.mails()) == 5
    assert await ledger(campaign) == {"sent": 5}


async def test_a_refused_member_does_not_sink_the_others(acme):
    await many_leads(acme, 9)
    await a_lead(acme, email="nobody@refused.example")
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        await world.round(now)
        await world.round(now + MINUTE)
        assert len({each["to"][0] for each in world.mails()}) == 9 == len(world.mails())
    assert await ledger(campaign) == {"sent": 9, "failed": 1}
    assert [each["state"] for each in await batch_rows()] == ["dissolved"]


async def test_a_mail_that_cannot_be_written_fails_alone(acme):
    await many_leads(acme, 4)
    await a_lead(acme, email="two@a.example,three@b.example")
    async with days() as world:
        campaign = await launched(acme)
        await world.round()
        assert len(world.mails()) == 4
    assert await ledger(campaign) == {"sent": 4, "failed": 1}


async def test_slow_down_puts_all_back_without_a_try_being_counted(acme):
    await many_leads(acme, 5)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "429", 1, retry_after="7")
        await world.round(now)
        assert {(each["state"], each["attempt"]) for each in await rows("SELECT state, attempt FROM delivery")} == {
            ("queued", 0)
        }
        await world.round(now + timedelta(seconds=5))
        assert world.mails() == []
        await world.round(now + MINUTE)
        assert len(world.mails()) == 5
    assert await ledger(campaign) == {"sent": 5}


async def test_server_errors_are_tried_again_as_the_same_batch_and_end_as_failed(acme):
    await many_leads(acme, 3)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "500")
        for hours in range(30):
            await world.round(now + timedelta(hours=hours))
        keys = {each.headers["idempotency-key"] for each in world.partner.asked("resend")}
        assert keys == {"batch:1"} and world.mails() == []
    assert await ledger(campaign) == {"failed": 3}


async def test_what_may_have_arrived_is_never_sent_again_once_its_key_is_forgotten(acme):
    await many_leads(acme, 3)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "cut", 1)
        await world.round(now)
        await world.round(now + DAY)
        assert len(world.mails()) == 3
    assert await ledger(campaign) == {"unknown": 3}


async def test_a_batch_whose_worker_died_is_handed_over_by_another_one_under_its_key(acme):
    await many_leads(acme, 4)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        await world.round(now)
        # as a process that died after the provider's answer left it
        await rows(
            "UPDATE mail_batch SET state = 'sending', lease_until = clock_timestamp() - interval '1 s', body = {}", b""
        )
        await rows("UPDATE delivery SET state = 'sending', provider_id = ''")
        await rows("UPDATE campaign_send SET state = 'queued'")
        await world.round(now + MINUTE)
        assert len(world.mails()) == 4
    assert await ledger(campaign) == {"unknown": 4}  # its bytes are gone, so it cannot be asked again


async def test_without_batches_each_mail_leaves_singly(acme):
    await many_leads(acme, 12)
    async with days_by_smtp() as world:
        campaign = await launched(acme)
        await world.round()
        assert len(world.mail.taken) == 12
    assert await ledger(campaign) == {"sent": 12}
    assert await batch_rows() == []


async def test_without_a_provider_all_is_held_and_leaves_once_there_is_one(acme):
    await many_leads(acme, 3)
    async with days(RESEND_API_KEY="") as world:
        campaign = await launched(acme)
        await world.round()
        assert await ledger(campaign) == {"queued": 3}
        assert {each["state"] for each in await rows("SELECT state FROM delivery")} == {"held"}
        world.env.clear()
        await rows("UPDATE delivery SET state = 'queued', why = ''")
        await world.round()
        assert len(world.mails()) == 3


async def test_a_suppressed_address_is_left_out_at_the_last_moment(acme):
    await many_leads(acme, 3)
    async with days() as world:
        campaign = await launched(acme)
        from dashboard.campaigns.engine.work import Rounds

        await Rounds().round(clock.now())
        await Rounds().round(clock.now())
        assert await ledger(campaign) == {"queued": 3}
        await Suppression(organization=acme.id, email_normalized="p2@crowd.example", reason="unsubscribed").save()
        await batches.work(world.integrations_for, clock.now(), world.lanes)
        assert "p2@crowd.example" not in {each["to"][0] for each in world.mails()} and len(world.mails()) == 2


async def test_other_mail_does_not_wait_behind_a_campaign(acme):
    await many_leads(acme, 150)
    async with days() as world:
        await launched(acme)
        from dashboard.campaigns.engine.work import Rounds

        for _ in range(3):
            await Rounds().round(clock.now())
        order = await a_delivery(acme, "mail")
        assert await dispatcher.work(world.integrations_for, clock.now(), "mail", world.lanes) == 1
        assert (await again(order)).state == "sent"


async def test_two_campaigns_share_the_way_out(acme):
    await many_leads(acme, 130)
    async with days() as world:
        one, two = await launched(acme), await launched(acme, name="Second")
        await world.round()
    assert await ledger(one) == await ledger(two) == {"sent": 130}
    sizes = await rows("SELECT subject_id, sum(cardinality(members)) AS n FROM mail_batch GROUP BY 1 ORDER BY 1")
    assert [(each["subject_id"], each["n"]) for each in sizes] == [(one.id, 130), (two.id, 130)]


async def test_a_paused_batch_that_may_have_arrived_waits_and_goes_on_as_it_is(acme):
    await many_leads(acme, 4)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now)
        world.partner.mode("resend", "cut", 1)
        await world.round(now)
        await launching.pause(campaign, None, now)
        await world.round(now + MINUTE)
        assert [each["state"] for each in await batch_rows()] == ["paused"]
        assert len([each for each in world.partner.asked("resend") if each.path == "/emails/batch"]) == 1
        await launching.resume(campaign, None, now + MINUTE)
        await world.round(now + 2 * MINUTE)
        assert len(world.mails()) == 4
    assert await ledger(campaign) == {"sent": 4}
    assert (await Campaign.get_of(acme, campaign.id)).state == "done"
