"""Setting up Telegram for suggestions: what is let in, who is on the list, and what is said where it is missing."""

from dataclasses import replace

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts import credentials
from dashboard.activity.tables import Activity
from dashboard.approvals import approvers
from dashboard.approvals.tables import TelegramApprover
from dashboard.deliveries.tables import Delivery
from dashboard.webhooks.tables import InboundEvent, RefusedCount
from tests.approvals.asking import a_suggestion, an_article, now_is
from tests.approvals.pressed import (
    ALICE,
    ANA,
    SECRET,
    an_update,
    carries,
    leave,
    number,
    post,
    shown,
    visitor,
)
from tests.webhooks.posting import drain


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (None, "no signature"),
        ("", "no signature"),
        ("wrong", "signature did not match"),
        (SECRET[:-1], "signature did not match"),
    ],
)
async def test_an_update_without_our_secret_is_only_counted(in_chat, telegram, stranger, secret, reason):
    assert (await post(stranger, an_update(ANA, carries(await shown(telegram), "Approve")), secret)).status_code == 403
    assert await InboundEvent.count() == 0 and (await now_is(in_chat)).state == "waiting"
    [refused] = await RefusedCount.across_organizations()
    assert (refused.sender, refused.reason, refused.count) == ("telegram", reason, 1)


async def test_without_a_secret_there_is_no_such_address(stranger, acme):
    assert (await post(stranger, an_update(ANA, "a"))).status_code == 404


@pytest.mark.parametrize("update", [{"update_id": "7"}, {"update_id": True}, {}, [], "x"])
async def test_what_has_no_number_is_refused(telegram, stranger, acme, update):
    assert (await post(stranger, update)).status_code == 403 and await InboundEvent.count() == 0


@pytest.mark.parametrize(
    "query",
    [{}, {"id": 5}, {"id": "q", "from": None, "data": None}, {"id": "q", "from": {"id": "7"}, "data": "a"}, "x"],
)
async def test_a_pressed_button_that_makes_no_sense_fails_or_is_ignored_and_decides_nothing(team, stranger, query):
    assert (await post(stranger, {"update_id": next(number), "callback_query": query})).status_code == 200
    await drain()
    [event] = await InboundEvent.across_organizations().where(InboundEvent.sender == "telegram")
    assert event.state in ("failed", "ignored")


async def test_of_an_update_only_what_is_needed_is_kept(in_chat, telegram, stranger):
    await post(stranger, an_update(ANA, carries(await shown(telegram), "Approve")))
    [event] = await InboundEvent.across_organizations().where(InboundEvent.sender == "telegram")
    assert b"zzwords" not in bytes(event.body) and b"Operator" not in bytes(event.body)


async def test_nothing_is_shown_before_it_is_switched_on_or_where_nobody_knows(telegram, alice, acme):
    await an_article(acme, alice.user)
    await a_suggestion(acme)
    await approvers.switch(acme, on=True, by=visitor(alice), now=clock.now())
    await a_suggestion(acme, "Do you sell concert tickets for Iceland?", email="z@customer.example")
    assert await Delivery.count().where(Delivery.name == "suggestion") == 0


async def test_telegram_is_told_the_address_and_our_secret(team, telegram):
    await leave()
    [told] = [each["body"] for each in telegram.sent("telegram") if each["path"] == "/setWebhook"]
    assert told["url"] == "https://test.local/webhooks/telegram/acme"
    assert told["allowed_updates"] == ["callback_query"] and told["secret_token"] == SECRET


async def test_a_secret_is_made_where_there_is_none(settings, telegram, alice, acme, stranger):
    process_settings.use(replace(process_settings.current(), telegram_webhook_secret=""))
    assert (await post(stranger, an_update(ANA, "a"))).status_code == 404
    assert (await alice.post("/acme/settings/telegram", data={"on": "1"})).status_code == 200
    made = (await credentials.of(acme.id)).telegram_webhook_secret
    await leave()
    [told] = [each["body"] for each in telegram.sent("telegram") if each["path"] == "/setWebhook"]
    assert len(made) > 30 and told["secret_token"] == made


async def test_the_page_says_what_is_missing_and_who_may_decide(alice, ana, vera, bob, acme):
    page = (await alice.get("/acme/settings/telegram")).text
    assert "Telegram is not connected: TELEGRAM_BOT_TOKEN is not set" in page and "Nobody yet" in page
    assert (await alice.post("/acme/settings/telegram", data={"on": "1"})).status_code == 409
    assert (await ana.post("/acme/settings/telegram", data={"on": "1"})).status_code == 403
    assert (await bob.get("/acme/settings/telegram")).status_code == 404
    assert "approver-form" not in (await vera.get("/acme/settings/telegram")).text


async def test_a_member_lists_their_own_number_and_an_admin_anybodys(alice, ana, vera, acme):
    add, at = "/acme/settings/telegram/people", "/acme/settings/telegram"
    own = await ana.post(add, data={"user": str(ana.user.id), "telegram_id": f" {ANA} "})
    assert own.status_code == 200 and f"Telegram number {ANA}" in own.text
    assert (await ana.post(add, data={"user": str(alice.user.id), "telegram_id": "7"})).status_code == 422
    assert (await alice.post(add, data={"user": str(alice.user.id), "telegram_id": str(ANA)})).status_code == 422
    assert (await alice.post(add, data={"user": str(vera.user.id), "telegram_id": "8"})).status_code == 422
    assert (await vera.post(add, data={"user": str(vera.user.id), "telegram_id": "8"})).status_code == 403
    for wrong in ("", "x", "-5", "0", "9" * 17, "１２"):
        refused = await alice.post(add, data={"user": str(alice.user.id), "telegram_id": wrong})
        assert refused.status_code == 422 and "digits only" in refused.text
    assert (await alice.post(add, data={"user": str(alice.user.id), "telegram_id": str(ALICE)})).status_code == 200
    listed = {each.telegram_id: each for each in await TelegramApprover.of(acme)}
    assert set(listed) == {ANA, ALICE}
    assert (await ana.post(f"{add}/{listed[ALICE].id}/removal")).status_code == 409
    assert (await ana.post(f"{add}/{listed[ANA].id}/removal")).status_code == 200
    assert (await alice.post(f"{add}/{listed[ANA].id}/removal")).status_code == 200  # gone already
    assert (await alice.post(f"{add}/{listed[ALICE].id}/removal")).status_code == 200
    titles = [
        each.title for each in await Activity.of(acme).where(Activity.verb.like("telegram_%")).order_by(Activity.id)
    ]
    assert titles == [
        "Ana Alba may decide in Telegram", "Alice Arden may decide in Telegram",
        "Ana Alba no longer decides in Telegram", "Alice Arden no longer decides in Telegram",
    ]  # fmt: skip
    assert "Nobody yet" in (await alice.get(at)).text


async def test_what_went_to_the_chat_can_be_read_in_the_outbox(in_chat, telegram, alice):
    await leave()
    found = await Delivery.objects().where(Delivery.name == "suggestion").first()
    page = (await alice.part(f"/acme/outbox/{found.id}")).text
    assert "five working days" in page and "Suggested reply" in page
