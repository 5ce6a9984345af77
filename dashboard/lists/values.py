"""Reading single values of a query string. ValueError means: not understood."""

import re
from collections.abc import Iterable

MOST_VALUES = 100

Given = dict[str, list[str]]


def contains(typed: str) -> str:
    """A LIKE pattern for text that contains what was typed, letter by letter, upper and lower case alike."""
    escaped = typed.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def any_of(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"


def several(given: Given, name: str) -> list[str]:
    """What was given for a parameter, each value once, blank ones left out; ValueError for what cannot be meant."""
    values = [value.strip() for value in given.get(name, []) if value.strip()]
    if len(values) > MOST_VALUES or any(not value.isprintable() for value in values):
        raise ValueError(name)
    return list(dict.fromkeys(values))


def single(given: Given, name: str) -> str:
    """The one value of a parameter, or an empty text."""
    values = several(given, name)
    if len(values) > 1:
        raise ValueError(name)
    return values[0] if values else ""


def whole(text: str, largest: int) -> int:
    """A positive whole number in plain digits, or ValueError."""
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) <= largest):
        raise ValueError(text)
    return int(text)


# ── values of columns, several in one parameter: `new,qualified`, `20..50` ──


def parted(value: str) -> list[str]:
    """The values between commas, each once; a comma inside a value has a backslash before it."""
    parts = [re.sub(r"\\(.)", r"\1", part).strip() for part in re.findall(r"(?:\\.|[^,\\]|\\$)+", value)]
    found = list(dict.fromkeys(part for part in parts if part))
    if not 0 < len(found) <= MOST_VALUES:
        raise ValueError("Choose at least one." if not found else f"Choose at most {MOST_VALUES}.")
    return found


def joined(values: Iterable[str]) -> str:
    """One parameter of several values, as `parted` reads it."""
    return ",".join(re.sub(r"([,\\])", r"\\\1", value) for value in values)


def pair(value: str) -> tuple[str, str]:
    """Both ends of `from..to`."""
    first, dots, last = value.partition("..")
    if not (dots and first.strip() and last.strip()):
        raise ValueError("Fill in both ends.")
    return first.strip(), last.strip()
