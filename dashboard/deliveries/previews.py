"""What a delivery looks like to the person who gets it, for staff to read: every capability in it is hidden."""

import re
from dataclasses import dataclass
from typing import Any

from dashboard import formats, links
from dashboard.deliveries.mails import ONE_TIME
from dashboard.deliveries.senders import sender

HIDDEN = "…"
# The addresses that open something for whoever has them: what follows the path is the right itself.
CAPABILITIES = re.compile(rf"(/(?:{'|'.join(links.OPENING)})/)[^\s\"'<>/?#&]+", re.IGNORECASE)
LONG_QUERY = re.compile(r"([?&;](?:amp;)?[\w.-]*(?:token|key|secret|signature|sig|code)=)[^\s\"'<>&]+", re.IGNORECASE)


@dataclass(frozen=True)
class Preview:
    """`html` only for mails; `text` is what is read without it; `facts` are lines about it."""

    text: str
    html: str = ""
    facts: tuple[tuple[str, str], ...] = ()


def mask(text: str) -> str:
    """The text with "…" in place of every token in an address."""
    hidden = CAPABILITIES.sub(rf"\1{HIDDEN}", text.replace(ONE_TIME, f"https://{HIDDEN}"))
    return LONG_QUERY.sub(rf"\1{HIDDEN}", hidden)


def preview(delivery: dict[str, Any]) -> Preview:
    """By kind; a payload that is not what it should be shows as nothing rather than breaking the page."""
    payload = delivery["payload"] if isinstance(delivery["payload"], dict) else {}
    return SHOWN.get(delivery["kind"], _other)(delivery, payload)


def _mail(delivery: dict[str, Any], payload: dict[str, Any]) -> Preview:
    address = _text(payload, "from") or delivery.get("from_address") or ""
    from_ = sender(_text(payload, "from_name"), address) if address else "No sender address yet"
    facts = (("From", from_.replace('"', "")), ("Subject", mask(_text(payload, "subject"))))
    return Preview(mask(_text(payload, "text")), mask(_text(payload, "html")), facts)


def _alert(delivery: dict[str, Any], payload: dict[str, Any]) -> Preview:
    lines = payload.get("lines")
    facts = [line for line in lines if isinstance(line, str) and line] if isinstance(lines, list) else []
    more = [text for text in (_text(payload, "body"), _text(payload, "said")) if text]
    return Preview(mask("\n".join([_text(payload, "title"), *facts, *more])))


def _refund(delivery: dict[str, Any], payload: dict[str, Any]) -> Preview:
    amount, currency = payload.get("amount"), _text(payload, "currency")
    facts = [("Amount", formats.money(amount, currency) if isinstance(amount, int) else "Not set")]
    paid = _text(payload, "payment_intent") or _text(payload, "charge")
    facts += [("Reason", _text(payload, "reason")), ("Payment", paid)]
    return Preview("", "", tuple((label, mask(value)) for label, value in facts if value))


def _other(delivery: dict[str, Any], payload: dict[str, Any]) -> Preview:
    return Preview("")


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


SHOWN = {"mail": _mail, "telegram": _alert, "whatsapp": _alert, "refund": _refund}
