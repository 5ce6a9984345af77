"""Columns whose values are numbers, amounts of money or times."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dashboard.formats import day, exponent, money, parse_money, start_of_day
from dashboard.lists.columns import EMPTY, MAY_BE_EMPTY, Column, Operator, Told, read_pair
from dashboard.lists.fields import Asked
from dashboard.lists.values import pair

LARGEST = 2**31 - 1
DAYS = re.compile(r"([1-9][0-9]{0,3})d?")
PLAIN = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")
CODE = re.compile(r"\s*([A-Za-z]{3})$")
COMPARED = {"": "=", "over": ">=", "under": "<="}


def _operators(control: str, nullable: bool) -> tuple[Operator, ...]:
    return (
        Operator("over", "is at least", control), Operator("under", "is at most", control),
        Operator("", "is exactly", control), Operator("between", "is between", control, pair=True),
        *MAY_BE_EMPTY[: 2 * nullable],
    )  # fmt: skip


@dataclass(frozen=True)
class NumberColumn(Column):
    """A number: a `whole` one, compared as it is stored, or any."""

    whole: bool = True
    nullable: bool = False

    @property
    def operators(self) -> tuple[Operator, ...]:
        return _operators("number", self.nullable)

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("IS NULL" if operator is EMPTY else "IS NOT NULL")
        cast = "{}::bigint" if self.whole else "{}::numeric"
        if operator.pair:
            ends = read_pair(value, self._number)
            sql, values, _, _ = self.compared(f"BETWEEN {cast} AND {cast}", *ends)
            return Told(sql, values, (" and ".join(f"{end:,}" for end in ends),))
        number = self._number(value)
        sql, values, _, _ = self.compared(f"{COMPARED[operator.key]} {cast}", number)
        return Told(sql, values, (f"{number:,}",))

    def _number(self, typed: str) -> int | Decimal:
        plain = typed.replace(",", "").replace("\u2212", "-")
        if not PLAIN.fullmatch(plain) or (self.whole and "." in plain):
            raise ValueError("Write a whole number, like 24." if self.whole else "Write a number, like 24 or 3.5.")
        if self.whole:
            return max(-LARGEST, min(LARGEST, int(plain)))
        try:
            return Decimal(plain)
        except InvalidOperation as problem:
            raise ValueError("Write a number, like 24 or 3.5.") from problem


@dataclass(frozen=True)
class AmountColumn(Column):
    """Minor units beside a `currency` column; none is 0. Amounts of other currencies are never compared: "1,000" is of
    the organization's currency, "1,000 USD" says its own."""

    currency: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return _operators("amount", nullable=True)

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("= 0" if operator is EMPTY else "<> 0")
        same = f"{self.currency} = {{}} AND "
        if operator.pair:
            first, last = (self._amount(end, asked) for end in pair(value))
            if first[1] != last[1] or first[0] > last[0]:
                raise ValueError("Write the smaller amount first, both in one currency.")
            texts = f"{money(*first)} and {money(*last)}"
            return Told(f"{same}{self.sql} BETWEEN {{}} AND {{}}", (first[1], first[0], last[0]), (texts,))
        minor, currency = self._amount(value, asked)
        return Told(f"{same}{self.sql} {COMPARED[operator.key]} {{}}", (currency, minor), (money(minor, currency),))

    def _amount(self, typed: str, asked: Asked) -> tuple[int, str]:
        code = CODE.search(typed)
        currency = code[1].upper() if code else asked.currency
        if exponent(currency) is None:
            raise ValueError("Write a currency by its three letters, like 1,000 USD.")
        minor = parse_money(CODE.sub("", typed), currency)
        if minor is None:
            raise ValueError("Write an amount, like 1,000 or 1,000 USD.")
        return minor, currency


@dataclass(frozen=True)
class DateColumn(Column):
    """A moment (`timestamptz`), a local day (`date`), or a day as text ("2026-11-24"). `indexed` is an expression of
    the same moments that an index has."""

    kind: Literal["moment", "day", "text"] = "moment"
    coming: bool = False  # whether it is also asked for in the future
    nullable: bool = True
    indexed: str = ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (
            Operator("last", "is in the last", "days"), Operator("older", "is longer ago than", "days"),
            *[Operator("next", "is in the next", "days")] * self.coming, Operator("before", "is before", "day"),
            Operator("after", "is on or after", "day"), Operator("", "is on", "day"),
            Operator("between", "is between", "day", pair=True), *MAY_BE_EMPTY[: 2 * self.nullable],
        )  # fmt: skip

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        if operator.control == "nothing":
            return self.compared("IS NULL" if operator is EMPTY else "IS NOT NULL")
        if operator.control == "days":
            return self._days(operator.key, value, asked)
        first, last = read_pair(value, _day) if operator.pair else (_day(value), _day(value))
        text = " and ".join(day(each) for each in ([first, last] if operator.pair else [first]))
        since = None if operator.key == "before" else self._start(first, asked)
        until = None if operator.key == "after" else first if operator.key == "before" else last + timedelta(days=1)
        return self._range(since, self._start(until, asked) if until else None, text)

    def _days(self, key: str, value: str, asked: Asked) -> Told:
        found = DAYS.fullmatch(value)
        if not found:
            raise ValueError("Write a number of days, like 30.")
        count = timedelta(days=int(found[1]))
        text = f"{found[1]} day{'' if found[1] == '1' else 's'}"
        now: Any = asked.now
        if self.kind != "moment":
            now = day_of(asked)
        if key == "older":
            return self._range(None, self._bound(now - count), text)
        after_now = now if self.kind == "moment" else now + timedelta(days=1)
        if key == "next":
            return self._range(self._bound(now), self._bound(after_now + count), text)
        return self._range(self._bound(now - count), self._bound(after_now), text, inclusive=self.kind == "moment")

    def _start(self, local: date, asked: Asked) -> Any:
        return self._bound(start_of_day(local, asked.zone) if self.kind == "moment" else local)

    def _bound(self, at: date | datetime) -> Any:
        return at.isoformat() if self.kind == "text" else at

    def _range(self, since: Any, until: Any, text: str, inclusive: bool = False) -> Told:
        parts: list[str] = []
        values: list[Any] = []
        expression = self.indexed or self.sql
        for bound, comparison in ((since, ">= {}"), (until, "<= {}" if inclusive else "< {}")):
            if bound is not None:
                parts.append(f"{expression} {comparison}")
                values += [*self.values, bound]
        if self.indexed:
            parts.append(f"{self.sql} IS NOT NULL")
        return Told(" AND ".join(parts), tuple(values), (text,))


@dataclass(frozen=True)
class SinceColumn(Column):
    """Something that has lasted for at least some days. The one `{}` of `sql` is the moment that many days ago."""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return (Operator("", "for at least", "days"),)

    def tell(self, operator: Operator, value: str, asked: Asked) -> Told:
        found = DAYS.fullmatch(value)
        if not found:
            raise ValueError("Write a number of days, like 14.")
        text = f"{found[1]} day{'' if found[1] == '1' else 's'}"
        return Told(self.sql, (asked.now - timedelta(days=int(found[1])),), (text,))


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise ValueError("Choose a day, like 2026-11-24.") from None


def day_of(asked: Asked) -> date:
    """Today where the organization is."""
    return asked.now.astimezone(ZoneInfo(asked.zone)).date()
