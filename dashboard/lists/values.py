"""Reading single values of a query string. ValueError means: not understood."""

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
