"""Links, names of hosts and addresses in a text, whole as a browser or a mail program would make a link of them."""

import re
import unicodedata
from urllib.parse import urlsplit

LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}:/*|//|\bwww\.)[^\s<>\"')\]]+|\b(?:javascript|data|vbscript|mailto|tel):\S+",
    re.IGNORECASE,
)
# Possessive, so that a long text without an end costs no more than its length.
DOTTED = re.compile(r"(?<![\w-])(?P<host>[\w-]++(?:\.[\w-]++)+)(?:[/:?#][^\s<>\"')\]]*+)?")
ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
WEB = re.compile(r"^https?://(?!/)")
IDEOGRAPHIC = re.compile(r"。(?=[a-z0-9])|(?<=[a-z0-9])。", re.IGNORECASE)  # there a dot for browsers, else a full stop


def visible(text: str) -> str:
    """As it is read: one form of each letter and dot, and nothing that is not seen."""
    plain = unicodedata.normalize("NFKC", text)
    return IDEOGRAPHIC.sub(".", "".join(letter for letter in plain if unicodedata.category(letter) != "Cf"))


def links(text: str) -> list[str]:
    """In a visible text, what has a scheme, begins with // or www., or is a name with a dot and letters after it, under
    any ending. Not numbers, nor what is shortened to single letters, like e.g."""
    plain = ADDRESS.sub(" ", text)
    found = [_bare(each) for each in LINK.findall(plain)]
    return found + [_bare(each[0]) for each in DOTTED.finditer(LINK.sub(" ", plain)) if _names(each["host"])]


def addresses(text: str) -> list[str]:
    return [_bare(each) for each in ADDRESS.findall(text)]


def leads_to(link: str, hosts: set[str]) -> bool:
    """Whether a link leads to one of these hosts, and says so plainly."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link.lstrip('/')}")
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    plain = not re.search(r"[\\@\s]", link) and parts.scheme in ("https", "http") and host.isascii()
    return plain and host in hosts


def _names(host: str) -> bool:
    """An ending of two letters or more, or an address of four numbers."""
    labels = host.split(".")
    if any(len(each) > 1 and each[0].isalpha() for each in labels[1:]):
        return True
    return len(labels) == 4 and all(each.isdecimal() for each in labels)


def _bare(found: str) -> str:
    """As it is compared: harbor.example/x and https://harbor.example/x lead to the same place."""
    return WEB.sub("", found.rstrip(".,;:!?/").lower())
