"""How each kind of delivery leaves. A sender gets a row and the outside world, and returns the provider's id."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from dashboard import links, settings
from dashboard.accounts import one_time
from dashboard.deliveries import mails
from dashboard.deliveries.tables import Delivery
from dashboard.integrations import Integrations
from dashboard.integrations.mail import Message
from dashboard.integrations.outcomes import NotConfigured

STRIPE_KEY_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class Channel:
    send: Callable[[Delivery, Integrations], Awaitable[str]]
    key_lifetime: Callable[[Integrations], timedelta | None]


async def send_mail(delivery: Delivery, integrations: Integrations) -> str:
    """One mail to one person."""
    payload = delivery.payload
    sender = payload.get("from") or settings.current().auth_from_email
    if not integrations.mail.configured:
        raise NotConfigured(integrations.mail.missing)
    if not sender:
        raise NotConfigured("No sender address yet. Set “Sends from” in Settings, Organization.")
    html, text = payload["html"], payload["text"]
    if payload.get("one_time_token"):
        link = await one_time.link_for_mail(payload["one_time_token"])
        html, text = html.replace(mails.ONE_TIME, link), text.replace(mails.ONE_TIME, link)
    name = payload.get("from_name", "")
    message = Message(
        to=delivery.recipient, subject=payload["subject"], html=html, text=text,
        from_=f"{_display(name)} <{sender}>" if name else sender,
        tags={"kind": delivery.name, "delivery": str(delivery.id)},
        attachments=payload.get("attachments", []),
    )  # fmt: skip
    return await integrations.mail.send(message, delivery.key)


def _display(name: str) -> str:
    """A From name with nothing in it that could end the name early."""
    kept = "".join(c for c in name if c.isprintable() and c not in '<>"\\,;:@()[]')
    return f'"{kept.strip()}"'


async def send_telegram(delivery: Delivery, integrations: Integrations) -> str:
    """One alert to the team's chat."""
    telegram = integrations.telegram
    if not telegram.configured:
        raise NotConfigured(telegram.missing)
    payload = delivery.payload
    lines = [payload["title"], *payload["lines"], links.inside(payload["href"])]
    return await telegram.send("\n".join(lines))


async def send_refund(delivery: Delivery, integrations: Integrations) -> str:
    """Money back through Stripe. The journal changes only when Stripe's own event says so."""
    stripe = integrations.stripe
    if not stripe.configured:
        raise NotConfigured(stripe.missing)
    payload = delivery.payload
    refund_id, _ = await stripe.refund(
        payment_intent=payload.get("payment_intent", ""), charge=payload.get("charge", ""), amount=payload["amount"],
        reason=payload.get("reason", ""), key=delivery.key, metadata={"order": str(delivery.subject_id)},
    )  # fmt: skip
    return refund_id


SENDERS = {
    "mail": Channel(send_mail, lambda outside: outside.mail.key_lifetime),
    "telegram": Channel(send_telegram, lambda _: None),
    "refund": Channel(send_refund, lambda _: STRIPE_KEY_LIFETIME),
}
