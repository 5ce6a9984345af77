"""What lines of the journal come to, and a sheet of such sums by place, dimension, currency and value."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

ALL = ""  # not divided


@dataclass
class Sums:
    """Minor units of one currency, and numbers of lines. `sold` is what the first charges of orders came to."""

    gross: int = 0
    refunds: int = 0
    disputes: int = 0
    fees: int = 0
    sold: int = 0
    charges: int = 0
    orders: int = 0
    refunded: int = 0
    disputed: int = 0
    with_fee: int = 0

    @property
    def net(self) -> int:
        """Charges less refunds and disputes; before fees, because those may be in another currency."""
        return self.gross - self.refunds - self.disputes

    @property
    def average(self) -> int | None:
        """What an order brought at first, rounded half up; None without orders."""
        return (2 * self.sold + self.orders) // (2 * self.orders) if self.orders else None

    def add(self, line: dict[str, Any]) -> None:
        """Count a row with these sums in."""
        for each in NAMES:
            setattr(self, each, getattr(self, each) + line[each])


NAMES = [each.name for each in fields(Sums)]
COLUMN_NAMES = ", ".join(NAMES)


class Sheet:
    """What `daily.read` found: sums by cut, place, dimension, currency and value."""

    def __init__(self, lines: Iterable[dict[str, Any]], stale: list[date]) -> None:
        self.stale = stale
        self._lines: dict[tuple[str, int, int], list[dict[str, Any]]] = defaultdict(list)
        for line in lines:
            self._lines[line["dimension"], line["cut"], line["place"]].append(line)

    def sums(self, cut: int, first: int, last: int | None = None, dimension: str = ALL) -> dict[tuple[str, str], Sums]:
        """By (currency, value), of one place or of those from first to last."""
        found: dict[tuple[str, str], Sums] = defaultdict(Sums)
        for place in range(first, (first if last is None else last) + 1):
            for line in self._lines.get((dimension, cut, place), ()):
                found[line["currency"], line["value"]].add(line)
        return dict(found)

    def of(self, currency: str, cut: int, place: int) -> Sums:
        """All lines of one currency in one place."""
        return self.sums(cut, place).get((currency, ""), Sums())

    def begun(self, currency: str) -> date | None:
        """The first day with a line in the currency."""
        days = [line["begun"] for lines in self._lines.values() for line in lines if line["currency"] == currency]
        return min(days, default=None)

    @property
    def currencies(self) -> set[str]:
        """Those with a line anywhere in the sheet."""
        return {line["currency"] for lines in self._lines.values() for line in lines}
