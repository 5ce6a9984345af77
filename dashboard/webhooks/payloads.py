"""What a sender wrote, for a person to read: never markup, never a secret, never more than a screen can take."""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

LONGEST = 60_000  # characters shown
PARSED = 1_000_000  # bytes; a longer body is shown as it came
DEEPEST = 40
HIDDEN = "•••"

SECRET_NAMES = re.compile(
    r"secret|token|password|passwd|authorization|signature|api_?key|private|cvc|cvv|iban|card_?number", re.I
)
SECRETS = re.compile(
    r"\b(?:sk|rk|pk|whsec|pi|seti|cs)_[A-Za-z0-9_]*secret_[A-Za-z0-9]+|\b(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]+"
    r"|\beyJ[\w-]{10,2000}\.[\w-]{10,2000}\.[\w-]{0,2000}|\bBearer\s+\S+"
)  # fmt: skip
CAPABILITIES = re.compile(r"(https?://[^/\s\"?#]+)[/?#][^\s\"]{24,}")
# Bounded, and starting where a word does: a megabyte of one letter costs no more than any other.
ADDRESS = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]{0,63}(@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
MARKS_KEPT = 3


class Payload(NamedTuple):
    text: str
    size: int
    cut: bool


class _Number(str):
    """A number exactly as it was written: 1e400 and 0.10 stay what they are."""

    __slots__ = ()


class _Pairs(list):
    """An object with its keys in order, doubled ones too."""


def readable(body: bytes) -> Payload:
    """The body indented if it is JSON, else as text; secrets hidden and unusual characters spelled out."""
    lines = _raw(body) if len(body) > PARSED else _indented(body)
    taken: list[str] = []
    length = 0
    for line in lines:
        taken.append(line[: LONGEST - length])
        length += len(line) + 1
        if length > LONGEST:
            return Payload("\n".join(taken), len(body), True)
    return Payload("\n".join(taken), len(body), False)


def _indented(body: bytes) -> Iterator[str]:
    try:
        value = json.loads(
            body, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
        )
    except (ValueError, RecursionError):
        return _raw(body)
    return _lines(value)


def _raw(body: bytes) -> Iterator[str]:
    text = body[: LONGEST * 4 + 4].decode("utf-8", "replace")
    return (_shown(line) for line in text.split("\n"))


def _lines(value: Any, name: str = "", depth: int = 0, prefix: str = "", end: str = "") -> Iterator[str]:
    pad = "  " * depth
    if not isinstance(value, list) or not value:
        yield f"{pad}{prefix}{_scalar(value, name)}{end}"
        return
    opened, closed = "{}" if isinstance(value, _Pairs) else "[]"
    if depth >= DEEPEST:
        yield f"{pad}{prefix}{opened}…{closed}{end}"
        return
    yield f"{pad}{prefix}{opened}"
    inside = value if isinstance(value, _Pairs) else ((name, item) for item in value)
    for place, (key, item) in enumerate(inside, start=1):
        label = f'"{_shown(key)}": ' if opened == "{" else ""
        yield from _lines(item, key, depth + 1, label, "," if place < len(value) else "")
    yield f"{pad}{closed}{end}"


def _scalar(value: Any, name: str) -> str:
    if isinstance(value, _Pairs):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if isinstance(value, _Number):
        return _shown(value)
    if isinstance(value, str):
        if value and SECRET_NAMES.search(name):
            return f'"{HIDDEN}"'
        return '"' + _shown(value).replace("\\", "\\\\").replace('"', '\\"').replace("\\\\u", "\\u") + '"'
    return {None: "null", True: "true", False: "false"}[value]


def _shown(text: str) -> str:
    """Secrets hidden; control and direction characters, lone surrogates and towers of accents spelled out."""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    text = SECRETS.sub(HIDDEN, CAPABILITIES.sub(rf"\1/{HIDDEN}", ADDRESS.sub(rf"\1{HIDDEN}\2", text)))
    if text.isascii() and text.isprintable():
        return text
    out, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        plain = char in "\t\u200d\ufe0f" or (unicodedata.category(char)[0] != "C" and char not in "\u2028\u2029")
        out.append(char if plain and marks <= MARKS_KEPT else f"\\u{ord(char):04x}")
    return "".join(out)
