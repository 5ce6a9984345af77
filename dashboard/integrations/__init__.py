"""The outside world, as this app sees it; the only importer of the vendors' SDKs, and each only when it is used."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Self
from urllib.parse import urlsplit

from dashboard.integrations.addresses import is_loopback
from dashboard.integrations.mail import Mail
from dashboard.integrations.openai import OpenAI
from dashboard.integrations.provider import HELD, Provider
from dashboard.integrations.resend import Resend
from dashboard.integrations.smtp import Smtp
from dashboard.integrations.stripe import Stripe
from dashboard.integrations.telegram import Telegram
from dashboard.integrations.whatsapp import WhatsApp
from dashboard.settings import Settings


@dataclass(frozen=True, repr=False)
class Credentials:
    """What belongs to one organization. `trusted`: these came from the operator's environment, so an address among
    them may be a private one."""

    stripe_secret_key: str = ""
    stripe_webhook_secret: str = ""
    resend_api_key: str = ""
    resend_webhook_secret: str = ""
    smtp_url: str = ""
    openai_api_key: str = ""
    openai_model: str = ""
    telegram_bot_token: str = ""
    telegram_chat_id: str = ""
    telegram_webhook_secret: str = ""
    whatsapp_access_token: str = ""
    whatsapp_sender_id: str = ""
    whatsapp_admin_phone: str = ""
    whatsapp_alert_template: str = ""
    facebook_app_secret: str = ""
    facebook_verify_token: str = ""
    n8n_webhook_url: str = ""
    webhook_signing_secret: str = ""
    trusted: bool = field(default=False, kw_only=True)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The environment's own, which belong to the first organization."""
        names = [each.name for each in fields(cls) if each.name != "trusted"]
        return cls(**{name: getattr(settings, name) for name in names}, trusted=True)


@dataclass(frozen=True)
class Integrations:
    """One organization's connections. Iterating gives each of them, for the page that lists and tests them."""

    stripe: Stripe
    resend: Resend
    smtp: Smtp
    mail: Mail
    telegram: Telegram
    whatsapp: WhatsApp
    openai: OpenAI

    def __iter__(self) -> Iterator[Provider]:
        return iter((self.stripe, self.resend, self.smtp, self.telegram, self.whatsapp, self.openai))


def connect(settings: Settings, credentials: Credentials) -> Integrations:
    """The connections these credentials give. Opens nothing and imports no SDK, so one can be made per call."""

    def held(url: str) -> str:
        return "" if may_send_to(settings, url) else HELD

    its = credentials
    resend = Resend(
        its.resend_api_key, its.resend_webhook_secret, settings.resend_api_url, held(settings.resend_api_url)
    )
    # Where sends are held to loopback, that is the guard; elsewhere an address an organization typed must be public.
    anywhere = settings.production or settings.allow_real_sends
    smtp = Smtp(its.smtp_url, its.trusted or not anywhere, held(its.smtp_url))
    return Integrations(
        stripe=Stripe(
            its.stripe_secret_key, its.stripe_webhook_secret, settings.stripe_api_base, held(settings.stripe_api_base)
        ),
        resend=resend,
        smtp=smtp,
        mail=Mail(resend, smtp, settings.auth_from_email),
        telegram=Telegram(
            its.telegram_bot_token,
            its.telegram_chat_id,
            its.telegram_webhook_secret,
            settings.telegram_api_url,
            held(settings.telegram_api_url),
        ),
        whatsapp=WhatsApp(
            its.whatsapp_access_token,
            its.whatsapp_sender_id,
            its.whatsapp_admin_phone,
            its.whatsapp_alert_template,
            settings.whatsapp_api_url,
            held(settings.whatsapp_api_url),
        ),
        openai=OpenAI(
            its.openai_api_key,
            settings.openai_base_url,
            its.openai_model or settings.openai_model,
            held(settings.openai_base_url),
        ),
    )


def may_send_to(settings: Settings, url: str) -> bool:
    """Whether a send may go there: anywhere in production or when real sends are allowed, else only to this machine."""
    if settings.production or settings.allow_real_sends:
        return True
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False
