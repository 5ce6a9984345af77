"""A query string, read: which conditions hold, which page is meant, and where every link of the page leads."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from piccolo.querystring import QueryString

from dashboard.errors import Invalid
from dashboard.lists import groups, keyset
from dashboard.lists.columns import Column
from dashboard.lists.fields import SEARCHED, Asked, Choices, Condition, Field
from dashboard.lists.groups import Groups
from dashboard.lists.keyset import Cursor, Page, Sort
from dashboard.lists.values import Given, single

LONGEST_QUERY = 8000
MOST_PARAMETERS = 200
NO_GROUPS = Groups()
AFTER, BEFORE, SORT = "after", "before", "sort"


@dataclass(frozen=True)
class Chip:
    """One condition in words, and the query string of the list without it."""

    label: str
    operator: str
    text: str
    without: str


@dataclass(frozen=True)
class List:
    """A list page, declared. `sorts` are by the name in the address; the first one is how the list opens."""

    page: str
    fields: tuple[Field, ...]
    sorts: dict[str, Sort]
    id_column: str
    size: int = 50
    columns: tuple[Column, ...] = ()

    def read(self, given: str, asked: Asked) -> "Filters":
        """Filters of a query string. Unknown parameters mean nothing; a bad value is left out and named, and so is all
        of a string that is too long."""
        values: Given = {}
        conditions: list[Condition] = []
        misunderstood: list[str] = []
        pairs: list[tuple[str, str]] = []
        try:
            if len(given) > LONGEST_QUERY:
                raise ValueError("too long")
            pairs = parse_qsl(given, max_num_fields=MOST_PARAMETERS)
        except ValueError:
            misunderstood.append("Filters")
        for name, value in pairs:
            values.setdefault(name, []).append(value)
        for each in self.fields:
            try:
                condition = each.read(values, asked)
            except (ValueError, OverflowError):
                misunderstood.append(each.label)
                continue
            if condition is not None:
                conditions.append(condition)
        grouped, unknown = groups.read(pairs, self.columns, asked)
        misunderstood += unknown
        sort, descending = self._sort(values, misunderstood)
        cursor = self._cursor(values, sort, misunderstood)
        return Filters(self, tuple(conditions), sort, descending, cursor, tuple(misunderstood), grouped)

    def keep(self, query: str, asked: Asked) -> str:
        """What a saved view keeps of a query string: known filters and the sort, never a page."""
        return self.read(query, asked).query()

    def _sort(self, values: Given, misunderstood: list[str]) -> tuple[str, bool]:
        first = next(iter(self.sorts))
        try:
            asked = single(values, SORT)
        except ValueError:
            asked = "?"
        name = asked.removeprefix("-")
        if name in self.sorts:
            return name, asked.startswith("-")
        if asked:
            misunderstood.append("Sort")
        return first, self.sorts[first].descending

    def _cursor(self, values: Given, sort: str, misunderstood: list[str]) -> Cursor | None:
        try:
            after, before = single(values, AFTER), single(values, BEFORE)
            if after or before:
                return keyset.read(self.sorts[sort], after or before, before=not after)
        except (ValueError, OverflowError):
            misunderstood.append("Page")
        return None


@dataclass(frozen=True)
class Filters:
    """What one address asks of one list."""

    of: List
    conditions: tuple[Condition, ...]
    sort: str
    descending: bool
    cursor: Cursor | None = None
    misunderstood: tuple[str, ...] = ()
    grouped: Groups = NO_GROUPS

    def __bool__(self) -> bool:
        return bool(self.conditions) or bool(self.grouped)

    # ── links ──

    def query(self, **more: str) -> str:
        """The canonical query string: these filters and this sort, from the first page."""
        pairs = [pair for condition in self.conditions for pair in condition.params] + self.grouped.pairs()
        sort = ("-" if self.descending else "") + self.sort
        if (self.sort, self.descending) != self._usual():
            pairs.append((SORT, sort))
        return urlencode(pairs + list(more.items()), safe=",")

    def _usual(self) -> tuple[str, bool]:
        first = next(iter(self.of.sorts))
        return first, self.of.sorts[first].descending

    def without(self, name: str) -> str:
        """The query string with one condition less."""
        return replace(self, conditions=tuple(each for each in self.conditions if each.name != name)).query()

    def sorted_by(self, name: str) -> str:
        """The query string ordered by a column; by the same column, the other way round."""
        turned = not self.descending if name == self.sort else self.of.sorts[name].descending
        return replace(self, sort=name, descending=turned).query()

    def direction(self, name: str) -> str:
        """For aria-sort: how the list is ordered by this column, if it is."""
        if name != self.sort:
            return ""
        return "descending" if self.descending else "ascending"

    def chips(self, names: dict[tuple[str, int], str] | None = None) -> list[Chip]:
        """Each condition in words. `names` has (field, id) of the rows that references speak of."""
        return [
            Chip(each.label, each.operator, self._words(each, names or {}), self.without(each.name))
            for each in self.conditions
        ] + [chip for _, chips in self.chip_groups(names) for chip in chips]

    def chip_groups(self, names: dict[tuple[str, int], str] | None = None) -> list[tuple[bool, list[Chip]]]:
        """The groups in words, each with whether one of its conditions is enough."""
        return [
            (group.any, [
                Chip(each.label, each.operator, self._words(each, names or {}),
                     replace(self, grouped=self.grouped.without(number, at)).query())
                for at, each in enumerate(group.conditions)
            ])
            for number, group in enumerate(self.grouped.groups)
        ]  # fmt: skip

    def in_words(self, names: dict[tuple[str, int], str] | None = None) -> str:
        """All conditions in one sentence, for a list that found nothing; of a search just what was typed."""
        plain = [
            f"“{chip.text}”" if chip.operator == SEARCHED else _said(chip)
            for chip in replace(self, grouped=NO_GROUPS).chips(names)
        ]
        groups = [
            (" or " if loose else " and ").join(_said(chip) for chip in chips)
            for loose, chips in self.chip_groups(names)
        ]
        joined = (", or " if self.grouped.any else ", and ").join(groups)
        return " and ".join([*plain, *[joined] * bool(joined)])

    def for_file(self) -> "Filters":
        """These, or Invalid if something was not understood: the file would hold more than was asked for."""
        if self.misunderstood:
            raise Invalid({}, f"Not understood: {', '.join(self.misunderstood)}. Nothing was exported.")
        return self

    def spoken_of(self) -> dict[str, list[int]]:
        """The ids of rows the filters speak of, by field: the page looks up their names."""
        found: dict[str, list[int]] = {}
        for each in (*self.conditions, *self.grouped.conditions()):
            if each.ids:
                found.setdefault(each.name, []).extend(each.ids)
        return found

    def _words(self, condition: Condition, names: dict[tuple[str, int], str]) -> str:
        known = [names.get((condition.name, id), "Somebody who is not here") for id in condition.ids]
        return ", ".join([*known, *condition.texts])

    def chosen(self, parameter: str) -> list[str]:
        """The values of one parameter, for the controls of the filter form."""
        return [value for each in self.conditions for name, value in each.params if name == parameter]

    def options(self, name: str) -> list[tuple[str, str]]:
        """What one filter of a fixed set can be, as values and words, for the same form."""
        field = next(each for each in self.of.fields if each.name == name)
        return [(each.value, each.label) for each in field.choices] if isinstance(field, Choices) else []

    # ── SQL: pieces to stand for a `{}` of a statement, their values with them ──

    @property
    def where(self) -> QueryString:
        """All conditions."""
        parts = [each.sql for each in self.conditions]
        values = [value for each in self.conditions for value in each.values]
        if self.grouped:
            sql, more = self.grouped.sql()
            parts, values = [*parts, sql], [*values, *more]
        return QueryString(" AND ".join(parts) or "TRUE", *values)

    @property
    def page_where(self) -> QueryString:
        """All conditions and the place in the list."""
        place, values = keyset.condition(self.of.sorts[self.sort], self.descending, self.cursor, self.of.id_column)
        return QueryString("{} AND {}", self.where, QueryString(place, *values))

    @property
    def order_by(self) -> QueryString:
        descending = self.descending != (self.cursor is not None and self.cursor.before)
        return QueryString(keyset.order(self.of.sorts[self.sort], descending, self.of.id_column))

    # ── pages ──

    def page(self, found: list[dict[str, Any]]) -> Page:
        """A page of rows that were fetched by `page_where`, in `order_by`, one more than fits."""
        more, rows = len(found) > self.of.size, found[: self.of.size]
        backwards = self.cursor is not None and self.cursor.before
        if backwards:
            rows = rows[::-1]
        earlier = more if backwards else self.cursor is not None
        later = more or backwards
        return Page(
            rows,
            self._at(BEFORE, rows[0]) if earlier and rows else "",
            self._at(AFTER, rows[-1]) if later and rows else "",
        )

    def after(self, row: dict[str, Any]) -> "Filters":
        """The same list from behind a row, for reading all of it in batches."""
        return replace(self, cursor=Cursor(row[self.of.sorts[self.sort].key], row["id"]))

    def first_page(self) -> "Filters":
        return replace(self, cursor=None)

    def _at(self, parameter: str, row: dict[str, Any]) -> str:
        return self.query(**{parameter: keyset.write(self.of.sorts[self.sort], row)})


def _said(chip: Chip) -> str:
    return f"“{chip.label} {chip.operator} {chip.text}”"
