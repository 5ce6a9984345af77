"""The integrations against partners on loopback."""

from typing import Any

from dashboard.integrations import Credentials, Integrations, connect
from dashboard.settings import load
from tests.canaries import BOT_TOKEN, OPENAI_KEY, RESEND_KEY, STRIPE_KEY, WHATSAPP_TOKEN
from tests.partners.provider import Provider
from tests.partners.smtp import MailServer


def connected(partner: Provider | None = None, mail: MailServer | None = None, **env: str) -> Integrations:
    """Connections to these partners, as the environment would make them; `env` adds or replaces settings."""
    settings = load(environment(partner, mail) | env)
    return connect(settings, Credentials.from_settings(settings))


def environment(partner: Provider | None, mail: MailServer | None = None) -> dict[str, str]:
    env: dict[str, Any] = {"AUTH_FROM_EMAIL": "Harbor <hello@harbor.example>"}
    if partner is not None:
        bases = ("STRIPE_API_BASE", "RESEND_API_URL", "TELEGRAM_API_URL", "WHATSAPP_API_URL", "OPENAI_BASE_URL")
        env |= dict.fromkeys(bases, partner.url)
        env |= {"STRIPE_SECRET_KEY": STRIPE_KEY, "RESEND_API_KEY": RESEND_KEY, "TELEGRAM_BOT_TOKEN": BOT_TOKEN}
        env |= {"TELEGRAM_CHAT_ID": "-1001", "OPENAI_API_KEY": OPENAI_KEY, "OPENAI_MODEL": "tiny"}
        env |= {"WHATSAPP_ACCESS_TOKEN": WHATSAPP_TOKEN, "WHATSAPP_SENDER_ID": "106540352242922"}
        env |= {"WHATSAPP_ADMIN_PHONE": "+1 555 0100042"}
    if mail is not None:
        env["SMTP_URL"] = mail.url
    return env
