"""What somebody typed into a form, field by field. Nothing here knows what the form is about."""

import secrets
from collections.abc import Mapping
from datetime import date

from dashboard.errors import Invalid
from dashboard.formats import parse_money


def text(data: Mapping[str, str], name: str) -> str:
    """A field as it was typed, without the characters that PostgreSQL cannot keep."""
    given = data.get(name, "")
    return given.replace("\0", "").encode("utf-8", "ignore").decode() if isinstance(given, str) else ""


def number(data: Mapping[str, str], name: str) -> int:
    """A positive whole number, else 0."""
    given = text(data, name)
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 19 else 0


def money(data: Mapping[str, str], currency: str, name: str = "amount") -> int:
    """The amount in minor units, or -1 when nobody can say what was meant."""
    parsed = parse_money(text(data, name).strip(), currency)
    return -1 if parsed is None else parsed


def day(data: Mapping[str, str], name: str, example: str = "2026-11-24") -> date | None:
    """A day, None when the field is empty; Invalid when it is no day."""
    given = text(data, name).strip()
    if not given:
        return None
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2200:
        raise Invalid({name: f"Choose a day, like {example}."})
    return found


def token(data: Mapping[str, str]) -> str:
    """The form's own random word, which makes two clicks one."""
    once = text(data, "once")
    if not (8 <= len(once) <= 64 and once.replace("-", "").replace("_", "").isalnum() and once.isascii()):
        raise Invalid({}, "This form is out of date. Open it again. Nothing was changed.")
    return once


def once() -> str:
    """A new such word."""
    return secrets.token_urlsafe(16)


def refuse(problems: dict[str, str]) -> None:
    """Invalid with every field that has a problem, if any has."""
    if wrong := {field: said for field, said in problems.items() if said}:
        raise Invalid(wrong)
