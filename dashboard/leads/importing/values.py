"""A record of a file as facts about a lead, or what is wrong with it in words."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dashboard.accounts.forms import ADDRESS
from dashboard.formats import exponent, parse_money
from dashboard.leads import attributes
from dashboard.leads.actions import digits
from dashboard.leads.forms import LARGEST_AMOUNT, LONGEST_NOTE
from dashboard.leads.importing.columns import MARK, fold
from dashboard.leads.importing.reading import FOREIGN
from dashboard.leads.stages import Step
from dashboard.leads.tags import LONGEST as LONGEST_TAG
from dashboard.lists.spreadsheet import uncell

LENGTHS = {"email": 254, "name": 200, "company": 200, "phone": 40, "source": 80}
LABELS = {
    "email": "The address",
    "name": "The name",
    "company": "The company",
    "phone": "The phone",
    "source": "The source",
}
SHORTEST_PHONE = 7  # digits, to know somebody by
MOST_TAGS = 20
DAYS = (
    (re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?"), "ymd"),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), "dmy"),
    (re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})"), "slash"),
)  # fmt: skip


@dataclass(frozen=True)
class Meaning:
    """What the words of a file mean here: its columns, the stages, the team, the questions, the currency."""

    mapping: Sequence[str]
    steps: Sequence[Step]
    team: Mapping[str, int]  # name or address in lower case → id
    asked: Mapping[str, Mapping[str, Any]]  # key → question
    currency: str


@dataclass
class Line:
    """One record, understood. `facts` are columns of a lead as JSON has them; only what is given is there."""

    number: int
    facts: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    note: str = ""
    problem: str = ""
    cells: list[str] = field(default_factory=list)  # as they stand in the file, where there is a problem
    shown: dict[str, str] = field(default_factory=dict)  # name and address of such a line

    @property
    def key(self) -> str:
        """What tells this person from the others of the file; empty when nothing does."""
        facts = self.facts
        if facts.get("email_normalized"):
            known = ["e", facts["email_normalized"]]
        elif len(facts.get("phone_normalized", "")) >= SHORTEST_PHONE:
            known = ["p", facts["phone_normalized"], fold(facts.get("name", ""))]
        elif facts.get("name") or facts.get("company"):
            known = ["n", fold(facts.get("name", "")), fold(facts.get("company", ""))]
        else:
            return ""
        return known[0] + hashlib.blake2b("\x1f".join(known[1:]).encode(), digest_size=16).hexdigest()

    def stored(self) -> dict[str, Any]:
        kept = {"facts": self.facts, "tags": self.tags, "note": self.note, "cells": self.cells, "shown": self.shown}
        return {name: value for name, value in kept.items() if value}


class Unclear(ValueError):
    """A cell that cannot be used, in a sentence for whoever made the file."""


def read(number: int, cells: Sequence[str], meaning: Meaning) -> Line:
    """The facts in a record. What is wrong with it is its `problem`; then nothing of it is used."""
    given: dict[str, str] = {}
    for target, cell in zip(meaning.mapping, cells, strict=False):
        if target and (text := cell.strip()):
            text = uncell(text) if text[0] == "'" else text
            given[target] = f"{given[target]}\n{text}" if target in given else text
    line = Line(number)
    try:
        line.facts = _person(given) | _deal(given, meaning)
        answers = {
            target.removeprefix(MARK): _answer(meaning.asked[target.removeprefix(MARK)], text)
            for target, text in given.items() if target.startswith(MARK)
        }  # fmt: skip
        if answers:
            line.facts["attributes"] = answers
        line.tags = _tags(given.get("tags", ""))
        line.note = _note(given.get("note", ""))
        if not line.key:
            raise Unclear("Nobody is named: no address, name, company or phone number")
    except Unclear as problem:
        line.problem, line.cells = str(problem), storable(cells)
        line.shown = {name: clean(given[name])[:200] for name in ("name", "email") if name in given}
    return line


def storable(cells: Sequence[str]) -> list[str]:
    """Cells as they stood in the file, so that they can be mended: bytes of another encoding as Windows means them."""
    return [_legible(cell[:1000]).replace("\0", "") for cell in cells]


def _legible(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace") if FOREIGN.search(cell) else cell


def clean(text: str) -> str:
    """One line without what cannot be seen or stored."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def _person(given: Mapping[str, str]) -> dict[str, Any]:
    name = given.get("name") or f"{given.get('first_name', '')} {given.get('last_name', '')}"
    facts: dict[str, Any] = {}
    for column in ("email", "company", "phone", "source", "name"):
        text = clean(name if column == "name" else given.get(column, ""))
        if len(text) > LENGTHS[column]:
            raise Unclear(f"{LABELS[column]} is longer than {LENGTHS[column]} characters")
        if text:
            facts[column] = text
    if "email" in facts:
        facts["email_normalized"] = facts["email"].lower()
        if not ADDRESS.fullmatch(facts["email_normalized"]):
            raise Unclear("Address needs an @ and a domain")
    if "phone" in facts:
        facts["phone_normalized"] = digits(facts["phone"])
        if not facts["phone_normalized"]:
            raise Unclear(f"“{facts['phone']}” is no phone number")
    return facts


