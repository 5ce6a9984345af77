"""The connections an organization can make, as data: what each one needs and how it must look."""

import re
from dataclasses import dataclass

from dashboard.accounts import forms
from dashboard.errors import Invalid, NotFound

ANYTHING = re.compile(r"[\x21-\x7e]{6,500}")


@dataclass(frozen=True)
class Secret:
    """One thing to enter. `shape` is what it must look like, `example` says so in words."""

    name: str
    label: str
    help: str = ""
    shape: re.Pattern[str] = ANYTHING
    wrong: str = "Paste the whole value: letters, digits and signs, without spaces."
    optional: bool = False
    hidden: bool = True


@dataclass(frozen=True)
class Channel:
    """A connection on the settings page. `releases`: kinds of deliveries it was holding."""

    key: str
    name: str
    what: str
    secrets: tuple[Secret, ...]
    releases: tuple[str, ...] = ()


CHANNELS = {
    channel.key: channel
    for channel in (
        Channel(
            "stripe", "Stripe", "Payments, refunds, disputes",
            (
                Secret(
                    "stripe_secret_key", "Secret key",
                    "Starts with sk_ or rk_. A restricted key needs write access to refunds",
                    re.compile(r"(?:sk|rk)_[A-Za-z0-9_]{6,300}"), "Paste the secret key. It starts with sk_ or rk_.",
                ),
                Secret(
                    "stripe_webhook_secret", "Webhook signing secret",
                    "Starts with whsec_. While you change it, both old and new may be given with a comma between",
                    re.compile(r"whsec_[^\s,]{6,200}(?:,whsec_[^\s,]{6,200})*"),
                    "Paste the signing secret. It starts with whsec_.", optional=True,
                ),
            ),
            ("refund",),
        ),
        Channel(
            "resend", "Resend", "Outgoing mail, and what became of it",
            (
                Secret("resend_api_key", "API key", "Starts with re_"),
                Secret(
                    "resend_webhook_secret", "Webhook signing secret",
                    "Starts with whsec_. Without it bounces and complaints are not seen",
                    re.compile(r"whsec_[A-Za-z0-9+/=]{6,200}"), "Paste the signing secret. It starts with whsec_.",
                    optional=True,
                ),
            ),
            ("mail",),
        ),
        Channel(
            "smtp", "SMTP", "Outgoing mail through your own server, where Resend is not connected",
            (
                Secret(
                    "smtp_url", "Address with name and password", "Like smtps://name:password@mail.company.example:465",
                    re.compile(r"smtps?://[^\s]{3,480}"),
                    "Write the whole address, like smtps://name:password@mail.company.example:465.",
                ),
            ),
            ("mail",),
        ),
        Channel(
            "telegram", "Telegram", "Alerts to the team's chat",
            (
                Secret(
                    "telegram_bot_token", "Bot token", "From BotFather",
                    re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{10,100}"),
                    "Paste the token BotFather gave you, like 123456:ABC-DEF….",
                ),
                Secret(
                    "telegram_chat_id", "Chat id", "The chat alerts go to, such as -1001234567890",
                    re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{4,40}"),
                    "Write the chat's number, or its name with @.", hidden=False,
                ),
            ),
            ("telegram",),
        ),
        Channel(
            "whatsapp", "WhatsApp", "Alerts to one phone",
            (
                Secret("whatsapp_access_token", "Access token", "From your app at Meta, one that does not expire"),
                Secret(
                    "whatsapp_sender_id", "Phone number id", "The id of the number alerts come from, not the number",
                    re.compile(r"[0-9]{5,20}"), "Write the id from Meta. It has digits only.", hidden=False,
                ),
                Secret(
                    "whatsapp_admin_phone", "Phone for alerts", "With its country code, such as +15550100042",
                    re.compile(r"\+?[1-9][0-9 ]{6,20}"), "Write the number with its country code, like +15550100042.",
                    hidden=False,
                ),
                Secret(
                    "whatsapp_alert_template", "Template for alerts",
                    "An approved template with one variable, such as team_alert or team_alert:en_GB. Without one, "
                    "alerts are held unless that phone wrote in the last 24 hours",
                    re.compile(r"[a-z0-9_]{1,400}(?::[a-z]{2,3}(?:_[A-Z]{2})?)?"),
                    "Write the template’s name as Meta shows it, like team_alert or team_alert:en_GB.",
                    optional=True, hidden=False,
                ),
            ),
            ("whatsapp",),
        ),
        Channel(
            "openai", "OpenAI", "Answers in the chat and drafted replies. Without it the knowledge base is quoted",
            (
                Secret("openai_api_key", "API key", "Starts with sk-"),
                Secret(
                    "openai_model", "Model", "As OpenAI names it", re.compile(r"[A-Za-z0-9._:/-]{2,100}"),
                    "Write the model's name as OpenAI does.", optional=True, hidden=False,
                ),
            ),
        ),
    )
}  # fmt: skip


def get(key: str) -> Channel:
    """The connection, or NotFound."""
    if key not in CHANNELS:
        raise NotFound()
    return CHANNELS[key]


def parse(channel: Channel, data: dict[str, str], known: dict[str, str]) -> dict[str, str]:
    """What was entered, by field. An empty field keeps what is there; Invalid where a needed one was never given."""
    values = {secret.name: data.get(secret.name, "").strip() for secret in channel.secrets}
    problems = {}
    for secret in channel.secrets:
        value = values[secret.name]
        if value and not secret.shape.fullmatch(value):
            problems[secret.name] = secret.wrong
        elif not value and not known.get(secret.name) and not secret.optional:
            problems[secret.name] = "This is needed to connect."
    forms.refuse(problems)
    entered = {name: value for name, value in values.items() if value}
    if not entered:
        raise Invalid({channel.secrets[0].name: "Nothing was entered, so nothing was changed."})
    return entered
