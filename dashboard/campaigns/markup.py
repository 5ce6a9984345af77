"""The HTML of a campaign's mail: cleaned by an allow-list, then taken apart into pieces that stay, places to fill, and
addresses. After cleaning no brace is left inside a tag, so what is filled in can never reach one."""

import html
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html.parser import HTMLParser
from urllib.parse import quote

import nh3

from dashboard.campaigns import placeholders
from dashboard.campaigns.placeholders import Placeholder, Text

TAGS = {
    "a", "b", "blockquote", "br", "center", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "img", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u",
    "ul",
}  # fmt: skip
ATTRIBUTES = {
    "*": {"style", "title", "dir", "lang", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor", "role"},
    "td": {"width", "height", "colspan", "rowspan", "valign", "bgcolor"},
    "th": {"width", "height", "colspan", "rowspan", "valign", "bgcolor"},
}
STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius",
    "border-right", "border-style", "border-top", "border-width", "color", "display", "font-family", "font-size",
    "font-style", "font-weight", "height", "letter-spacing", "line-height", "list-style-type", "margin",
    "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "padding",
    "padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration",
    "text-transform", "vertical-align", "white-space", "width",
}  # fmt: skip
SCHEMES = {"http", "https", "mailto", "tel"}
OPEN, CLOSE = "\ue000", "\ue001"  # of private use: a mark stands for an attribute's value while the rest is cleaned
MARK = re.compile(f"{OPEN}([0-9]+){CLOSE}")
PRIVATE = re.compile("[\ue000-\uf8ff]")
# Not across a tag: what lies between braces is text of one element.
PLACE = re.compile(r"\{\{([^{}<>]*)\}\}")
FIXED_START = re.compile(r"https?://[^\s/?#{}\\@]+[/?#]", re.IGNORECASE)  # who is asked must not be filled in
WEB = re.compile(r"https?://[^\s{}]+", re.IGNORECASE)
UNSUBSCRIBE = "unsubscribe_link"


@dataclass(frozen=True)
class Address:
    """Where a link leads. `text` has placeholders only behind the host; their values are quoted."""

    text: Text

    @cached_property
    def fixed(self) -> str:
        """The address when it is the same for everybody, and one a press on can be counted."""
        whole = "".join(part for part in self.text.parts if isinstance(part, str))
        return whole if not self.text.names and WEB.fullmatch(whole) else ""


@dataclass(frozen=True)
class Value:
    """An attribute with places to fill, such as the words that stand for a picture."""

    text: Text


Piece = str | Placeholder | Address | Value


@lru_cache(maxsize=256)
def take_apart(source: str) -> tuple[Piece, ...]:
    """The pieces of a cleaned HTML text, in order. A text that was typed without any tag keeps its lines."""
    values: list[Address | Value] = []

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name in ("href", "src"):
            found = _address(value.strip(), picture=name == "src")
            if found is None:
                return None
            values.append(found)
        elif "{" not in value and "}" not in value:
            return None if name == "style" and ("url" in value.lower() or "\\" in value) else value
        elif name == "style":
            return None
        else:
            values.append(Value(placeholders.read(value)))
        return f"{OPEN}{len(values) - 1}{CLOSE}"

    cleaned = nh3.clean(
        _with_lines(PRIVATE.sub("", source)), tags=TAGS, attributes=ATTRIBUTES, attribute_filter=attribute,
        url_schemes=SCHEMES, filter_style_properties=STYLES, link_rel=None,
        clean_content_tags={"script", "style", "title", "template", "svg", "math", "iframe", "object", "noscript"},
    )  # fmt: skip
    pieces: list[Piece] = []
    for at, part in enumerate(MARK.split(cleaned)):
        if at % 2:
            pieces.append(values[int(part)])
        else:
            pieces += _text(part)
    return tuple(piece for piece in pieces if piece != "")


def _with_lines(source: str) -> str:
    """HTML of what was typed as plain text: paragraphs at empty lines."""
    if re.search(r"</?[a-zA-Z]", source):
        return source
    found = re.split(r"\n\s*\n", source.replace("\r\n", "\n").strip())
    return "".join("<p>" + each.strip().replace("\n", "<br>\n") + "</p>\n" for each in found if each.strip())


def _address(value: str, *, picture: bool) -> Address | None:
    text = placeholders.read(value)
    if not text.names:
        whole = "" if "{{" in value else value
        wanted = WEB.fullmatch(whole) if picture else re.match(r"(?:https?://|mailto:|tel:)\S+$", whole, re.IGNORECASE)
        return Address(text) if wanted else None
    if picture:
        return None
    if len(text.parts) == 1 and isinstance(text.parts[0], Placeholder) and text.parts[0].name == UNSUBSCRIBE:
        return Address(Text((Placeholder(UNSUBSCRIBE),)))
    first = text.parts[0]
    starts = isinstance(first, str) and FIXED_START.match(first)
    return Address(text) if starts and UNSUBSCRIBE not in text.names else None


def _text(part: str) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for found in PLACE.finditer(part):
        if place := placeholders.of(html.unescape(found[1])):
            pieces += [part[at : found.start()], place]
            at = found.end()
    return [*pieces, part[at:]]


def quoted(value: str) -> str:
    """A value inside an address, behind the host."""
    return quote(value, safe="")


@lru_cache(maxsize=256)
def as_text(source: str) -> str:
    """The plain text of an HTML text, with its placeholders: for people who read no HTML."""
    reader = _Reader()
    reader.feed("".join(_written(piece) for piece in take_apart(source)))
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.found).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _written(piece: Piece) -> str:
    """A piece as it stood, escaped so that the reader gives it back unchanged."""
    if isinstance(piece, str):
        return piece
    if isinstance(piece, Placeholder):
        return html.escape(piece.written)
    return html.escape("".join(each if isinstance(each, str) else each.written for each in piece.text.parts))


BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "ul", "ol", "table", "blockquote", "pre", "center"}
LINES = {"br", "li", "tr", "hr"}


class _Reader(HTMLParser):
    """Gathers text: blocks apart by an empty line, links with their address behind them, pictures by their words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag in BLOCKS:
            self.found.append("\n\n")
        elif tag in LINES:
            self.found.append("\n- " if tag == "li" else "\n")
        elif tag == "td":
            self.found.append(" ")
        elif tag == "img" and facts.get("alt"):
            self.found.append(facts["alt"] or "")
        elif tag == "a":
            self.links.append((facts.get("href") or "", len(self.found)))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.found.append("\n\n")
        elif tag == "a" and self.links:
            address, start = self.links.pop()
            said = "".join(self.found[start:]).strip()
            if address and said != address:
                shown = address.removeprefix("mailto:").removeprefix("tel:")
                self.found.append("" if said == shown else f" ({shown})" if said else shown)

    def handle_data(self, data: str) -> None:
        self.found.append(data.replace("\n", " "))
