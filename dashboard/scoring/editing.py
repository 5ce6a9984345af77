"""The signals as a form: reading what was typed, taking one in or out, saving them all at once."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from dashboard import clock
from dashboard.accounts.forms import line
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import serialize, transaction
from dashboard.errors import Conflict, Invalid
from dashboard.leads.tables import Signal
from dashboard.scoring.signals import KINDS, NUMBER, TESTS, Rule, rules_of

MOST, LONGEST_PARAM = 60, 1000
ROW = re.compile(r"[a-z][a-z0-9]{0,11}")
POINTS = re.compile(r"[-+\u2212]?[0-9]{1,3}")
CHANGED_BY_OTHERS = "Somebody else has changed the signals since you opened this page. Reload it. Nothing was changed."
Line = dict[str, Any]  # one signal as its controls show it: row, key, label, points, on, days, times, values, …


class Offered(NamedTuple):
    """What params may name: (value, words)."""

    attributes: list[tuple[str, str]]
    forms: list[tuple[str, str]]


def shown(rules: list[Rule]) -> list[Line]:
    """Signals as the controls show them."""
    return [
        {
            "row": f"r{n}", "key": rule.key, "label": rule.label, "points": str(rule.points), "on": rule.enabled,
            "days": str(rule.params.get("days") or ""), "times": str(rule.params.get("times") or ""),
            "values": ", ".join(rule.params.get("values", [])), "attribute": rule.params.get("attribute", ""),
            "test": rule.params.get("test", ""), "form": str(rule.params.get("form") or ""),
        }
        for n, rule in enumerate(rules)
    ]  # fmt: skip


def lines(data: Mapping[str, str]) -> list[Line]:
    """The typed signals, in their order; kinds that do not exist are left out."""
    found = []
    for n in range(MOST):
        given = {name: data.get(f"s{n}.{name}", "") for name in NAMES}
        if given["key"] in KINDS:
            row = given["row"] if ROW.fullmatch(given["row"]) else f"x{n}"
            found.append(given | {"row": row, "on": data.get(f"s{n}.on") == "yes"})
    return found


NAMES = ("row", "key", "label", "points", "days", "times", "values", "attribute", "test", "form")


def added(typed: list[Line], kind: str, offered: Offered) -> list[Line]:
    """One more, as it is asked for most often."""
    if kind not in KINDS:
        raise Invalid({}, "There is no such signal. Nothing was changed.")
    if len(typed) >= MOST:
        raise Conflict(f"{MOST} signals are the most. Take one out first. Nothing was changed.")
    fresh: Line = dict.fromkeys(NAMES, "") | {
        "row": f"n{secrets.token_hex(4)}", "key": kind, "points": "10", "on": True, "test": "given",
    }  # fmt: skip
    if kind == "attribute" and offered.attributes:
        fresh["attribute"] = offered.attributes[0][0]
    if kind not in ("source", "attribute", "form"):
        fresh["label"] = KINDS[kind].title
    return [*typed, fresh]


def read(typed: list[Line], offered: Offered) -> list[Rule]:
    """The signals, or Invalid with what is wrong by control, such as "s3.points"."""
    wrong: dict[str, str] = {}
    rules: list[Rule] = []
    for n, given in enumerate(typed):
        label, points = line(given["label"]), given["points"].strip()
        if not label:
            wrong[f"s{n}.label"] = "Say in a few words why it gives points."
        elif (given["key"], label) in {(rule.key, rule.label) for rule in rules}:
            wrong[f"s{n}.label"] = "Another signal of this kind has the same words."
        amount = int(points.replace("\u2212", "-")) if POINTS.fullmatch(points) else 999
        if not -100 <= amount <= 100:
            wrong[f"s{n}.points"] = "Write whole points from -100 to 100."
        params = {}
        for name in KINDS[given["key"]].wants:
            try:
                params[name] = _param(name, given, offered)
            except ValueError as problem:
                wrong[f"s{n}.{name}"] = str(problem)
        rules.append(Rule(given["key"], label, amount, {k: v for k, v in params.items() if v}, given["on"]))
    if wrong:
        raise Invalid(wrong)
    return rules


def _param(name: str, given: Line, offered: Offered) -> Any:
    """What one control says; ValueError with a sentence when it says nothing that can be asked."""
    text = str(given[name]).strip()
    match name:
        case "days" | "times":
            if text and not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= 3650):
                raise ValueError("Write a whole number from 1 to 3650, or nothing.")
            if not text and given["key"] in ("recent", "quiet"):
                raise ValueError("Write a number of days, like 14.")
            return int(text) if text else None
        case "values":
            return _values(text, given)
        case "attribute" if text not in dict(offered.attributes):
            raise ValueError("Choose an attribute.")
        case "test" if text not in TESTS:
            raise ValueError("Choose what is asked.")
        case "form":
            if text and text not in dict(offered.forms):
                raise ValueError("Choose a form from the list.")
            return int(text) if text else None
    return text


def _values(text: str, given: Line) -> list[str]:
    words = [word for each in text[:LONGEST_PARAM].split(",") if (word := line(each, 80))]
    if given["key"] == "attribute" and given["test"] == "given":
        return []
    if not words:
        raise ValueError("Write at least one, with commas between several.")
    if given["key"] == "attribute" and given["test"] == "at_least":
        words = [words[0].replace("\u2212", "-")]
        if not re.fullmatch(NUMBER, words[0]):
            raise ValueError("Write a number, like 20.")
    return words[:50]


async def save(organization: Organization, rules: list[Rule], version: str, by: Visitor) -> bool:
    """Ask these signals from now on; the scores follow within a minute or a few. `version` is the state the page
    showed: Conflict when somebody was faster. The same signals again change nothing (False)."""
    async with transaction():
        await serialize(f"signals:{organization.id}")
        before = await rules_of(organization)
        if before.version != version:
            raise Conflict(CHANGED_BY_OTHERS)
        if before.rules == rules:
            return False
        await Signal.delete().where(Signal.organization == organization.id)
        at = clock.now()
        rows = [
            Signal(
                organization=organization.id, key=rule.key, label=rule.label, points=rule.points, params=rule.params,
                enabled=rule.enabled, position=position, created_at=at,
            )
            for position, rule in enumerate(rules)
        ]  # fmt: skip
        await Signal.insert(*rows)
        await activity.record(
            organization, "organization", organization.id, "settings", "Score signals changed", by=by,
            detail=_difference(before.rules, rules),
        )  # fmt: skip
    return True


def _difference(before: list[Rule], after: list[Rule]) -> str:
    """What changed, in words for the timeline."""
    old, new = ({(r.key, r.label): r for r in rules} for rules in (before, after))
    said = [f"{rule.label}: {_points(rule)}, new" for key, rule in new.items() if key not in old]
    said += [
        f"{rule.label}: {_points(old[key])} to {_points(rule)}"
        for key, rule in new.items()
        if key in old and _points(old[key]) != _points(rule)
    ]
    said += [f"{rule.label}: taken out" for key, rule in old.items() if key not in new]
    return "; ".join(said) or "Only what they ask for"


def _points(rule: Rule) -> str:
    return f"{rule.points:+d}" if rule.enabled else "off"
