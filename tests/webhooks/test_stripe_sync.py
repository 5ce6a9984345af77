"""Events that never arrived are found in Stripe's own list, and mend the journal."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.tables import Credential
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.errors import Unavailable
from dashboard.integrations.outcomes import NotConfigured
from dashboard.integrations.outcomes import Unavailable as Away
from dashboard.payments.tables import ProviderReading
from dashboard.schedule import run_by_name
from dashboard.webhooks import jobs, stripe_sync
from dashboard.webhooks.tables import InboundEvent
from tests.payments.at_stripe import no_pause, purchase, stripe, tells
from tests.webhooks.posting import an_event, drain, send
from tests.webhooks.test_orders_of_arrival import finals

ALL = timedelta(days=29)


async def sync(organization, since=ALL, pause=no_pause):
    since = clock.now() - since if isinstance(since, timedelta) else since
    outside = await integrations_for(organization.id)
    return await stripe_sync.sync(organization, outside.stripe, clock.now(), since, pause)


async def test_a_dropped_event_is_found_and_the_journal_is_as_if_nothing_had_been_dropped(stranger, acme):
    async with stripe() as partner:
        for event in purchase(partner, "whole"):
            await send(stranger, event)
        for event in purchase(partner, "torn")[1:3]:
            await send(stranger, event)
        await drain()
        before = await finals(acme)
        assert before["torn"] != before["whole"]
        done = await sync(acme)
        await drain()
    assert (done.seen, done.found) == (8, 2)
    after = await finals(acme)
    assert after["torn"] == after["whole"] == before["whole"]


@pytest.mark.parametrize("dropped", range(4))
async def test_whichever_event_of_a_purchase_was_dropped_it_comes_back_once(stranger, acme, dropped):
    async with stripe() as partner:
        for name in ("whole", "torn"):
            for place, event in enumerate(purchase(partner, name)):
                if name == "whole" or place != dropped:
                    await send(stranger, event)
        await drain()
        assert (await sync(acme)).found == 1
        assert (await sync(acme)).found == 0
        await drain()
    found = await finals(acme)
    assert found["torn"] == found["whole"]


async def test_a_checkout_found_late_makes_its_order_and_mails_once_however_often_it_is_found(stranger, acme):
    async with stripe() as partner:
        [event] = purchase(partner, "late", ["checkout.session.completed"], days=20)
        await sync(acme)
        await drain()
        await rows("DELETE FROM inbound_event")  # the in-tray has forgotten it
        await sync(acme)
        await send(stranger, event)
        await drain()
    assert len(await rows("SELECT FROM orders")) == 1 and len(await rows("SELECT FROM payment")) == 1
    keys = [each["key"] for each in await Delivery.select(Delivery.key).where(Delivery.kind == "mail")]
    assert len(keys) == len(set(keys)) == 1 and keys[0].startswith("payment_confirmation:")


async def test_what_arrived_by_webhook_is_not_counted_as_sent_again(stranger, acme):
    async with stripe() as partner:
        [event] = purchase(partner, "known", ["checkout.session.completed"])
        await send(stranger, event)
        await sync(acme)
        assert await InboundEvent.count() == 1
        assert (await InboundEvent.across_organizations().first()).repeats == 0
        await send(stranger, event)
        assert (await InboundEvent.across_organizations().first()).repeats == 1


async def test_hundreds_of_events_come_page_by_page_and_of_every_type_we_handle(acme):
    async with stripe() as partner:
        for number in range(230):
            purchase(partner, f"n{number}", ["charge.refunded"])
        for number, kind in enumerate([*stripe_sync.types(), "product.updated"]):
            tells(partner, an_event(kind, f"evt_t{number}", created=int(clock.now().timestamp()) - 9))
        done = await sync(acme)
        asked = [request.query for request in partner.asked("stripe")]
    assert done.found == 230 + len(stripe_sync.types()) == await InboundEvent.count()
    assert sum("starting_after" in each for each in asked) == 2
    assert max(sum(name.startswith("types[") for name in each) for each in asked) <= 20
    assert not any("delivery_success" in each for each in asked)


async def test_events_of_the_other_mode_and_from_before_are_left_alone(acme):
    async with stripe() as partner:
        [live] = purchase(partner, "live", ["charge.refunded"])
        live["livemode"] = True
        purchase(partner, "old", ["charge.refunded"], days=12)
        assert (await sync(acme, timedelta(days=5))).found == 0
        assert (await sync(acme, timedelta(days=15))).found == 1


async def test_stripe_that_asks_to_slow_down_or_stumbles_is_asked_again(acme):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    async with stripe() as partner:
        purchase(partner, "patient", ["charge.refunded"])
        partner.mode("stripe", "429", 1, retry_after="7")
        assert (await sync(acme, pause=pause)).found == 1
        partner.mode("stripe", "500", 2)
        assert (await sync(acme, pause=pause)).found == 0
        partner.mode("stripe", "malformed", 1)
        assert (await sync(acme, pause=pause)).found == 0
    assert pauses == [7.0, 1.0, 2.0, 1.0]


async def test_a_sync_that_stops_half_way_keeps_what_it_found_and_begins_there_again(acme):
    async with stripe() as partner:
        for number in range(150):
            purchase(partner, f"n{number}", ["charge.refunded"])
        whole = partner.handle

        async def dies_at_the_second_page(request, read, send):
            if "starting_after" in request.query:
                partner.mode("stripe", "500")
            await whole(request, read, send)

        partner.handle = dies_at_the_second_page
        with pytest.raises(Away):
            await sync(acme)
        assert await InboundEvent.count() == 100
        reading = await ProviderReading.across_organizations().first()
        assert reading.complete_until is None and reading.problem
        partner.handle = whole
        partner.mode("stripe", "ok")
        assert (await sync(acme)).found == 50
        reading = await ProviderReading.across_organizations().first()
        assert reading.complete_until and not reading.problem


async def test_the_next_sync_begins_a_day_before_the_last_one_and_a_short_one_leaves_no_gap(stranger, acme):
    async with stripe() as partner:
        await send(stranger, purchase(partner, "old", ["invoice.paid"], days=25)[0])
        await drain()
        now = clock.now()
        short = await sync(acme, timedelta(days=3))
        assert now <= short.since + timedelta(days=3) <= clock.now()
        older = now - timedelta(days=25)
        assert (await sync(acme, None)).since < older, "what is older was never read"
        assert (await sync(acme, None)).since >= now - timedelta(days=1)
        assert (await sync(acme, timedelta(days=400))).since > now - timedelta(days=31)


async def test_what_was_sold_before_we_heard_anything_is_fetched_only_when_somebody_asks_for_it(acme):
    async with stripe() as partner:
        purchase(partner, "before", ["checkout.session.completed"], days=10)
        assert (await sync(acme, None)).found == 0 and (await sync(acme, None)).found == 0
        assert (await sync(acme, timedelta(days=20))).found == 1


async def test_the_nightly_job_asks_for_everyone_who_is_connected_and_fails_with_the_reason(stranger, acme, borealis):
    assert await jobs.sync_stripe(clock.now()) == {"asked": 0}
    async with stripe() as partner:
        await send(stranger, purchase(partner, "heard", ["charge.refunded"], days=0.2)[0])
        purchase(partner, "one", ["charge.refunded"], days=0.5)
        run = await run_by_name("stripe_events", clock.now())
        assert (run.outcome, run.counts) == ("ok", {"asked": 1, "events": 2, "found": 1})
        partner.mode("stripe", "401")
        with pytest.raises(Unavailable, match="STRIPE_SECRET_KEY"):
            await jobs.sync_stripe(clock.now())
    assert await Credential.count() == 0


async def test_without_a_key_it_says_so_and_asks_nobody(acme):
    with pytest.raises(NotConfigured, match="STRIPE_SECRET_KEY is not set"):
        await sync(acme)
