"""Nothing leaves this machine in development, whatever is configured."""

import subprocess
import sys

import pytest

from dashboard.integrations import Credentials, connect
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import NotConfigured
from dashboard.integrations.provider import HELD
from dashboard.settings import load
from tests.canaries import BOT_TOKEN, EVERY, MAIL_PASSWORD, MARK, OPENAI_KEY, RESEND_KEY, STRIPE_KEY, WHATSAPP_TOKEN
from tests.integrations import connected, environment
from tests.partners.provider import provider

KEYS = {
    "STRIPE_SECRET_KEY": STRIPE_KEY,
    "RESEND_API_KEY": RESEND_KEY,
    "TELEGRAM_BOT_TOKEN": BOT_TOKEN,
    "TELEGRAM_CHAT_ID": "1",
}
KEYS |= {"OPENAI_API_KEY": OPENAI_KEY, "OPENAI_MODEL": "tiny", "SMTP_URL": "smtp://mail.harbor.example"}
KEYS |= {"WHATSAPP_ACCESS_TOKEN": WHATSAPP_TOKEN, "WHATSAPP_SENDER_ID": "1", "WHATSAPP_ADMIN_PHONE": "15550100042"}
MESSAGE = Message(to="robin@mail.example", subject="Quote", text="Hello")


async def test_development_holds_every_send_to_a_real_address():
    its = connected(**KEYS)
    assert [(each.name, each.configured, each.missing) for each in its] == [
        (name, False, HELD) for name in ("Stripe", "Resend", "SMTP", "Telegram", "WhatsApp", "OpenAI")
    ]
    assert its.mail.missing == HELD
    for attempt in (
        its.stripe.refund(payment_intent="pi_1", amount=100, key="k"),
        its.mail.send(MESSAGE, "k"),
        its.smtp.send(MESSAGE, "k"),
        its.telegram.send("", "Hello"),
        its.whatsapp.alert("Hello", "1"),
        *(each.test() for each in its),
    ):
        with pytest.raises(NotConfigured, match="only in production"):
            await attempt


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://0.0.0.0:80",
        "http://2130706433",
        "http://[::ffff:10.0.0.1]",
        "127.0.0.1",
        "http://[bad",
    ],
)
def test_an_address_that_only_looks_like_this_machine_is_held(url):
    assert connected(STRIPE_SECRET_KEY=STRIPE_KEY, STRIPE_API_BASE=url).stripe.missing == HELD


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "http://127.9.9.9"])
def test_this_machine_is_never_held(url):
    assert connected(STRIPE_SECRET_KEY=STRIPE_KEY, STRIPE_API_BASE=url).stripe.configured


def test_production_and_allow_real_sends_open_the_way():
    assert all(each.configured for each in connected(**KEYS, ALLOW_REAL_SENDS="1"))
    secrets = {name: EVERY[name] for name in ("SECRET_KEY", "INTERNAL_API_SECRET")}
    production = {"ENVIRONMENT": "production", "BASE_URL": "https://desk.harbor.example"} | secrets
    assert all(each.configured for each in connected(**KEYS, **production))


async def test_says_which_setting_is_missing():
    its = connected()
    assert [each.missing for each in its] == [
        "STRIPE_SECRET_KEY is not set",
        "RESEND_API_KEY is not set",
        "SMTP_URL is not set",
        "TELEGRAM_BOT_TOKEN is not set",
        "WHATSAPP_ACCESS_TOKEN is not set",
        "OPENAI_API_KEY is not set",
    ]
    assert its.mail.missing == "RESEND_API_KEY or SMTP_URL is not set" and not its.mail.configured
    with pytest.raises(NotConfigured, match="RESEND_API_KEY"):
        await its.mail.send(MESSAGE, "k")
    assert connected(TELEGRAM_BOT_TOKEN="1:x").telegram.missing == "TELEGRAM_CHAT_ID is not set"


async def test_every_connection_proves_itself_with_a_harmless_question():
    async with provider() as p:
        its = connected(p)
        for each in (its.stripe, its.resend, its.mail, its.telegram, its.whatsapp, its.openai):
            said = await each.test()
            assert said.startswith(f"{each.name} answered in ") and said.endswith(" ms")
        assert p.journal.entries == []
        assert {request.method for _, request in p.requests} == {"GET"}


def test_no_secret_shows_when_a_connection_is_printed():
    settings = load(environment(None) | KEYS | {"SMTP_URL": f"smtp://a:{MAIL_PASSWORD}@b"})
    credentials = Credentials.from_settings(settings)
    assert MARK not in repr(credentials) + repr(connect(settings, credentials))


def test_connecting_imports_no_sdk():
    code = "import sys, dashboard.integrations; print([m for m in sys.modules if m in set(sys.argv[1:])])"
    sdks = ["stripe", "resend", "openai", "httpx", "aiosmtplib"]
    assert subprocess.run([sys.executable, "-c", code, *sdks], capture_output=True, text=True).stdout.strip() == "[]"
