"""What a list can be filtered by: each kind reads its own parameters and answers with a condition.

`read` raises ValueError for a value that means nothing; the list then names the field as not understood."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from dashboard.formats import day, start_of_day
from dashboard.lists.values import Given, any_of, contains, several, single, whole

LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1
LONGEST_TEXT = 200
LAST_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
NONE = "none"
SEARCHED = "contains"  # the operator of a search for words


@dataclass(frozen=True)
class Asked:
    """Who asks, when and where: what "me", "overdue", "yesterday" and an amount without a currency depend on."""

    now: datetime
    zone: str = "UTC"
    me: int = 0
    currency: str = "EUR"
    organization: int = 0


@dataclass(frozen=True)
class Condition:
    """One filter, understood. `texts` are its values in words; `ids` are rows whose names the page looks up."""

    name: str
    label: str
    operator: str
    texts: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    sql: str
    values: tuple[Any, ...] = ()
    ids: tuple[int, ...] = ()


class Field(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def parameters(self) -> tuple[str, ...]:
        """The names it reads from the query string."""
        ...

    def read(self, given: Given, asked: Asked) -> Condition | None:
        """The condition, None when nothing was asked; ValueError when it was not understood."""
        ...


@dataclass(frozen=True)
class Choice:
    """One value of a column, or a derived one with SQL of its own, in which each `{}` is the present moment."""

    value: str
    label: str
    sql: str = ""


@dataclass(frozen=True)
class Choices:
    """One or more of a fixed set. `sql` compares the column with an array: `o.status = ANY({})`."""

    name: str
    label: str
    sql: str
    choices: tuple[Choice, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        wanted = set(several(given, self.name))
        chosen = [choice for choice in self.choices if choice.value in wanted]
        if not wanted:
            return None
        if len(chosen) != len(wanted):
            raise ValueError(self.name)
        stored = [choice.value for choice in chosen if not choice.sql]
        derived = [choice.sql for choice in chosen if choice.sql]
        parts = [self.sql] * bool(stored) + derived
        values: list[Any] = [stored] * bool(stored)
        values += [asked.now for sql in derived for _ in range(sql.count("{}"))]
        return Condition(
            self.name, self.label, "is" if len(chosen) == 1 else "is any of", tuple(choice.label for choice in chosen),
            tuple((self.name, choice.value) for choice in chosen), any_of(parts), tuple(values),
        )  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """One or more rows of another table by id, or none. `column` holds the id; `among` compares it with an array and
    `empty` with nothing, where it holds several."""

    name: str
    label: str
    column: str
    nobody: str = "Not set"
    among: str = " = ANY({})"
    empty: str = " IS NULL"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        wanted = several(given, self.name)
        if not wanted:
            return None
        ids = [self.id_of(value, asked) for value in wanted if value != NONE]
        parts, texts = [], []
        if ids:
            parts.append(self.column + self.among)
        if NONE in wanted:
            parts.append(self.column + self.empty)
            texts.append(self.nobody)
        return Condition(
            self.name, self.label, "is" if len(wanted) == 1 else "is any of", tuple(texts),
            tuple((self.name, value) for value in wanted), any_of(parts), (ids,) if ids else (), tuple(ids),
        )  # fmt: skip

    def id_of(self, value: str, asked: Asked) -> int:
        return whole(value, LARGEST_ID)


@dataclass(frozen=True)
class Person(Reference):
    """Members of the team; "me" follows whoever looks, so that a shared view is everybody's own."""

    nobody: str = "Nobody"

    def id_of(self, value: str, asked: Asked) -> int:
        return asked.me if value == "me" else whole(value, LARGEST_ID)


@dataclass(frozen=True)
class Dates:
    """A moment: in the last N days (`placed=30d`), between two local days (`placed_from`, `placed_to`), or not set."""

    name: str
    label: str
    column: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.name, f"{self.name}_from", f"{self.name}_to"

    def read(self, given: Given, asked: Asked) -> Condition | None:
        within, start, end = (single(given, name) for name in self.parameters)
        if within and (start or end):
            raise ValueError(self.name)
        if within == NONE:
            return self._condition("is", "Not set", {self.name: within}, [self.column + " IS NULL"])
        if within:
            return self._within(within, asked)
        if start or end:
            return self._between(start, end, asked)
        return None

    def _within(self, within: str, asked: Asked) -> Condition:
        found = LAST_DAYS.fullmatch(within)
        if not found:
            raise ValueError(self.name)
        days = int(found[1])
        text = f"{days} day{'' if days == 1 else 's'}"
        parts, values = [self.column + " >= {}", self.column + " <= {}"], [asked.now - timedelta(days=days), asked.now]
        return self._condition("in the last", text, {self.name: within}, parts, values)

    def _between(self, start: str, end: str, asked: Asked) -> Condition:
        first, last = (date.fromisoformat(text) if text else None for text in (start, end))
        if first and last and first > last:
            raise ValueError(self.name)
        parts, values = [], []
        if first:
            parts.append(self.column + " >= {}")
            values.append(start_of_day(first, asked.zone))
        if last:
            parts.append(self.column + " < {}")
            values.append(start_of_day(last + timedelta(days=1), asked.zone))
        operator = "between" if first and last else "since" if first else "until"
        text = " and ".join(day(each) for each in (first, last) if each)
        params = {f"{self.name}_from": start, f"{self.name}_to": end}
        return self._condition(operator, text, params, parts, values)

    def _condition(
        self, operator: str, text: str, params: dict[str, str], parts: list[str], values: list[datetime] | None = None
    ) -> Condition:
        kept = tuple((name, value) for name, value in params.items() if value)
        return Condition(self.name, self.label, operator, (text,), kept, " AND ".join(parts), tuple(values or ()))


@dataclass(frozen=True)
class Numbers:
    """Certain rows by their numbers: the ones that were ticked. `sql` compares the column with an array."""

    name: str
    label: str
    sql: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        wanted = [whole(value, LARGEST_NUMBER) for value in several(given, self.name)]
        if not wanted:
            return None
        texts = tuple(str(number) for number in wanted)
        params = tuple((self.name, text) for text in texts)
        return Condition(
            self.name, self.label, "is" if len(wanted) == 1 else "is any of", texts, params, self.sql, (wanted,)
        )


@dataclass(frozen=True)
class Search:
    """Typed text. `sql` gets a LIKE pattern in lower case; a whole number uses `number_sql`, whose `{}` are the number,
    the pattern and the number again."""

    name: str
    label: str
    sql: str
    number_sql: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        typed = single(given, self.name)
        if not typed:
            return None
        if len(typed) > LONGEST_TEXT:
            raise ValueError(self.name)
        pattern = contains(typed)
        sql = self.sql
        values: tuple[Any, ...] = (pattern,) * self.sql.count("{}")
        digits = typed.removeprefix("#")
        if self.number_sql and digits.isascii() and digits.isdecimal() and int(digits) <= LARGEST_NUMBER:
            sql, values = self.number_sql, (int(digits), pattern, int(digits))
        return Condition(self.name, self.label, SEARCHED, (typed,), ((self.name, typed),), sql, values)
