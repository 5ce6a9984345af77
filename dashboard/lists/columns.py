"""Columns that can be filtered with an operator: `score.over=50` in the address, "Score, at least, 50" in the dialog.

Each kind knows its operators and reads one value with one of them. ValueError means: not understood; its text is the
sentence for the person who typed it. `sql` is an expression of ours, `values` stand for its `{}`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboard.lists.fields import NONE, Asked, Choice, Condition
from dashboard.lists.values import any_of, pair, parted, whole

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Operator:
    """`key` follows the column's name in the address, empty for the usual one. `control` is what a form asks the value
    with: text, several, number, amount, day, days, picks, yes_no or nothing; twice when it is a `pair`."""

    key: str
    words: str
    control: str
    pair: bool = False


class Told(NamedTuple):
    """What an operator made of a value: SQL, its values, the value in words, rows whose names the page looks up."""

    sql: str
    values: tuple[Any, ...] = ()
    texts: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Column:
    """What all kinds have. `section` is the heading it stands under in the dialog."""

    name: str
    label: str
    sql: str
    values: tuple[Any, ...] = ()
    section: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        raise NotImplementedError

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        raise NotImplementedError

    def operator(self, key: str) -> Operator:
        """The operator with this key; ValueError for one the column does not have."""
        found = next((each for each in self.operators if each.key == key), None)
        if found is None:
            raise ValueError("Choose how to compare.")
        return found

    def condition(self, key: str, value: str, asked: Asked) -> Condition:
        """One filter of this column, in parentheses so that it may stand anywhere."""
        operator = self.operator(key)
        told = self.tell(operator, value, asked)
        several = len(told.texts) + len(told.ids) > 1
        words = {"is": "is any of", "is not": "is none of"}.get(operator.words, operator.words)
        return Condition(
            self.name, self.label, words if several and operator.control in ("several", "picks") else operator.words,
            told.texts, ((f"{self.name}.{key}" if key else self.name, value),), f"({told.sql})", told.values, told.ids,
        )  # fmt: skip

    def compared(self, comparison: str, *operands: Any) -> Told:
        """The expression and what follows it."""
        return Told(f"{self.sql} {comparison}", (*self.values, *operands))


EMPTY, FILLED = Operator("empty", "is empty", "nothing"), Operator("filled", "is not empty", "nothing")
MAY_BE_EMPTY = (EMPTY, FILLED)


@dataclass(frozen=True)
class TextColumn(Column):
    """Text that is never null, compared without regard to accents and case. `near` is an indexed text that contains
    it, to find candidates by."""

    near: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (
            Operator("contains", "contains", "text"), Operator("", "is", "several"),
            Operator("not", "is not", "several"), Operator("lacks", "does not contain", "text"),
            Operator("starts", "begins with", "text"), *MAY_BE_EMPTY,
        )  # fmt: skip

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("= ''" if operator is EMPTY else "<> ''")
        folded = f"public.fold({self.sql})"
        if operator.control == "several":
            texts = parted(value)
            one_of = f"{folded} IN ({', '.join(['public.fold({})'] * len(texts))})"
            if operator.key == "not":
                return Told(f"NOT {one_of}", (*self.values, *texts), tuple(texts))
            return self._among(["{} LIKE public.containing({{}})"] * len(texts), texts, one_of, (*self.values, *texts))
        if operator.key == "starts":
            found = ["{} LIKE public.beginning({{}})", "{} LIKE '% ' || public.beginning({{}})"]
            like = f"{folded} LIKE public.beginning({{}})"
            return self._among(found, [value, value], like, (*self.values, value))
        if operator.key == "lacks":
            return Told(f"{folded} NOT LIKE public.containing({{}})", (*self.values, value), (value,))
        like = f"{folded} LIKE public.containing({{}})"
        return self._among(["{} LIKE public.containing({{}})"], [value], like, (*self.values, value))

    def _among(self, found: list[str], texts: list[str], sql: str, values: tuple[Any, ...]) -> Told:
        """The condition, behind one that an index can answer: the candidates."""
        said = tuple(dict.fromkeys(texts))
        if not self.near:
            return Told(sql, values, said)
        candidates = any_of([each.format(self.near) for each in found])
        return Told(f"{candidates} AND {sql}", (*texts, *values), said)


@dataclass(frozen=True)
class PickColumn(Column):
    """One of a fixed set. `one_of` compares with an array when `sql` alone cannot."""

    choices: tuple[Choice, ...] = ()
    nullable: bool = False

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (Operator("", "is", "picks"), Operator("not", "is not", "picks"), *MAY_BE_EMPTY[: 2 * self.nullable])

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("IS NULL" if operator is EMPTY else "IS NOT NULL")
        wanted = parted(value)
        known = {choice.value: choice.label for choice in self.choices}
        if not set(wanted) <= set(known):
            raise ValueError("Choose from the list.")
        sql = self.sql + " = ANY({})"
        sql = f"NOT coalesce({sql}, FALSE)" if operator.key == "not" else sql
        return Told(sql, (*self.values, wanted), tuple(known[each] for each in wanted))


@dataclass(frozen=True)
class PeopleColumn(Column):
    """Members of the team; "me" follows whoever looks, "none" is nobody."""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return Operator("", "is", "picks"), Operator("not", "is not", "picks"), *MAY_BE_EMPTY

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("IS NULL" if operator is EMPTY else "IS NOT NULL")
        wanted = parted(value)
        ids = [asked.me if each == "me" else whole(each, LARGEST_ID) for each in wanted if each != NONE]
        parts = [self.sql + " = ANY({})"] * bool(ids) + [self.sql + " IS NULL"] * (NONE in wanted)
        sql = f"NOT coalesce({any_of(parts)}, FALSE)" if operator.key == "not" else any_of(parts)
        return Told(sql, (ids,) if ids else (), ("Nobody",) * (NONE in wanted), tuple(ids))


@dataclass(frozen=True)
class LinkColumn(Column):
    """Rows of another table it is linked with, by id: `sql` holds when it is linked with any of an array of ids,
    `each_of` when with all of them, `nothing` when with none at all."""

    each_of: str = ""
    nothing: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (
            Operator("", "is", "picks"), *[Operator("all", "has all of", "picks")] * bool(self.each_of),
            Operator("not", "is not", "picks"), *MAY_BE_EMPTY[: 2 * bool(self.nothing)],
        )  # fmt: skip

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return Told(self.nothing if operator is EMPTY else f"NOT ({self.nothing})")
        ids = [whole(each, LARGEST_ID) for each in parted(value)]
        sql = self.each_of if operator.key == "all" else self.sql
        return Told(f"NOT ({sql})" if operator.key == "not" else sql, (*self.values, ids), (), tuple(ids))


@dataclass(frozen=True)
class YesNoColumn(Column):
    """A question. `sql` holds when the answer is yes."""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (Operator("", "is", "yes_no"),)

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if value not in ("yes", "no"):
            raise ValueError("Choose yes or no.")
        return Told(self.sql if value == "yes" else f"NOT coalesce({self.sql}, FALSE)", self.values, (value,))


def read_pair(value: str, read: Callable[[str], Any]) -> tuple[Any, Any]:
    """Both ends of `from..to`, the smaller one first."""
    first, last = (read(end) for end in pair(value))
    if first > last:
        raise ValueError("The first must not be after the second.")
    return first, last
