"""What an organization wants to know of its leads beyond the usual: the questions, how an answer is read and shown.

In `Lead.attributes` a text, choice or date ("2026-11-24") is text, a number is a number, yes or no is true or false;
what is not known is left out."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, serialize, transaction
from dashboard.errors import Invalid
from dashboard.formats import day
from dashboard.leads.tables import Attribute, AttributeKind

MOST, LONGEST = 40, 500
KINDS = (
    ("text", "Text"), ("number", "Number"), ("date", "Date"), ("choice", "One of several"), ("yes_no", "Yes or no"),
)  # fmt: skip
ALL = """
    SELECT id, key, label, kind, choices, archived_at FROM lead_attribute
    WHERE organization = {} AND (archived_at IS NULL OR {}) ORDER BY position, id LIMIT 200"""
NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")


async def every(organization: Organization, *, archived: bool = False) -> list[dict[str, Any]]:
    """The questions in their order: id, key, label, kind, choices."""
    return await rows(ALL, organization.id, archived)


def read(attribute: Mapping[str, Any], typed: str) -> Any:
    """The answer as it is stored, None for none; ValueError with a sentence when it is no answer to the question."""
    typed = line(typed, LONGEST)
    if not typed:
        return None
    return READERS[attribute["kind"]](attribute, typed)


def shown(attribute: Mapping[str, Any], value: Any) -> str:
    """The answer as people read it."""
    if value is None:
        return ""
    if attribute["kind"] == AttributeKind.yes_no:
        return "Yes" if value is True else "No"
    if attribute["kind"] == AttributeKind.date:
        try:
            return day(date.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def typed_in(attribute: Mapping[str, Any], value: Any) -> str:
    """The answer as the value of its control."""
    if value is None:
        return ""
    return ("yes" if value else "no") if attribute["kind"] == AttributeKind.yes_no else str(value)


def _number(_: Mapping[str, Any], typed: str) -> int | float:
    plain = typed.replace(",", "").replace("\u2212", "-")
    if not NUMBER.fullmatch(plain):
        raise ValueError("Write a number, like 24 or 3.5.")
    return float(plain) if "." in plain else int(plain)


def _date(_: Mapping[str, Any], typed: str) -> str:
    try:
        return date.fromisoformat(typed).isoformat()
    except ValueError:
        raise ValueError("Choose a day, like 2026-11-24.") from None


def _choice(attribute: Mapping[str, Any], typed: str) -> str:
    for choice in attribute["choices"]:
        if choice.casefold() == typed.casefold():
            return choice
    raise ValueError("Choose one of the answers.")


def _yes_no(_: Mapping[str, Any], typed: str) -> bool:
    if typed.casefold() in ("yes", "true", "1", "y"):
        return True
    if typed.casefold() in ("no", "false", "0", "n"):
        return False
    raise ValueError("Say yes or no.")


READERS = {"text": lambda _, typed: typed, "number": _number, "date": _date, "choice": _choice, "yes_no": _yes_no}


# ── in Settings ──


async def add(organization: Organization, label: str, kind: str, choices: str, by: Visitor) -> Attribute:
    """Ask one more question. Its key follows from the label and never changes."""
    label, options = _label(label), _choices(choices)
    if kind not in AttributeKind.__members__:
        raise Invalid({"kind": "Choose a kind."})
    if kind == AttributeKind.choice and len(options) < 2:
        raise Invalid({"choices": "Give at least two answers, one a line."})
    async with transaction():
        await serialize(f"lead_attributes:{organization.id}")
        known = await every(organization, archived=True)
        if len([each for each in known if not each["archived_at"]]) >= MOST:
            raise Invalid({"label": f"There are {MOST} already. Archive one that nobody needs."})
        made = Attribute(
            organization=organization.id, key=_key(label, {each["key"] for each in known}), label=label, kind=kind,
            choices=options if kind == AttributeKind.choice else [], position=len(known),
        )  # fmt: skip
        await made.save()
        await _said(organization, f"Question {label} added", by)
    return made


async def change(organization: Organization, id: int, label: str, choices: str, by: Visitor) -> None:
    """Other words for a question; the kind stays, and so do the answers that were given."""
    found, label, options = await Attribute.get_of(organization, id), _label(label), _choices(choices)
    facts: dict[Any, Any] = {Attribute.label: label}
    if found.kind == AttributeKind.choice:
        if len(options) < 2:
            raise Invalid({"choices": "Give at least two answers, one a line."})
        facts[Attribute.choices] = options
    async with transaction():
        await Attribute.update(facts).where(Attribute.organization == organization.id, Attribute.id == id)
        await _said(organization, f"Question {found.label} changed", by)


async def archive(organization: Organization, id: int, back: bool, by: Visitor) -> Attribute:
    """Ask it no more, or again; answers are kept."""
    found = await Attribute.get_of(organization, id)
    when = "NULL" if back else "now()"
    async with transaction():
        done = await row(
            f"UPDATE lead_attribute SET archived_at = {when} WHERE organization = {{}} AND id = {{}} "  # noqa: S608
            f"AND archived_at IS {'NOT NULL' if back else 'NULL'} RETURNING id",
            organization.id, id,
        )  # fmt: skip
        if done:
            await _said(organization, f"Question {found.label} {'asked again' if back else 'archived'}", by)
    return found


async def _said(organization: Organization, title: str, by: Visitor) -> None:
    await activity.record(organization, "organization", organization.id, "settings", title, by=by)


def _label(typed: str) -> str:
    label = line(typed, 60)
    if not label:
        raise Invalid({"label": "Say what you want to know."})
    return label


def _choices(typed: str) -> list[str]:
    """One answer a line, each once."""
    found: dict[str, str] = {}
    for each in typed.splitlines():
        if choice := line(each, 80):
            found.setdefault(choice.casefold(), choice)
    return list(found.values())[:50]


def _key(label: str, taken: set[str]) -> str:
    """A short word for the label that no other question has."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:30] or "question"
    return next(key for n in range(1, 1000) if (key := plain if n == 1 else f"{plain}_{n}") not in taken)
