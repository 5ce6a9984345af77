"""What a form is: sections of fields, as plain data.

    {"title", "intro", "sections": [{"key", "title", "optional", "fields": [
        {"key", "type", "label", "help", "required", "options": [{"value", "label", "help"}],
         "when": {"field", "is"} or None, "min": int or None, "max": int or None}]}]}

`max` is characters of a text, how many choices or files, or the largest number; `min` is the smallest number."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

Definition = dict[str, Any]
Field = dict[str, Any]
Answers = dict[str, Any]

TYPES = {
    "text": "Short text", "long_text": "Long text", "email": "E-mail address", "url": "Web address",
    "number": "Number", "choice": "One choice", "choices": "Several choices", "date": "Date", "file": "Files",
    "consent": "Agreement",
}  # fmt: skip
CHOOSING = ("choice", "choices", "consent")  # what a condition may look at
LONGEST = {"text": 2_000, "long_text": 20_000, "email": 254, "url": 2_000, "number": 40, "date": 10}
MOST_FILES = 20
MOST_FIELDS, MOST_SECTIONS, MOST_OPTIONS = 100, 20, 50
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
AGREED = "yes"  # the value of a consent in a condition


def empty(title: str) -> Definition:
    """A form to begin with."""
    section = {"key": "s1", "title": "About you", "optional": False, "fields": []}
    return {"title": title, "intro": "", "sections": [section]}


def complete(definition: Definition) -> Definition:
    """The same form with every optional part named, as pages expect it. For definitions written by hand."""
    sections = [
        {"key": f"s{n}", "optional": False} | section
        | {"fields": [FIELD | field | {"options": _options(field)} for field in section["fields"]]}
        for n, section in enumerate(definition["sections"], 1)
    ]  # fmt: skip
    return {"intro": ""} | definition | {"sections": sections}


FIELD: Field = {"help": "", "required": False, "when": None, "min": None, "max": None}


def _options(field: Field) -> list[dict[str, str]]:
    return [{"help": ""} | option for option in field.get("options") or []]


def fields(definition: Definition) -> Iterator[Field]:
    """All fields in order."""
    return (field for section in definition.get("sections", []) for field in section["fields"])


def find(definition: Definition, key: str) -> Field | None:
    return next((field for field in fields(definition) if field["key"] == key), None)


def labels(definition: Definition, keys: Iterable[str]) -> list[str]:
    """What the fields with these keys are called, in the form's order."""
    wanted = set(keys)
    return [field["label"] for field in fields(definition) if field["key"] in wanted]


def meets(condition: dict[str, str], source: Field, answer: Any) -> bool:
    """Whether an answer is the one a condition asks for."""
    if source["type"] == "consent":
        return bool(answer) == (condition["is"] == AGREED)
    return condition["is"] in answer if isinstance(answer, list) else answer == condition["is"]


def visible(definition: Definition, answers: Answers) -> dict[str, bool]:
    """Which fields are asked, given the answers. A field behind a hidden field is hidden too."""
    seen: dict[str, bool] = {}
    by_key: dict[str, Field] = {}
    for field in fields(definition):
        condition = field.get("when")
        source = by_key.get(condition["field"]) if condition else None
        seen[field["key"]] = condition is None or bool(
            source and seen[source["key"]] and meets(condition, source, answers.get(source["key"]))
        )
        by_key[field["key"]] = field
    return seen


def shown(definition: Definition, answers: Answers) -> dict[str, bool]:
    """`visible`, and under "section:KEY" whether a section has anything to ask. For the page, which hides both."""
    seen = visible(definition, answers)
    sections = {
        f"section:{section['key']}": any(seen[field["key"]] for field in section["fields"])
        for section in definition["sections"]
    }
    return seen | sections


def with_dependents(definition: Definition, keys: Iterable[str]) -> set[str]:
    """The keys, and every field whose condition leads back to one of them."""
    reached = set(keys)
    for field in fields(definition):
        if field.get("when") and field["when"]["field"] in reached:
            reached.add(field["key"])
    return reached


def minutes(definition: Definition) -> int:
    """About how long filling it in takes, in minutes, at least one."""
    weight = {"long_text": 2.0, "file": 1.5, "consent": 0.2, "choice": 0.3, "choices": 0.5}
    return max(1, round(sum(weight.get(field["type"], 0.5) for field in fields(definition))))


# ── is it a form at all ──


def faults(definition: Definition) -> list[str]:
    """What is wrong with a definition, in sentences for the person who builds it. Empty when it can be published."""
    found = list(_faults_of_shape(definition))
    before: dict[str, Field] = {}
    for field in fields(definition):
        name = f"“{field['label'] or field['key']}”"
        if not field["label"].strip():
            found.append(f"A field of type {TYPES.get(field['type'], field['type'])} has no question. Write one.")
        if field["type"] not in TYPES:
            found.append(f"{name} has a type that does not exist.")
        if not KEY.fullmatch(field["key"]) or field["key"] in before:
            found.append(f"{name} has a key that is taken or not allowed.")
        if field["type"] in ("choice", "choices"):
            found += _faults_of_options(field, name)
        if field.get("when"):
            found += _faults_of_condition(field, before, name)
        if field.get("min") is not None and field.get("max") is not None and field["min"] > field["max"]:
            found.append(f"{name}: the smallest number is larger than the largest.")
        before[field["key"]] = field
    return found


def _faults_of_shape(definition: Definition) -> Iterator[str]:
    if not definition.get("title", "").strip():
        yield "The form has no title. Write what the customer reads on top."
    total = sum(1 for _ in fields(definition))
    if not total:
        yield "The form asks nothing yet. Add a field."
    if total > MOST_FIELDS:
        yield f"The form has {total} fields; {MOST_FIELDS} are the most."
    keys = [section["key"] for section in definition.get("sections", [])]
    if len(keys) > MOST_SECTIONS or len(set(keys)) != len(keys):
        yield f"The form has too many sections or two with one key; {MOST_SECTIONS} are the most."
    for section in definition.get("sections", []):
        if section["fields"] and not section["title"].strip():
            yield "A section has no title. Write one."


def _faults_of_options(field: Field, name: str) -> Iterator[str]:
    options = field.get("options") or []
    if len(options) < 2:
        yield f"{name} needs at least two choices."
    if len(options) > MOST_OPTIONS:
        yield f"{name} has {len(options)} choices; {MOST_OPTIONS} are the most."
    if len({option["value"] for option in options}) != len(options):
        yield f"{name} has the same choice twice."
    if len({option["label"].strip().lower() for option in options}) != len(options):
        yield f"{name} has two choices that read the same."


def _faults_of_condition(field: Field, before: dict[str, Field], name: str) -> Iterator[str]:
    source = before.get(field["when"]["field"])
    if source is None:
        yield f"{name} depends on a field that does not come before it. Move it down or change its condition."
    elif source["type"] not in CHOOSING:
        yield f"{name} can only depend on a choice or an agreement, and “{source['label']}” is neither."
    elif field["when"]["is"] not in answers_of(source):
        yield f"{name} depends on a choice that “{source['label']}” does not offer any more."


def answers_of(source: Field) -> dict[str, str]:
    """What a condition may compare a field with: value -> words."""
    if source["type"] == "consent":
        return {AGREED: "agreed", "no": "not agreed"}
    return {option["value"]: option["label"] for option in source.get("options") or []}
