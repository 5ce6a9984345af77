"""Filling names and the like into texts people wrote. A tiny language of its own: `{{ first_name }}` or
`{{ first_name | there }}`, nothing else. No template engine ever sees such a text, and a value is never read again."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from dashboard.errors import Invalid

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
INSIDE = re.compile(r"\s*([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?)\s*(?:\|(.*))?", re.DOTALL)
ATTRIBUTE = "attribute."
LONGEST_FALLBACK = 200
KNOWN = {
    "first_name": "First name",
    "name": "Whole name",
    "company": "Company",
    "email": "E-mail address",
    "organization": "Your organization",
    "sender": "Who signs",
    "unsubscribe_link": "Link to unsubscribe",
}


@dataclass(frozen=True)
class Placeholder:
    """A place to fill. `fallback` stands there when a person has no such value; None: there is none."""

    name: str
    fallback: str | None = None

    @property
    def written(self) -> str:
        """As it stands in a text."""
        return f"{{{{ {self.name} }}}}" if self.fallback is None else f"{{{{ {self.name} | {self.fallback} }}}}"


@dataclass(frozen=True)
class Text:
    """A text taken apart: pieces that stay and places to fill."""

    parts: tuple[str | Placeholder, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))

    def missing(self, values: Mapping[str, str]) -> list[str]:
        """The names that neither a value nor a fallback fills, each once, in the order they stand in the text."""
        empty = (
            part.name
            for part in self.parts
            if isinstance(part, Placeholder) and not values.get(part.name) and part.fallback is None
        )
        return list(dict.fromkeys(empty))

    def fill(self, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
        """The text for one person. `escape` makes values safe where they go; fallbacks are escaped alike. What nothing
        fills becomes empty: the pre-flight has named it before."""
        return "".join(
            part if isinstance(part, str) else escape(values.get(part.name) or part.fallback or "")
            for part in self.parts
        )


def parse(text: str, attributes: frozenset[str] = frozenset(), field: str = "text") -> Text:
    """Take a text apart. Invalid at `field` for a placeholder nobody knows, naming it; `attributes` are the keys of the
    organization's own. Single braces, `{% %}` and the like are ordinary text."""
    parts: list[str | Placeholder] = []
    at = 0
    for found in PLACEHOLDER.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(_placeholder(found[1], attributes, field))
        at = found.end()
    parts.append(text[at:])
    return Text(tuple(part for part in parts if part != ""))


def _placeholder(inside: str, attributes: frozenset[str], field: str) -> Placeholder:
    found = of(inside)
    name = found.name if found else ""
    if not found or not (name in KNOWN or name.removeprefix(ATTRIBUTE) in attributes):
        shown = " ".join(inside.split())[:60]
        raise Invalid({field: f"There is no placeholder “{{{{ {shown} }}}}”. Choose one from the list."})
    return found


def of(inside: str) -> Placeholder | None:
    """What stands between two pairs of braces, None when that is no placeholder. Every attribute is taken for known:
    one that was archived after a text was saved is still filled in."""
    read = INSIDE.fullmatch(inside)
    if not read or not (read[1] in KNOWN or read[1].startswith(ATTRIBUTE)):
        return None
    return Placeholder(read[1], read[2].strip()[:LONGEST_FALLBACK] if read[2] is not None else None)


@lru_cache(512)
def read(text: str) -> Text:
    """Take a text apart that was saved before. What is no placeholder stands there literally."""
    parts: list[str | Placeholder] = []
    at = 0
    for found in PLACEHOLDER.finditer(text):
        if place := of(found[1]):
            parts += [text[at : found.start()], place]
            at = found.end()
    parts.append(text[at:])
    return Text(tuple(part for part in parts if part != ""))


def in_html(value: str) -> str:
    """A value as text inside HTML, in an element or a quoted attribute."""
    return html.escape(value, quote=True)
