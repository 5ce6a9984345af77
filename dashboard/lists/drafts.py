"""Filters while somebody puts them together: groups of rows, complete or not, as the controls of a form.

Row 2 of group 1 is `c.1.2` its column, `o.1.2` its operator and `v.1.2` its values; `m.1` says whether one condition of
the group is enough, `m` whether one group is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from dashboard.lists.columns import Column, Operator
from dashboard.lists.fields import Asked, Condition
from dashboard.lists.filters import Filters
from dashboard.lists.groups import ANY, MOST_CONDITIONS, MOST_GROUPS, Group, Groups
from dashboard.lists.values import joined, pair, parted

CONTROL = re.compile(r"([cov])\.([0-9]{1,2})\.([0-9]{1,2})")
EMPTY_HANDED = "Fill this in, or remove the condition."


@dataclass(frozen=True)
class Row:
    """One condition as typed. Without a column nothing has been chosen yet."""

    column: Column | None = None
    operator: Operator | None = None
    values: tuple[str, ...] = ()
    error: str = ""

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be ticked, where that is fixed."""
        return [(choice.value, choice.label) for choice in getattr(self.column, "choices", ())]

    def value(self, at: int = 0) -> str:
        return self.values[at] if at < len(self.values) else ""


@dataclass(frozen=True)
class Rows:
    rows: tuple[Row, ...] = (Row(),)
    any: bool = False


@dataclass(frozen=True)
class Draft:
    """All groups. `focus` is the id of the control that is typed in next."""

    groups: tuple[Rows, ...] = (Rows(),)
    any: bool = False
    focus: str = ""

    @property
    def room(self) -> bool:
        return sum(len(group.rows) for group in self.groups) < MOST_CONDITIONS

    @property
    def room_for_groups(self) -> bool:
        return self.room and len(self.groups) < MOST_GROUPS

    @property
    def wrong(self) -> bool:
        return any(row.error for group in self.groups for row in group.rows)


def of(filters: Filters) -> Draft:
    """What is filtered by now, to be changed."""
    known = {column.name: column for column in filters.of.columns}
    groups = [
        Rows(tuple(_row(known[each.name], each) for each in group.conditions), group.any)
        for group in filters.grouped.groups
    ]
    return Draft(tuple(groups), filters.grouped.any) if groups else Draft(focus="c-1-1")


def _row(column: Column, condition: Condition) -> Row:
    [(name, value)] = condition.params
    operator = column.operator(name.removeprefix(column.name).removeprefix("."))
    if operator.pair:
        return Row(column, operator, pair(value))
    return Row(column, operator, tuple(parted(value)) if operator.control == "picks" else (value,))


def typed(pairs: Iterable[tuple[str, str]], columns: tuple[Column, ...]) -> Draft:
    """What stands in the form. What belonged to a column that was there before is left out."""
    known = {column.name: column for column in columns}
    found: dict[int, dict[int, dict[str, list[str]]]] = {}
    matches: dict[str, str] = {}
    for name, value in pairs:
        if control := CONTROL.fullmatch(name):
            row = found.setdefault(int(control[2]), {}).setdefault(int(control[3]), {})
            row.setdefault(control[1], []).append(value.strip())
        elif name == "m" or name.startswith("m."):
            matches[name] = value
    groups = [
        Rows(tuple(_typed_row(rows[n], known) for n in sorted(rows)), matches.get(f"m.{number}") == ANY)
        for number, rows in sorted(found.items())
    ]
    return Draft(tuple(groups)[:MOST_GROUPS] or (Rows(),), matches.get("m") == ANY)


def _typed_row(given: dict[str, list[str]], known: dict[str, Column]) -> Row:
    column = known.get("".join(given.get("c", [])[:1]))
    if column is None:
        return Row()
    key = "".join(given.get("o", ["?"])[:1])
    operator = next((each for each in column.operators if each.key == key), None)
    values = tuple(value for value in given.get("v", []) if value) if operator is not None else ()
    if operator is not None and operator.pair:
        values = tuple(given.get("v", []))
    return Row(column, operator or column.operators[0], values)


def edited(draft: Draft, what: str) -> Draft:
    """The form after a button: add.1 a condition to group 1, remove.1.2 its second one, group another group."""
    verb, *numbers = what.split(".")
    at = [int(number) - 1 for number in numbers if number.isascii() and number.isdecimal()]
    groups = list(draft.groups)
    if verb == "group" and draft.room_for_groups:
        return replace(draft, groups=(*groups, Rows()), focus=f"c-{len(groups) + 1}-1")
    if verb == "add" and len(at) == 1 and at[0] < len(groups) and draft.room:
        rows = (*groups[at[0]].rows, Row())
        groups[at[0]] = replace(groups[at[0]], rows=rows)
        return replace(draft, groups=tuple(groups), focus=f"c-{at[0] + 1}-{len(rows)}")
    if verb == "remove" and len(at) == 2 and at[0] < len(groups):
        rows = tuple(row for number, row in enumerate(groups[at[0]].rows) if number != at[1])
        groups[at[0]] = replace(groups[at[0]], rows=rows)
        kept = tuple(group for group in groups if group.rows) or (Rows(),)
        return replace(draft, groups=kept, focus=f"add-{min(at[0], len(kept) - 1) + 1}")
    return draft


def finished(draft: Draft, asked: Asked) -> tuple[Draft, str]:
    """The draft with what is wrong in each row, and the query string of its groups where nothing is."""
    if draft.groups == (Rows(),):
        return draft, ""
    groups, done = [], []
    for group in draft.groups:
        rows, conditions = [], []
        for row in group.rows:
            try:
                conditions.append(_condition(row, asked))
                rows.append(replace(row, error=""))
            except (ValueError, OverflowError) as problem:
                rows.append(replace(row, error=_sentence(problem)))
        groups.append(replace(group, rows=tuple(rows)))
        done.append(Group(tuple(conditions), group.any))
    draft = replace(draft, groups=tuple(groups))
    if draft.wrong:
        return replace(draft, focus=_first_wrong(draft)), ""
    return draft, urlencode(Groups(tuple(done), draft.any).pairs(), safe=",")


def _condition(row: Row, asked: Asked) -> Condition:
    if row.column is None or row.operator is None:
        raise ValueError("Choose what to compare, or remove the condition.")
    control = row.operator.control
    value = "yes"
    if control == "picks":
        value = joined(row.values)
    elif row.operator.pair:
        value = f"{row.value()}..{row.value(1)}"
    elif control != "nothing":
        value = row.value()
    if not value.strip():
        raise ValueError("Choose at least one." if control == "picks" else EMPTY_HANDED)
    if not value.isprintable():
        raise ValueError("Write it in one line.")
    return row.column.condition(row.operator.key, value, asked)


def _sentence(problem: Exception) -> str:
    text = str(problem)
    return text if text.endswith(".") and isinstance(problem, ValueError) else "This is not understood."


def _first_wrong(draft: Draft) -> str:
    for g, group in enumerate(draft.groups, 1):
        for r, row in enumerate(group.rows, 1):
            if row.error:
                return f"{'v' if row.column else 'c'}-{g}-{r}"
    return ""
