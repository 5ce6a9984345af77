"""On which channels the team is told, and what becomes of an alert on WhatsApp."""

from dataclasses import replace

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts import credentials
from dashboard.accounts.sessions import Visitor
from dashboard.deliveries import actions, alerts, held
from dashboard.deliveries.tables import Delivery
from tests.builders import a_member
from tests.canaries import BOT_TOKEN, WHATSAPP_TOKEN
from tests.deliveries import a_delivery, again, world


async def tell(organization, key: str = "alert:new_order:7") -> bool:
    return await actions.queue_alert(
        organization, "new_order", key=key, title="New order 7", lines=["Robin"], href="/acme/orders/7"
    )


async def told() -> dict[str, tuple[str, str]]:
    return {each.key: (each.kind, each.recipient) for each in await Delivery.objects()}


@pytest.fixture
async def someone(acme) -> Visitor:
    user = await a_member(acme, "olga@acme.example", "Olga", "owner")
    return Visitor(user.id, user.email, user.name, False, 0, "", clock.now())


async def test_with_no_channel_one_row_waits_for_telegram(acme):
    assert await tell(acme)
    assert await told() == {"alert:new_order:7": ("telegram", "Team chat")}


@pytest.mark.parametrize("name", ["whatsapp_access_token", "whatsapp_sender_id", "whatsapp_admin_phone"])
async def test_whatsapp_alone_gets_the_alert_once_it_is_begun_and_telegram_nothing(acme, someone, name):
    await credentials.set(acme, name, "EAAfor-tests", someone, clock.now())
    assert await tell(acme)
    assert await told() == {"alert:new_order:7": ("whatsapp", "Team phone")}


async def test_both_channels_get_it_once_however_often_the_cause_is_handled(acme, settings):
    process_settings.use(replace(settings, telegram_bot_token=BOT_TOKEN, whatsapp_access_token=WHATSAPP_TOKEN))
    assert await tell(acme) and not await tell(acme)
    first, second = alerts.keys("alert:new_order:7")
    assert await told() == {first: ("telegram", "Team chat"), second: ("whatsapp", "Team phone")}


async def test_a_channel_connected_later_is_not_told_again(acme, settings):
    await tell(acme)
    process_settings.use(replace(settings, telegram_bot_token=BOT_TOKEN, whatsapp_access_token=WHATSAPP_TOKEN))
    assert not await tell(acme)
    assert len(await told()) == 1


async def test_the_environments_channels_are_the_first_organizations_only(acme, borealis, settings):
    process_settings.use(replace(settings, whatsapp_access_token=WHATSAPP_TOKEN))
    await tell(acme, "a")
    await tell(borealis, "b")
    assert await told() == {"a": ("whatsapp", "Team phone"), "b": ("telegram", "Team chat")}


async def test_an_alert_on_whatsapp_says_what_happened_and_where(acme):
    delivery = await a_delivery(acme, "whatsapp")
    async with world() as w:
        await w.work()
        (entry,) = w.partner.sent("whatsapp")
    assert entry["body"]["text"]["body"] == "New order\nRobin *Sample* & co\nhttps://test.local/acme/orders/1"
    assert entry["body"]["biz_opaque_callback_data"] == str(delivery.id)


async def test_outside_the_window_it_is_held_with_the_reason_and_leaves_once_there_is_a_template(acme):
    delivery = await a_delivery(acme, "whatsapp")
    async with world() as w:
        w.partner.mode("whatsapp", "400", error={"code": 131047})
        await w.work()
        waiting = await again(delivery)
        assert (waiting.state, waiting.attempt) == ("held", 0) and "approved template" in waiting.why
        w.partner.mode("whatsapp", "ok")
        w.env["WHATSAPP_ALERT_TEMPLATE"] = "team_alert"
        assert await held.release_held(acme.id, ["whatsapp"], clock.now()) == 1
        await w.work()
    assert (await again(delivery)).state == "sent"


@pytest.mark.parametrize("mode", ["cut", "malformed"])
async def test_an_answer_that_never_came_is_unknown_and_not_sent_again(acme, mode):
    delivery = await a_delivery(acme, "whatsapp")
    async with world() as w:
        w.partner.mode("whatsapp", mode, 1)
        await w.work()
        assert await w.work() == 0
        assert len(w.partner.sent("whatsapp")) == 1
    assert (await again(delivery)).state == "unknown"


async def test_not_connected_it_is_held_and_names_the_setting(acme):
    delivery = await a_delivery(acme, "whatsapp")
    async with world(WHATSAPP_SENDER_ID="") as w:
        await w.work()
    kept = await again(delivery)
    assert kept.state == "held" and kept.why == "WhatsApp is not connected: WHATSAPP_SENDER_ID is not set."


async def test_the_outbox_shows_it_as_it_is_read(acme, alice):
    delivery = await a_delivery(acme, "whatsapp")
    page = (await alice.get("/acme/outbox?kind=whatsapp")).text
    assert "WhatsApp" in page and "New order" in page
    assert "Robin *Sample* &amp; co" in (await alice.part(f"/acme/outbox/{delivery.id}")).text