def _deal(given: Mapping[str, str], meaning: Meaning) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if text := clean(given.get("value", "")):
        currency = clean(given.get("currency", "")).upper() or meaning.currency
        if exponent(currency) is None:
            raise Unclear(f"“{currency[:20]}” is no currency, like EUR")
        value = parse_money(text, currency)
        if value is None or not 0 <= value <= LARGEST_AMOUNT:
            raise Unclear(f"“{text[:40]}” is no amount, like 1284.00")
        if value:
            facts |= {"value": value, "currency": currency}
    if text := clean(given.get("expected_close", "")):
        facts["expected_close"] = _day(text)
    if text := clean(given.get("stage", "")):
        wanted = text.casefold()
        step = next((step for step in meaning.steps if wanted in (step.key, step.name.casefold())), None)
        if step is None:
            raise Unclear(f"There is no stage “{text[:60]}”")
        facts["stage"] = step.key
    if text := clean(given.get("owner", "")):
        if text.casefold() not in meaning.team:
            raise Unclear(f"Nobody in the team is called “{text[:60]}”")
        facts["owner"] = meaning.team[text.casefold()]
    return facts


def _day(text: str) -> str:
    """A day, where it is certain which one is meant."""
    for pattern, order in DAYS:
        if found := pattern.fullmatch(text):
            first, second, third = (int(part) for part in found.groups())
            year, month, of_month = (first, second, third) if order == "ymd" else (third, second, first)
            if order == "slash" and first <= 12 and second <= 12 and first != second:
                raise Unclear(f"“{text}” can be two days. Write it like 2026-11-24")
            if order == "slash" and second > 12:
                month, of_month = first, second
            try:
                when = date(year, month, of_month)
            except ValueError:
                break
            if 2000 <= when.year <= 2200:
                return when.isoformat()
    raise Unclear(f"“{text[:40]}” is no day, like 2026-11-24")


def _answer(question: Mapping[str, Any], text: str) -> Any:
    try:
        return attributes.read(question, text)
    except ValueError as problem:
        said = str(problem)
        raise Unclear(f"{question['label']}: {said[:1].lower()}{said[1:].rstrip('.')}") from None


def _tags(text: str) -> list[str]:
    names = [clean(part) for part in re.split(r"[,;|\n]", text)] if text else []
    kept = list({name.lower(): name for name in names if name}.values())
    if too_long := next((name for name in kept if len(name) > LONGEST_TAG), None):
        raise Unclear(f"The tag “{too_long[:20]}…” is longer than {LONGEST_TAG} characters")
    if len(kept) > MOST_TAGS:
        raise Unclear(f"Has more than {MOST_TAGS} tags")
    return kept


def _note(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        raise Unclear(f"The note is longer than {LONGEST_NOTE:,} characters")
    return "".join(c for c in text if c.isprintable() or c in "\n\t").strip()
