"""What somebody answered: reading what was posted, saying what is wrong with it, and counting how far they are."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from dashboard.forms.definition import LONGEST, MOST_FILES, Answers, Definition, Field, fields, visible

PREFIX = "q."  # before a field's key in the page, so that no key can shadow a property of the form element
EMAIL = re.compile(r"[^\s@,;<>\"()]{1,64}@[^\s@,;<>\"()]+\.[^\s@,;<>\"().]{2,}")
NUMBER = re.compile(r"[-+−]?[0-9]{1,15}(?:[.,][0-9]{1,6})?")
HOST = re.compile(r"[^\s/.@:]+(?:\.[^\s/.@:]+)+(?::[0-9]{1,5})?")
UNSTORABLE = "This has characters that cannot be stored. Type it again instead of pasting it."
YES = ("yes", "on", "true", "1")


@dataclass(frozen=True)
class Taken:
    """What was posted: the answers that can be kept, and by field why the others cannot."""

    answers: Answers
    refused: dict[str, str]


def take(definition: Definition, posted: Iterable[tuple[str, str]], only: Iterable[str] | None = None) -> Taken:
    """Read posted values. Only the form's own fields are looked at, and of those only `only` where it is given.
    A field that was not posted is left out; one posted empty is emptied."""
    given: dict[str, list[str]] = {}
    for name, value in posted:
        if name.startswith(PREFIX):
            given.setdefault(name.removeprefix(PREFIX), []).append(value)
    allowed = None if only is None else set(only)
    answers: Answers = {}
    refused: dict[str, str] = {}
    for field in fields(definition):
        key = field["key"]
        if key not in given or field["type"] == "file" or (allowed is not None and key not in allowed):
            continue
        try:
            answers[key] = _read(field, given[key])
        except ValueError as problem:
            refused[key] = str(problem)
    return Taken(answers, refused)


def _read(field: Field, values: Sequence[str]) -> Any:
    """One answer as it is stored; ValueError with a sentence when it cannot be."""
    kind = field["type"]
    if kind == "consent":
        return values[-1].lower() in YES
    if kind in ("choice", "choices"):
        offered = [option["value"] for option in field["options"]]
        chosen = {value for value in values if value}
        if not chosen <= set(offered):
            raise ValueError("Choose from the answers on this page. The form may have changed; reload it.")
        in_order = [value for value in offered if value in chosen]
        return in_order if kind == "choices" else next((value for value in reversed(values) if value), "")
    text = values[-1].replace("\r\n", "\n").replace("\r", "\n").strip()
    if kind != "long_text":
        text = text.replace("\n", " ").replace("\t", " ")
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise ValueError(UNSTORABLE)
    longest = min(field.get("max") or LONGEST[kind], LONGEST[kind]) if kind in ("text", "long_text") else LONGEST[kind]
    if len(text) > longest:
        raise ValueError(f"Shorten this to {longest:,} characters; it has {len(text):,}.")
    return text


def is_answered(field: Field, answers: Answers, files: Mapping[str, int]) -> bool:
    return bool(files.get(field["key"]) if field["type"] == "file" else answers.get(field["key"]))


def problems(
    definition: Definition, answers: Answers, files: Mapping[str, int], *, complete: bool,
    only: Iterable[str] | None = None,
) -> dict[str, str]:  # fmt: skip
    """What is wrong, by field, each with an example of what is right. `files` counts the uploads by field. With
    `complete` a required answer may not be missing. Hidden fields are nobody's problem."""
    seen = visible(definition, answers)
    asked = seen.keys() if only is None else set(only)
    found = {}
    for field in fields(definition):
        key = field["key"]
        if not seen[key] or key not in asked:
            continue
        if not is_answered(field, answers, files):
            if complete and field.get("required"):
                found[key] = MISSING[field["type"]]
        elif words := _wrong(field, answers.get(key), files.get(key, 0)):
            found[key] = words
    return found


MISSING = {
    "text": "This is needed. A few words are enough.",
    "long_text": "This is needed. Two or three sentences are enough.",
    "email": "Write an address, like name@company.example.",
    "url": "Write an address, like https://company.example.",
    "number": "Write a number, like 12.",
    "choice": "Choose one of the answers.",
    "choices": "Choose at least one.",
    "date": "Choose a date, like 2026-11-30.",
    "file": "Add at least one file.",
    "consent": "Tick this to go on.",
}


def _wrong(field: Field, answer: Any, files: int) -> str:
    match field["type"]:
        case "email" if not EMAIL.fullmatch(answer):
            return "Write the whole address, like name@company.example."
        case "url" if not web_address(answer):
            return "Write the whole address, like https://company.example."
        case "number":
            return _wrong_number(field, answer)
        case "date" if not as_date(answer):
            return "Write the date as year, month and day, like 2026-11-30."
        case "choices" if field.get("max") and len(answer) > field["max"]:
            return f"Choose at most {field['max']}; {len(answer)} are chosen."
        case "file" if files > most_files(field):
            return f"Keep at most {most_files(field)} files; there are {files}."
    return ""


def _wrong_number(field: Field, answer: str) -> str:
    if not NUMBER.fullmatch(answer):
        return "Write a number, like 12 or 3.5."
    value, low, high = Decimal(plain_number(answer)), field.get("min"), field.get("max")
    if low is not None and high is not None and not low <= value <= high:
        return f"Write a number from {low:,} to {high:,}."
    if low is not None and value < low:
        return f"Write {low:,} or more."
    if high is not None and value > high:
        return f"Write {high:,} or less."
    return ""


def plain_number(answer: str) -> str:
    return answer.replace("−", "-").replace(",", ".")


def most_files(field: Field) -> int:
    return min(field.get("max") or MOST_FILES, MOST_FILES)


def web_address(answer: str) -> str:
    """The address with its scheme, "https" where none was typed; empty when it is none."""
    whole = answer if "://" in answer else f"https://{answer}"
    try:
        parts = urlsplit(whole)
        fits = parts.scheme in ("http", "https") and HOST.fullmatch(parts.netloc) and not re.search(r"\s", whole)
    except ValueError:
        return ""
    return whole if fits else ""


def as_date(answer: str) -> date | None:
    try:
        found = date.fromisoformat(answer) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", answer, re.ASCII) else None
    except ValueError:
        return None
    return found if found and 1900 <= found.year <= 2200 else None


def submitted(definition: Definition, answers: Answers) -> Answers:
    """What goes to the team: answers of visible fields only, addresses and numbers in one spelling."""
    seen, kept = visible(definition, answers), {}
    for field in fields(definition):
        key = field["key"]
        if not seen[key] or key not in answers:
            continue
        answer = answers[key]
        if answer and field["type"] == "url":
            answer = web_address(answer) or answer
        if answer and field["type"] == "number":
            answer = plain_number(answer)
        kept[key] = answer
    return kept


def progress(definition: Definition, answers: Answers, files: Mapping[str, int]) -> tuple[int, int]:
    """(answered, asked) over the fields that are visible now."""
    seen = visible(definition, answers)
    asked = [field for field in fields(definition) if seen[field["key"]]]
    return sum(is_answered(field, answers, files) for field in asked), len(asked)


def words(field: Field, answer: Any) -> str:
    """An answer as a person reads it; empty when there is none."""
    if field["type"] == "consent":
        return "Agreed" if answer else "Not agreed"
    if field["type"] in ("choice", "choices"):
        chosen = answer if isinstance(answer, list) else [answer]
        return ", ".join(option["label"] for option in field["options"] if option["value"] in chosen)
    return str(answer or "")
