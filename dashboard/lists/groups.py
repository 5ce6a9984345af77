"""Conditions in groups: `stage=new,qualified&score.over=50&groups=any&2.owner=none&2.tag=3&2.match=any`.

A condition is `column[.operator]=value`; a number before it says in which group it stands, none means the first. The
conditions of a group are joined by "and", with `match=any` by "or"; the groups likewise, with `groups=any`. Two levels
say everything there is to say, and a person can still read them; deeper ones are not understood."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from dashboard.lists.columns import Column
from dashboard.lists.fields import Asked, Condition

MOST_GROUPS, MOST_CONDITIONS, LONGEST_VALUE = 5, 20, 2000
MATCH, GROUPS, ANY, ALL = "match", "groups", "any", "all"
OWN = "attr."  # columns an organization made itself: unknown ones are named, because they were known once
NUMBERED = re.compile(r"([0-9]{1,3})\.(.*)")


@dataclass(frozen=True)
class Group:
    """Conditions, and whether one of them is enough."""

    conditions: tuple[Condition, ...] = ()
    any: bool = False

    def without(self, at: int) -> "Group":
        return replace(self, conditions=self.conditions[:at] + self.conditions[at + 1 :])


@dataclass(frozen=True)
class Groups:
    """All of them, and whether one of them is enough."""

    groups: tuple[Group, ...] = ()
    any: bool = False

    def __bool__(self) -> bool:
        return bool(self.groups)

    def pairs(self) -> list[tuple[str, str]]:
        """How they stand in the address."""
        found = []
        for number, group in enumerate(self.groups, 1):
            before = f"{number}." if number > 1 else ""
            if group.any and len(group.conditions) > 1:
                found.append((f"{before}{MATCH}", ANY))
            found += [(before + name, value) for each in group.conditions for name, value in each.params]
        return found + [(GROUPS, ANY)] * (self.any and len(self.groups) > 1)

    def sql(self) -> tuple[str, list[Any]]:
        """The condition, and what stands for its `{}`."""
        parts = [f"({_joined([each.sql for each in group.conditions], group.any)})" for group in self.groups]
        values = [value for group in self.groups for each in group.conditions for value in each.values]
        return f"({_joined(parts, self.any)})", values

    def without(self, group: int, at: int) -> "Groups":
        """All but one condition; a group that is empty then is gone."""
        left = [each.without(at) if number == group else each for number, each in enumerate(self.groups)]
        return replace(self, groups=tuple(each for each in left if each.conditions))

    def conditions(self) -> list[Condition]:
        return [each for group in self.groups for each in group.conditions]


def read(pairs: Iterable[tuple[str, str]], columns: tuple[Column, ...], asked: Asked) -> tuple[Groups, list[str]]:
    """The groups in a query string, and what was not understood."""
    known = {column.name: column for column in columns}
    found: dict[int, list[Condition]] = {}
    loose: set[int] = set()
    every_any, count = False, 0
    misunderstood: list[str] = []
    for name, value in pairs:
        number, name = _number(name)
        if name in (MATCH, GROUPS):
            if value not in (ANY, ALL) or (name == GROUPS and number != 1):
                misunderstood.append("Filters")
            elif value == ANY and name == GROUPS:
                every_any = True
            elif value == ANY:
                loose.add(number)
            continue
        column, operator = _column(name, known)
        if column is None:
            if number != 1 or name.startswith(OWN):
                misunderstood.append(_unknown(name))
            continue
        if not value.strip():
            continue
        count += 1
        if count > MOST_CONDITIONS or len({*found, number}) > MOST_GROUPS:
            misunderstood.append(f"More than {MOST_CONDITIONS} conditions or {MOST_GROUPS} groups")
            break
        try:
            found.setdefault(number, []).append(_condition(column, operator, value, asked))
        except (ValueError, OverflowError):
            misunderstood.append(column.label)
    groups = [Group(tuple(found[number]), number in loose) for number in sorted(found) if found[number]]
    return Groups(tuple(groups), every_any), list(dict.fromkeys(misunderstood))


def _condition(column: Column, operator: str, value: str, asked: Asked) -> Condition:
    value = value.strip()
    if len(value) > LONGEST_VALUE or not value.isprintable():
        raise ValueError(column.name)
    return column.condition(operator, value, asked)


def _number(name: str) -> tuple[int, str]:
    found = NUMBERED.fullmatch(name)
    return (int(found[1]), found[2]) if found else (1, name)


def _column(name: str, known: dict[str, Column]) -> tuple[Column | None, str]:
    if name in known:
        return known[name], ""
    before, _, operator = name.rpartition(".")
    return known.get(before), operator


def _unknown(name: str) -> str:
    return "Groups inside groups" if NUMBERED.fullmatch(name) else name.removeprefix(OWN).partition(".")[0][:40]


def _joined(parts: list[str], any: bool) -> str:
    return (" OR " if any else " AND ").join(parts)
