"""The words of a mail: what the person wrote, apart from what their program quoted below it."""

import re
from html.parser import HTMLParser

LONGEST = 200_000
BEGINS = re.compile(
    r"^\s*(?:On .{4,200} wrote:|Am .{4,200} schrieb .{0,200}:|Le .{4,200} a écrit ?:|El .{4,200} escribió:"
    r"|Il .{4,200} ha scritto:|Op .{4,200} schreef .{0,200}:|Den .{4,200} skrev .{0,200}:"
    r"|-{2,}\s*(?:Original Message|Ursprüngliche Nachricht|Message d'origine|Forwarded message)\s*-{2,}"
    r"|_{10,}|From: .{3,200})\s*$",
    re.IGNORECASE,
)
TWO_LINES = re.compile(r"^\s*(?:On|Am|Le|El|Il|Op|Den) .{4,200}$")
ENDS = re.compile(
    r"(?:wrote|schrieb.{0,200}|a écrit ?|escribió|ha scritto|schreef.{0,200}|skrev.{0,200}):\s*$", re.IGNORECASE
)
BLOCKS = frozenset(
    ("p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr", "pre")
)
HIDDEN = frozenset(("script", "style", "head", "title", "template", "noscript"))


def split(text: str) -> tuple[str, str]:
    """(own words, quoted text). A mail that is nothing but a quote is all its own: nothing is ever lost."""
    lines = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").split("\n")
    at = next((number for number in range(len(lines)) if _quote_begins(lines, number)), len(lines))
    own, quoted = "\n".join(lines[:at]).strip(), "\n".join(lines[at:]).strip()
    return (own, quoted) if own else (quoted, "")


def _quote_begins(lines: list[str], at: int) -> bool:
    line = lines[at]
    if BEGINS.match(line):
        # "From:" alone is a word of prose; as a header it has more headers below it.
        return not line.lstrip().lower().startswith("from:") or any(
            re.match(r"^\s*(?:Sent|Date|To|Subject):", each, re.IGNORECASE) for each in lines[at + 1 : at + 4]
        )
    if TWO_LINES.match(line) and at + 1 < len(lines) and ENDS.search(lines[at + 1]):
        return True
    if not line.startswith(">"):
        return False
    return all(not each.strip() or each.startswith(">") for each in lines[at:])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0
        self.quotes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self.hidden += 1
        if tag == "blockquote":
            self.quotes += 1
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        if tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        words = re.sub(r"\s+", " ", data)
        self.parts.append(words if not self.quotes else "\n> " + words.strip() if words.strip() else "")


def text_of(html: str) -> str:
    """The words of an HTML mail, for those that bring no text. Nothing of it is ever shown as HTML."""
    reader = _Reader()
    reader.feed(html[:LONGEST])
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
