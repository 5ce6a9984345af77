"""What the page, its tables and its files are made of: cells that know their rows, figures, charts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode

from dashboard import charts, formats
from dashboard.lists import spreadsheet


class Cell(NamedTuple):
    """`text` for people, `raw` for the file, `href` its rows; `small` says more of a name, `tone` whether a value is
    good, `full` how much of a bar it fills, in percent."""

    text: str
    raw: object
    href: str = ""
    small: str = ""
    tone: str = ""
    full: float | None = None


def text(words: str, href: str = "", small: str = "") -> Cell:
    """Words, the same in the file."""
    return Cell(words, words, href, small)


def amount(minor: int, currency: str, href: str = "") -> Cell:
    """Money; in the file a plain decimal number, or minor units of a currency we do not know."""
    return Cell(formats.money(minor, currency), spreadsheet.amount(minor, currency), href)


def count(number: int, href: str = "") -> Cell:
    """A number of things."""
    return Cell(formats.num(number), number, href)


def share(ratio: float | None, largest: float | None = None) -> Cell:
    """A part of a whole; beside `largest` as a bar too."""
    full = round(100 * (ratio or 0) / largest, 1) if largest else None
    return Cell(formats.percent(ratio), "" if ratio is None else f"{ratio:.4f}", full=full)


@dataclass
class Table:
    """What a chart shows, in words; also its file."""

    header: list[str]
    lines: list[list[Cell]]


class Change(NamedTuple):
    """How a figure differs from its comparison: "+12.4%", whether that is good, and with what it was compared."""

    text: str
    tone: str
    compared: str


@dataclass
class Figure:
    """One card of the page's head."""

    label: str
    value: str
    href: str
    change: Change
    spark: tuple[str, str]


class Legend(NamedTuple):
    look: str
    name: str
    dashed: bool = False
    line: bool = False


@dataclass
class Chart:
    """A drawing with its message, its values and its table. `name` is its id and the name of its file."""

    name: str
    message: str
    axis: charts.Axis
    table: Table
    curves: list[charts.Curve] = field(default_factory=list)
    dashed: list[charts.Curve] = field(default_factory=list)
    bars: list[charts.Bar] = field(default_factory=list)
    hits: list[charts.Hit] = field(default_factory=list)
    labels: list[charts.Label] = field(default_factory=list)
    legend: list[Legend] = field(default_factory=list)
    band: str = ""
    now: str = ""  # where what is known ends, and at which height
    end: str = ""
    height: int = 220


def said(pairs: Sequence[tuple[str, str]]) -> str:
    """The values of one place, as charts.js reads them."""
    return "|".join(f"{name.replace('|', ' ').replace('=', ' ')}={value}" for name, value in pairs)


def change(now: int | float | None, before: int | float | None, compared: str, *, points: bool = False) -> Change:
    """From before to now; `points` compares shares in percentage points."""
    if now is None or before is None or (not before and not points):
        return Change("", "neutral", "nothing before to compare with")
    moved = now - before
    tone = "neutral" if not moved else "positive" if moved > 0 else "danger"
    sign = "+" if moved > 0 else ""
    ratio = formats.percent(moved / abs(before)) if not points else f"{100 * moved:.1f} pts".replace("-", formats.MINUS)
    return Change(f"{sign}{ratio}", tone, compared)


def changed(now: int, before: int) -> Cell:
    """How much an amount differs from the one before, in the same currency; empty where there was none."""
    moved = change(now, before, "")
    return Cell(moved.text, f"{(now - before) / abs(before):.4f}" if before else "", tone=moved.tone)


def rows_href(base: str, of: str, first: date, last: date, **chosen: str) -> str:
    """The address of the rows behind a figure: `of` is payments, movements, people or costs."""
    asked = {"of": of, "from": first.isoformat(), "to": last.isoformat()}
    return f"{base}/revenue/rows?{urlencode(asked | chosen)}"
