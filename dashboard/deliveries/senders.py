"""How each kind of delivery leaves: a channel prepares a call from a row, the dispatcher makes it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from dashboard import links
from dashboard.accounts import one_time
from dashboard.accounts.tables import Organization
from dashboard.deliveries import mails, rewriting, writing
from dashboard.deliveries.tables import Delivery
from dashboard.errors import NotFound
from dashboard.integrations import Integrations
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import Refused
from dashboard.integrations.telegram import escape

Call = Callable[[], Awaitable[str]]
REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
LONGEST_LINE, MOST_LINES = 500, 7  # together they stay under Telegram's 4,096
SHORT_LINE, FEW_LINES, LONGEST_BODY = 250, 4, 2200  # and so do these


@dataclass(frozen=True)
class Channel:
    """`prepare` builds the call and changes nothing outside; the call answers with the provider's id.
    `missing`: what the organization has to set first, in words, "" when the channel can be used.
    `via`: which provider that is, and how long it recognises an idempotency key (None: it does not)."""

    prepare: Callable[[Delivery, Integrations], Awaitable[Call]]
    missing: Callable[[Integrations, str], str]
    via: Callable[[Integrations], tuple[str, timedelta | None]]


async def mail(delivery: Delivery, outside: Integrations) -> Call:
    """One mail to one person. A one-time link is made here, so it is nowhere before the mail leaves."""
    payload = await writing.written(delivery.organization, delivery.name, delivery.payload)
    if payload.get("one_time_token"):
        try:
            link = await one_time.link_for_mail(payload["one_time_token"])
        except NotFound as problem:
            raise Refused(f"{problem.message} Nothing was sent.") from None
        html, text = (payload[each].replace(mails.ONE_TIME, link) for each in ("html", "text"))
        payload = payload | {"html": html, "text": text}
    address = await from_address(delivery.organization, payload) or outside.mail.default_from
    message = message_of(delivery.id, delivery.resends, delivery.name, delivery.recipient, payload, address)
    return lambda: outside.mail.send(message, delivery.provider_key)


def message_of(id: int, resends: int, name: str, to: str, payload: dict[str, Any], address: str) -> Message:
    """The mail that a delivery is, from this address."""
    return Message(
        to=to, subject=payload["subject"], html=payload["html"], text=payload["text"],
        from_=sender(payload.get("from_name", ""), address), reply_to=payload.get("reply_to", ""),
        headers=payload.get("headers") or {}, tags={"kind": name, "delivery": f"{id}-{resends}"},
    )  # fmt: skip


def mail_missing(outside: Integrations, from_address: str) -> str:
    if outside.mail.missing:
        return f"Mail is not connected: {outside.mail.missing}."
    if not (from_address or outside.mail.default_from):
        return "There is no sender address yet. Set “Sends from” in Settings, or AUTH_FROM_EMAIL."
    return ""


def mail_via(outside: Integrations) -> tuple[str, timedelta | None]:
    chosen = outside.mail.chosen
    return chosen.name, chosen.key_lifetime


async def from_address(organization: int | None, payload: Any = None) -> str:
    """The address a mail was written to leave from, else the one its organization has now."""
    if isinstance(payload, dict) and payload.get("from"):
        return str(payload["from"])
    if organization is None:
        return ""
    found = await Organization.select(Organization.from_address).where(Organization.id == organization).first()
    return found["from_address"] if found else ""


@lru_cache(256)
def sender(name: str, address: str) -> str:
    """A From header; nothing in the name can end it early."""
    kept = "".join(c for c in mails.one_line(name) if c not in '<>"\\,;:@()[]').strip()
    return f'"{kept}" <{parseaddr(address)[1]}>' if kept else address


async def telegram(delivery: Delivery, outside: Integrations) -> Call:
    """One alert to the team's chat, perhaps with buttons; or the answer to a pressed button; or the address at which
    pressed buttons are told."""
    payload: Any = delivery.payload
    if "listen" in payload:
        return lambda: _telegram_listen(outside, links.inside(payload["listen"]))
    if "callback" in payload:
        overtaken = await rewriting.overtaken(delivery)
        return lambda: _telegram_answer(outside, payload, overtaken)
    text, buttons = telegram_text(payload), _buttons(payload)
    return lambda: outside.telegram.send("", text, buttons)


async def _telegram_listen(outside: Integrations, url: str) -> str:
    await outside.telegram.listen(url)
    return ""


async def _telegram_answer(outside: Integrations, payload: dict[str, Any], overtaken: bool) -> str:
    """Whoever pressed is told, and the message says what came of it, unless a later answer says it (`overtaken`). The
    first may come too late, which is no harm: the message says the same."""
    try:
        await outside.telegram.answer(payload["callback"], payload["popup"])
    except Refused:
        if not payload.get("message"):
            raise
    if payload.get("message") and not overtaken:
        chat, message = payload["message"]
        await outside.telegram.rewrite(chat, message, telegram_text(payload), _buttons(payload))
    return ""


def _buttons(payload: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(label), str(data)) for label, data in payload.get("buttons") or ()]


def telegram_text(payload: dict[str, Any]) -> str:
    """An alert in Telegram's HTML: what happened in bold, the facts, and the page it is about. With a `body`, a text
    of its own such as a reply, the facts are shorter; `said` is what became of it."""
    body = payload.get("body") or ""
    longest, most = (SHORT_LINE, FEW_LINES) if body else (LONGEST_LINE, MOST_LINES)
    lines = [f"<b>{escape(payload['title'], longest)}</b>"]
    lines += [escape(line, longest) for line in payload["lines"][:most] if line]
    lines += [f"<blockquote>{escape(body, LONGEST_BODY)}</blockquote>"] if body else []
    lines += [f"<i>{escape(payload['said'], SHORT_LINE)}</i>"] if payload.get("said") else []
    return "\n".join([*lines, escape(links.inside(payload["href"]))])


async def whatsapp(delivery: Delivery, outside: Integrations) -> Call:
    """One alert to the phone of whoever looks after things."""
    payload: Any = delivery.payload
    facts = [line[:LONGEST_LINE] for line in (payload["title"], *payload["lines"][:MOST_LINES]) if line]
    text = "\n".join([*facts, links.inside(payload["href"])])
    return lambda: outside.whatsapp.alert(text, str(delivery.id))


async def refund(delivery: Delivery, outside: Integrations) -> Call:
    """Money back through Stripe. The journal changes only when Stripe's own event says so."""
    payload: Any = delivery.payload
    reason = payload.get("reason") or ""
    facts: dict[str, Any] = {
        "amount": int(payload["amount"]), "payment_intent": payload.get("payment_intent") or "",
        "charge": payload.get("charge") or "", "key": delivery.provider_key,
        "reason": reason if reason in REFUND_REASONS else REFUND_REASONS[-1],
        "metadata": {
            "delivery": str(delivery.id), "resend": str(delivery.resends), "reason": mails.one_line(reason)[:400],
        },
    }  # fmt: skip

    async def call() -> str:
        return (await outside.stripe.refund(**facts)).id

    return call


def _missing(name: str, what: str) -> Callable[[Integrations, str], str]:
    def missing(outside: Integrations, _: str) -> str:
        provider = getattr(outside, name)
        return f"{what}: {provider.missing}." if provider.missing else ""

    return missing


def _via(name: str) -> Callable[[Integrations], tuple[str, timedelta | None]]:
    return lambda outside: (getattr(outside, name).name, getattr(outside, name).key_lifetime)


CHANNELS = {
    "mail": Channel(mail, mail_missing, mail_via),
    "telegram": Channel(telegram, _missing("telegram", "Telegram is not connected"), _via("telegram")),
    "whatsapp": Channel(whatsapp, _missing("whatsapp", "WhatsApp is not connected"), _via("whatsapp")),
    "refund": Channel(refund, _missing("stripe", "Stripe is not connected"), _via("stripe")),
}
