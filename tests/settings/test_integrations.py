"""Connections: secrets go in and never come out, a test tells the truth, and what waited is let go."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts import credentials, passwords
from dashboard.accounts.tables import ChannelTest, Credential, User
from dashboard.activity.tables import Activity
from dashboard.database import rows
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.tables import Delivery
from tests.canaries import BOT_TOKEN, MARK, PASSWORD, STRIPE_HOOKS, STRIPE_KEY
from tests.partners.provider import provider

PAGE = "/acme/settings/integrations"
NEWER = f"{STRIPE_HOOKS}newer"
TELEGRAM = {"telegram_bot_token": BOT_TOKEN, "telegram_chat_id": "-100123"}
STRIPE = {"stripe_secret_key": STRIPE_KEY, "stripe_webhook_secret": STRIPE_HOOKS}


@pytest.fixture
async def partner(settings):
    """Stripe, Resend, Telegram and OpenAI on loopback."""
    async with provider() as found:
        process_settings.use(
            replace(
                settings,
                stripe_api_base=found.url,
                resend_api_url=found.url,
                telegram_api_url=found.url,
                whatsapp_api_url=found.url,
                openai_base_url=found.url,
            )
        )
        yield found


async def held(acme, kind: str, key: str, age: timedelta = timedelta()) -> None:
    await deliveries.queue(acme, key=key, kind=kind, name="alert", recipient="Team chat", title="Hello", payload={})
    changed = {Delivery.state: "held", Delivery.created_at: clock.now() - age}
    await Delivery.update(changed).where(Delivery.key == key)


async def test_the_page_lists_what_works_and_what_each_lacks(alice):
    page = (await alice.get(PAGE)).text
    for name in ("Stripe", "Resend", "SMTP", "Telegram", "WhatsApp", "OpenAI"):
        assert name in page
    assert "TELEGRAM_BOT_TOKEN is not set" in page and "WHATSAPP_ACCESS_TOKEN is not set" in page
    assert "https://test.local/webhooks/stripe/acme" in page


async def test_connecting_stores_sealed_secrets_tests_them_and_lets_fresh_messages_go(alice, acme, partner):
    await held(acme, "telegram", "fresh")
    await held(acme, "telegram", "old", timedelta(hours=25))
    await held(acme, "mail", "other")
    response = await alice.post(f"{PAGE}/telegram", data=TELEGRAM)
    assert response.status_code == 200
    trigger = response.headers["HX-Trigger"]
    assert "Telegram connected. Telegram answered in" in trigger and "1 held message is on the way." in trigger
    states = {each.key: each.state for each in await Delivery.objects()}
    assert states == {"fresh": "queued", "old": "held", "other": "held"}
    assert (await credentials.of(acme.id)).telegram_bot_token == TELEGRAM["telegram_bot_token"]
    stored = await rows("SELECT string_agg(value::text, ' ') AS all FROM credential")
    assert MARK.encode().hex() not in stored[0]["all"]
    assert "Set on" in response.text and "by Alice Arden" in response.text
    assert await Activity.exists().where(Activity.verb == "connected", Activity.user == alice.user.id)


async def test_a_secret_is_never_shown_again(alice, partner):
    answers = [await alice.post(f"{PAGE}/stripe", data=STRIPE)]
    answers.append(await alice.post(f"{PAGE}/stripe/test"))
    answers.append(await alice.get(PAGE))
    answers.append(await alice.post(f"{PAGE}/stripe", data=STRIPE | {"stripe_secret_key": f"{MARK} with spaces"}))
    for answer in answers:
        assert MARK not in answer.text and MARK not in str(answer.headers)
    assert answers[-1].status_code == 422 and "It starts with sk_ or rk_." in answers[-1].text


async def test_one_that_does_not_work_looks_failed_and_holds_its_messages(alice, acme, partner):
    await held(acme, "telegram", "waiting")
    partner.mode("telegram", "401")
    response = await alice.post(f"{PAGE}/telegram", data=TELEGRAM)
    assert response.status_code == 200 and "Failing" in response.text
    assert (await ChannelTest.objects().first()).failed
    assert (await Delivery.objects().first()).state == "held"
    partner.mode("telegram", "ok")
    response = await alice.post(f"{PAGE}/telegram/test")
    assert "Failing" not in response.text and "Telegram answered in" in response.text
    assert (await Delivery.objects().first()).state == "queued"


WHATSAPP = {
    "whatsapp_access_token": "EAAfortests", "whatsapp_sender_id": "106540352242922",
    "whatsapp_admin_phone": "+1 555 0100042", "whatsapp_alert_template": "",
}  # fmt: skip


async def test_whatsapp_connects_tests_itself_and_lets_its_alerts_go(alice, acme, partner):
    await held(acme, "whatsapp", "waiting")
    response = await alice.post(f"{PAGE}/whatsapp", data=WHATSAPP)
    assert response.status_code == 200 and "WhatsApp connected. WhatsApp answered in" in response.headers["HX-Trigger"]
    assert (await Delivery.objects().first()).state == "queued"
    partner.mode("whatsapp", "401")
    response = await alice.post(f"{PAGE}/whatsapp/test")
    assert "Failing" in response.text and "Check WHATSAPP_ACCESS_TOKEN." in response.text
    assert partner.sent("whatsapp") == []


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("whatsapp_sender_id", "+1 555 0100000", "It has digits only."),
        ("whatsapp_admin_phone", "call me", "Write the number with its country code"),
        ("whatsapp_alert_template", "Team alert", "Write the template’s name as Meta shows it"),
    ],
)
async def test_what_cannot_be_whatsapps_is_said_beside_its_field(alice, partner, field, typed, says):
    response = await alice.post(f"{PAGE}/whatsapp", data=WHATSAPP | {field: typed})
    assert response.status_code == 422 and says in response.text
    assert await Credential.count() == 0 and partner.requests == []


async def test_a_test_that_finds_nobody_says_so_in_words(alice, acme, settings):
    process_settings.use(replace(settings, stripe_api_base="http://127.0.0.1:1"))
    await alice.post(f"{PAGE}/stripe", data=STRIPE)
    response = await alice.post(f"{PAGE}/stripe/test")
    assert response.status_code == 200 and "Stripe could not be reached." in response.headers["HX-Trigger"]
    response = await alice.post(f"{PAGE}/smtp/test")
    assert "SMTP_URL is not set." in response.headers["HX-Trigger"]


async def test_no_transaction_is_open_while_a_provider_is_asked(alice, acme, partner):
    await alice.post(f"{PAGE}/telegram", data=TELEGRAM)
    hold = partner.hold("telegram")
    asked = asyncio.create_task(alice.post(f"{PAGE}/telegram/test"))
    await hold.asked.wait()
    open_ones = await rows(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
    )
    assert not open_ones and not asked.done()
    hold.answer.set()
    assert (await asked).status_code == 200


async def test_after_fifteen_minutes_the_password_is_needed(alice, partner):
    await User.update({User.password_hash: await passwords.hash(PASSWORD)}).where(User.id == alice.user.id)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert 'name="current_password"' in (await alice.get(PAGE)).text
        for form, says in (({}, "Give your password"), ({"current_password": "wrong"}, "This is not your password.")):
            response = await alice.post(f"{PAGE}/telegram", data=TELEGRAM | form)
            assert response.status_code == 422 and says in response.text
            assert TELEGRAM["telegram_bot_token"] not in response.text
        assert await Credential.count() == 0
        right = TELEGRAM | {"current_password": PASSWORD}
        assert (await alice.post(f"{PAGE}/telegram", data=right)).status_code == 200
        assert (await alice.post(f"{PAGE}/telegram/removal")).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=40), tick=False):
        assert (await alice.post(f"{PAGE}/telegram/removal")).status_code == 422


async def test_an_empty_field_keeps_what_is_there(alice, acme, partner):
    await alice.post(f"{PAGE}/stripe", data=STRIPE)
    await alice.post(f"{PAGE}/stripe", data={"stripe_secret_key": "", "stripe_webhook_secret": NEWER})
    known = await credentials.of(acme.id)
    assert (known.stripe_secret_key, known.stripe_webhook_secret) == (STRIPE_KEY, NEWER)
    response = await alice.post(f"{PAGE}/stripe", data={})
    assert response.status_code == 422 and "Nothing was entered" in response.text


async def test_what_was_never_given_is_asked_for(alice):
    response = await alice.post(f"{PAGE}/telegram", data={"telegram_bot_token": "123456:ABCDEFGHIJKL"})
    assert response.status_code == 422 and "This is needed to connect." in response.text
    assert await Credential.count() == 0


async def test_disconnecting_deletes_the_secrets_and_says_what_happens(alice, acme, partner):
    await alice.post(f"{PAGE}/telegram", data=TELEGRAM)
    for _ in range(2):
        response = await alice.post(f"{PAGE}/telegram/removal")
        assert response.status_code == 200 and "TELEGRAM_BOT_TOKEN is not set" in response.text
    assert await Credential.count() == await ChannelTest.count() == 0
    assert await Activity.count().where(Activity.verb == "disconnected") == 1


async def test_one_organizations_secrets_are_not_anothers(alice, bob, acme, borealis, partner):
    await alice.post(f"{PAGE}/telegram", data=TELEGRAM)
    assert (await credentials.of(borealis.id)).telegram_bot_token == ""
    page = (await bob.get("/borealis/settings/integrations")).text
    assert "TELEGRAM_BOT_TOKEN is not set" in page
    await bob.post("/borealis/settings/integrations/telegram/removal")
    assert await Credential.count() == 2


async def test_the_environments_secrets_belong_to_the_first_organization_and_say_so(alice, bob):
    mine = (await alice.get(PAGE)).text
    theirs = (await bob.get("/borealis/settings/integrations")).text
    words = "Webhook signing secret: set by the environment of this installation"
    assert words in mine and words not in theirs


async def test_only_admins_see_the_forms_and_may_use_them(ana, vera, partner):
    for browser in (ana, vera):
        page = (await browser.get(PAGE)).text
        assert "Stripe" in page and "<form" not in page.split('id="integrations"')[1].split('id="palette"')[0]
        for path in ("/telegram", "/telegram/test", "/telegram/removal"):
            assert (await browser.post(PAGE + path, data=TELEGRAM)).status_code == 403
    assert await Credential.count() == 0


async def test_a_connection_that_does_not_exist_is_not_found(alice):
    for name in ("messenger", "x", "..", "mail"):
        assert (await alice.post(f"{PAGE}/{name}/test")).status_code == 404
