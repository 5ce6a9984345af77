"""One mail of a campaign for one person: the same bytes each time it is asked for, so it is rendered when it leaves and
kept nowhere. The engine stores what it needs (texts' id, values, send and link ids); see `addresses`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from dashboard import links, settings
from dashboard.accounts.tables import Organization
from dashboard.campaigns import markup, placeholders
from dashboard.campaigns.markup import UNSUBSCRIBE, Address, Value
from dashboard.campaigns.placeholders import ATTRIBUTE, Placeholder, Text, in_html
from dashboard.deliveries.mails import COLOURS, FONT, LONGEST_SUBJECT, first_name, one_line

ONE_CLICK = "List-Unsubscribe=One-Click"
CLICK, OPEN = "click", "open"  # purposes of the tokens in /c/ and /o/
# An address in a plain text, but for one that goes on with a placeholder.
BARE = re.compile(r"https?://[^\s<>\"'{}/?#][^\s<>\"'{}]*(?![^\s<>\"'{}]|\{)", re.IGNORECASE)
LONGEST_ADDRESS = 2000
AFTER = ".,;:!?)]"  # what ends a sentence around an address rather than the address


class Texts(NamedTuple):
    """What a version says. An empty `text` is made from the HTML."""

    subject: str
    html: str
    text: str = ""

    @property
    def plain(self) -> str:
        return self.text if self.text.strip() else markup.as_text(self.html)


@dataclass(frozen=True)
class Addresses:
    """The addresses in one person's mail. `clicks`: by the address that stands in the text, the one that counts the
    press and leads there; what is not in it stays as it is. An empty `pixel` leaves the picture out."""

    unsubscribe: str
    clicks: Mapping[str, str] = field(default_factory=dict)
    pixel: str = ""


@dataclass(frozen=True)
class Mail:
    """`headers` go out beside From, To and Subject; `reply_to` and `from_name` may be empty."""

    subject: str
    html: str
    text: str
    from_name: str
    reply_to: str
    headers: Mapping[str, str]


def addresses(send: int, link_ids: Mapping[str, int]) -> Addresses:
    """The addresses of the mail of one row of the ledger. `/u/` and `/o/` carry the signed id of the Send, `/c/` that
    of the Send with the id of the Link in the place of a version: links.read(CLICK, token) → (send, link)."""
    base = settings.current().base_url
    return Addresses(
        unsubscribe=links.public(links.UNSUBSCRIBE, send),
        clicks={url: f"{base}/c/{links.token(CLICK, send, id)}" for url, id in link_ids.items()},
        pixel=f"{base}/o/{links.token(OPEN, send)}.gif",
    )


def untracked() -> Addresses:
    """For previews and mails to ourselves: nothing is counted, and the link to unsubscribe concerns nobody (send 0)."""
    return Addresses(unsubscribe=links.public(links.UNSUBSCRIBE, 0))


def urls(texts: Texts) -> list[str]:
    """The addresses a press on can be counted for, each once, in order: fixed http and https ones of HTML and text.
    These become Link rows at the launch."""
    pieces = [*markup.take_apart(texts.html), *_taken_apart(texts.plain)]
    found = [piece.fixed for piece in pieces if isinstance(piece, Address) and piece.fixed]
    return [each for each in dict.fromkeys(found) if len(each) <= LONGEST_ADDRESS]


def values(lead: Mapping[str, Any], organization: Organization) -> dict[str, str]:
    """What fills the placeholders for one lead: a row with name, company, email and attributes."""
    persona: Any = organization.persona or {}
    attributes = lead["attributes"] if isinstance(lead["attributes"], dict) else {}
    found = {
        "first_name": first_name(lead["name"]),
        "name": _line(lead["name"]),
        "company": _line(lead["company"]),
        "email": _line(lead["email"]),
        "organization": _line(organization.name),
        "sender": _line(str(persona.get("signs_as") or "") or organization.name),
    }
    found |= {ATTRIBUTE + key: _line(_said(value)) for key, value in attributes.items()}
    return {name: value for name, value in found.items() if value}


def render(
    texts: Texts, values: Mapping[str, str], addresses: Addresses, organization: Organization, *, from_name: str = "",
    reply_to: str = "", mark: bool = False,
) -> Mail:  # fmt: skip
    """The mail. Depends on its arguments only. Values stand literally in the text, escaped in the HTML, and in one line
    in the subject. `mark` shows what was filled in, for people who look at a preview."""
    filled = {**values, UNSUBSCRIBE: addresses.unsubscribe}
    subject = one_line(placeholders.read(texts.subject).fill(filled))[:LONGEST_SUBJECT].strip()
    shown: Callable[[str], str] = _marked if mark else in_html
    body = "".join(_piece(piece, filled, addresses, shown) for piece in markup.take_apart(texts.html))
    headers = {"List-Unsubscribe": f"<{addresses.unsubscribe}>", "List-Unsubscribe-Post": ONE_CLICK}
    return Mail(
        subject=subject,
        html=_framed(subject, body, addresses.pixel, organization),
        text=_text(texts.plain, filled, addresses, organization),
        from_name=one_line(from_name or organization.name),
        reply_to=one_line(reply_to),
        headers=headers,
    )


def _piece(
    piece: markup.Piece, values: Mapping[str, str], addresses: Addresses, shown: Callable[[str], str]
) -> str:  # fmt: skip
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Placeholder):
        value = _value(piece, values)
        return shown(value) if value else ""
    if isinstance(piece, Value):
        return in_html(piece.text.fill(values))
    if piece.text.names == {UNSUBSCRIBE}:
        return in_html(addresses.unsubscribe)
    if piece.fixed:
        return in_html(addresses.clicks.get(piece.fixed, piece.fixed))
    return in_html("".join(p if isinstance(p, str) else markup.quoted(_value(p, values)) for p in piece.text.parts))


def _text(plain: str, values: Mapping[str, str], addresses: Addresses, organization: Organization) -> str:
    pieces = []
    for part in _taken_apart(plain):
        if isinstance(part, Address):
            pieces.append(addresses.clicks.get(part.fixed, part.fixed))
        else:
            pieces.append(_value(part, values) if isinstance(part, Placeholder) else part)
    foot = "\n".join(each for each in (organization.name, organization.postal_address) if each)
    return f"{''.join(pieces).replace(chr(13), '').strip()}\n\n{foot}\n"


@lru_cache(maxsize=256)
def _taken_apart(plain: str) -> tuple[str | Placeholder | Address, ...]:
    """A plain text with its addresses apart: only those that stand in it are counted, not one in a value."""
    parts = placeholders.read(plain).parts
    pieces: list[str | Placeholder | Address] = []
    for part, following in zip(parts, (*parts[1:], ""), strict=False):
        if isinstance(part, Placeholder):
            pieces.append(part)
            continue
        at = 0
        for found in BARE.finditer(part + ("" if isinstance(following, str) else "{")):
            url = found[0].rstrip(AFTER)
            pieces += [part[at : found.start()], Address(Text((url,)))]
            at = found.start() + len(url)
        pieces.append(part[at:])
    return tuple(pieces)


def _value(place: Placeholder, values: Mapping[str, str]) -> str:
    return values.get(place.name) or place.fallback or ""


def _marked(value: str) -> str:
    return f'<mark style="background:#dbe9ff;color:#173a75;border-radius:3px;padding:0 2px">{in_html(value)}</mark>'


def _line(value: str) -> str:
    return one_line(value)[:300]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">\
<title>{subject}</title></head>
<body style="margin:0;padding:24px 16px;background:#ffffff;color:#1d2129;font-family:{font};font-size:16px;\
line-height:1.55"><div style="max-width:600px;margin:0 auto">
{body}
<p style="margin:32px 0 0;padding-top:12px;border-top:2px solid {colour};color:#5d6470;font-size:13px">{foot}</p>
</div>{pixel}</body></html>
"""


def _framed(subject: str, body: str, pixel: str, organization: Organization) -> str:
    foot = "<br>".join(in_html(each) for each in (organization.name, organization.postal_address) if each)
    picture = f'<img src="{in_html(pixel)}" width="1" height="1" alt="" style="display:block">' if pixel else ""
    return FRAME.format_map({
        "subject": in_html(subject), "font": FONT, "body": body, "foot": foot, "pixel": picture,
        "colour": COLOURS.get(organization.colour, COLOURS[5]),
    })  # fmt: skip
