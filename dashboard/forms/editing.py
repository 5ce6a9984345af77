"""Changing the fields of a draft: plain functions from one definition to the next; the argument stays as it was."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.forms.definition import (
    CHOOSING,
    FIELD,
    LONGEST,
    MOST_FIELDS,
    MOST_FILES,
    TYPES,
    Definition,
    Field,
    fields,
    find,
)
from dashboard.forms.keys import free, one_line, slug
from dashboard.forms.sections import get_section

PREFIX_OF_TYPE = {"choice": "Which one?", "choices": "Which ones?", "consent": "I agree", "file": "Files"}


def add_field(definition: Definition, section_key: str, kind: str) -> tuple[Definition, str]:
    """A new field at the end of a section, and its key."""
    if kind not in TYPES:
        raise NotFound("There is no such type of field.")
    draft = deepcopy(definition)
    if sum(1 for _ in fields(draft)) >= MOST_FIELDS:
        raise Conflict(f"A form holds at most {MOST_FIELDS} fields. Nothing was changed.")
    label = PREFIX_OF_TYPE.get(kind, TYPES[kind])
    field = FIELD | {
        "key": new_key(draft, label),
        "type": kind,
        "label": label,
        "required": kind == "consent",
        "options": [],
    }
    if kind in ("choice", "choices"):
        field["options"] = [{"value": "a", "label": "First", "help": ""}, {"value": "b", "label": "Second", "help": ""}]
    get_section(draft, section_key)["fields"].append(field)
    return draft, field["key"]


def change_field(definition: Definition, key: str, posted: Mapping[str, str]) -> Definition:
    """Write what the field's form says: label, help, required, options (one a line), when ("field=value"), min,
    max, and of a lead form what it fills in (to)."""
    draft = deepcopy(definition)
    field = _field(draft, key)
    field["label"] = one_line(posted.get("label", ""), 200)
    field["help"] = one_line(posted.get("help", ""), 300)
    field["required"] = posted.get("required", "") == "yes"
    if "to" in posted:
        field["to"] = posted["to"]
    source, _, value = posted.get("when", "").partition("=")
    field["when"] = {"field": source, "is": value} if source else None
    if field["type"] in ("choice", "choices"):
        field["options"] = options_from(posted.get("options", ""), field.get("options") or [])
    for name in ("min", "max"):
        if name in bounds(field["type"]):
            field[name] = _whole(name, posted.get(name, ""), bounds(field["type"])[name])
    return draft


def bounds(kind: str) -> dict[str, int | None]:
    """Which limits a type of field has, and the largest each may be; None is any number."""
    if kind == "number":
        return {"min": None, "max": None}
    largest = {"text": LONGEST["text"], "long_text": LONGEST["long_text"], "choices": 50, "file": MOST_FILES}
    return {"max": largest[kind]} if kind in largest else {}


def options_from(text: str, before: list[dict[str, str]]) -> list[dict[str, str]]:
    """Choices from lines "label | help". A choice keeps its value while its words or its place stay the same."""
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    read = [(one_line(label, 200), one_line(help, 200)) for label, _, help in (line.partition("|") for line in lines)]
    by_label = {option["label"]: option["value"] for option in before}
    wanted = {label for label, _ in read}
    same_count = len(read) == len(before)
    options: list[dict[str, str]] = []
    for place, (label, help) in enumerate(read):
        value = by_label.get(label)
        if value is None and same_count and before[place]["label"] not in wanted:
            value = before[place]["value"]
        taken = {option["value"] for option in options} | {by_label[name] for name in wanted & by_label.keys()}
        options.append({"value": value or free(slug(label), taken), "label": label, "help": help})
    return options


def remove_field(definition: Definition, key: str) -> Definition:
    """Take a field out. It is kept aside, so that it can be put back."""
    draft = deepcopy(definition)
    for section in draft["sections"]:
        for place, field in enumerate(section["fields"]):
            if field["key"] == key:
                section["fields"].pop(place)
                draft["removed"] = {"section": section["key"], "place": place, "field": field}
                return draft
    raise NotFound("This field is gone already.")


def move_field(definition: Definition, key: str, step: int) -> Definition:
    """One place up (-1) or down (1), over the edge into the next section."""
    draft = deepcopy(definition)
    sections = draft["sections"]
    at = next((n for n, section in enumerate(sections) if any(f["key"] == key for f in section["fields"])), None)
    if at is None:
        raise NotFound("This field is gone.")
    here = sections[at]["fields"]
    place = next(n for n, field in enumerate(here) if field["key"] == key)
    if 0 <= place + step < len(here):
        here.insert(place + step, here.pop(place))
    elif 0 <= at + step < len(sections):
        there = sections[at + step]["fields"]
        there.insert(len(there) if step < 0 else 0, here.pop(place))
    return draft


def sources_for(definition: Definition, key: str) -> list[Field]:
    """The fields a field's condition may look at: choices and agreements before it."""
    found: list[Field] = []
    for field in fields(definition):
        if field["key"] == key:
            break
        if field["type"] in CHOOSING:
            found.append(field)
    return found


def new_key(definition: Definition, label: str) -> str:
    aside = (definition.get("removed") or {}).get("field") or {}
    return free(slug(label), {field["key"] for field in fields(definition)} | {aside.get("key", "")})


def _whole(name: str, text: str, largest: int | None) -> int | None:
    plain = text.replace("−", "-").strip()
    if not plain:
        return None
    if not re.fullmatch(r"-?[0-9]{1,9}", plain) or (largest and not 0 < int(plain) <= largest):
        raise Invalid(
            {name: f"Write a whole number from 1 to {largest:,}." if largest else "Write a whole number, like 10."}
        )
    return int(plain)


def _field(definition: Definition, key: str) -> dict[str, Any]:
    found = find(definition, key)
    if found is None:
        raise NotFound("This field is gone.")
    return found
