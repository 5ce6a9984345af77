"""Chart geometry for SVG drawn on the server. Pure functions: facts in, attribute strings out.

Positions are percentages, so a chart stretches to any width without a style attribute and without JavaScript.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

RUNS_SHOWN = 20


class Bar(NamedTuple):
    """One <rect>: percentages for its place, and the class that colours it ("" is the normal colour)."""

    x: str
    y: str
    width: str
    height: str
    look: str


# Outcome -> class and height in percent: late and failed are taller than a good run, so it reads without colour.
_RUN_LOOKS = {"ok": ("", 60), "late": ("l", 100), "failed": ("f", 100), "running": ("n", 60), "never": ("n", 30)}


def runs(outcomes: Sequence[str], shown: int = RUNS_SHOWN) -> list[Bar]:
    """Job history, oldest first: always `shown` bars, filled up at the left with "never".

    An outcome is ok, late, failed, running or never; another word raises KeyError.
    """
    latest = list(outcomes)[-shown:]
    slot = 100 / shown
    bars = []
    for place, outcome in enumerate(["never"] * (shown - len(latest)) + latest):
        look, height = _RUN_LOOKS[outcome]
        bars.append(Bar(_share(place * slot), _share(100 - height), _share(slot * 0.7), _share(height), look))
    return bars


def runs_summary(outcomes: Sequence[str], shown: int = RUNS_SHOWN) -> str:
    """What the bars say, for people who do not see them: "Last 20 runs: 1 failed, 2 late"."""
    latest = [outcome for outcome in outcomes if outcome not in ("never", "running")][-shown:]
    if not latest:
        return "No runs yet"
    counted = [f"{latest.count(outcome)} {outcome}" for outcome in ("failed", "late") if outcome in latest]
    if len(latest) == 1:
        return f"Last run: {counted[0][2:] if counted else 'on time'}"
    return f"Last {len(latest)} runs: {', '.join(counted) or 'all on time'}"


def columns(*series: Sequence[int]) -> list[Bar]:
    """Columns side by side in groups, one group for each place; heights are shares of the largest value of all. The
    look of a bar is s1 for the first series, s2 for the second …"""
    top = max((value for values in series for value in values), default=0) or 1
    slot = 100 / max(1, max(map(len, series)))
    width = slot * 0.8 / len(series)
    return [
        Bar(
            _share(place * slot + slot * 0.1 + nr * width), _share(100 - 100 * value / top), _share(width * 0.9),
            _share(100 * value / top), f"s{nr + 1}",
        )
        for nr, values in enumerate(series) for place, value in enumerate(values)
    ]  # fmt: skip


def _share(value: float) -> str:
    return f"{value:.2f}%"


# ── revenue: lines, stacked bars, sparks. Positions as above; a curve is drawn in a viewBox of 1000 × 100 ──

NICE_STEPS = (1, 2, 2.5, 5, 10)
TICKS = 4


class Hit(NamedTuple):
    """An invisible column that carries what a tip says: "name=value|name=value"."""

    x: str
    width: str
    title: str
    values: str


class Label(NamedTuple):
    x: str
    text: str
    anchor: str


class Axis(NamedTuple):
    """`ticks` from the lowest to the highest: (place, text, whether it is zero)."""

    low: float
    high: float
    ticks: list[tuple[str, str, bool]]

    def y(self, value: float) -> float:
        """How far from the top, in percent."""
        return 100 - 100 * (value - self.low) / (self.high - self.low)


class Curve(NamedTuple):
    """`look` is the class that colours it; `path` is empty where there is nothing to draw."""

    path: str
    look: str


def axis(values: Sequence[float], label: Callable[[float], str]) -> Axis:
    """Round ticks that hold all values and zero."""
    low, high = min([0, *values]), max([0, *values])
    step = _step((high - low) / TICKS or 1)
    first, last = math.floor(low / step), max(math.ceil(high / step), 1)
    ticks = [step * place for place in range(first, last + 1)]
    made = Axis(ticks[0], ticks[-1], [])
    return made._replace(ticks=[(_share(made.y(tick)), label(tick), tick == 0) for tick in ticks])


def _step(least: float) -> float:
    size = 10 ** math.floor(math.log10(least))
    step = next(size * factor for factor in NICE_STEPS if size * factor >= least * 0.999999)
    return max(1, math.ceil(step)) if least < 10 else step


def curve(values: Sequence[float | None], scale: Axis, look: str) -> Curve:
    """A line through the values, from the left edge to the right; None leaves a gap."""
    steps = max(1, len(values) - 1)
    runs_of: list[list[tuple[float, float]]] = [[]]
    for nr, value in enumerate(values):
        if value is None:
            runs_of.append([])
        else:
            runs_of[-1].append((1000 * nr / steps, scale.y(value)))
    return Curve("".join(map(_path, runs_of)), look)


def band(low: Sequence[float | None], high: Sequence[float | None], scale: Axis) -> str:
    """The area between two lines."""
    steps = max(1, len(high) - 1)
    upper = [(1000 * nr / steps, scale.y(value)) for nr, value in enumerate(high) if value is not None]
    lower = [(1000 * nr / steps, scale.y(value)) for nr, value in enumerate(low) if value is not None]
    return f"{_path(upper + lower[::-1])}Z" if upper else ""


def point_labels(texts: Sequence[str], most: int = 8) -> list[Label]:
    """Names under the points of a line, not more than there is room for."""
    every, last = max(1, math.ceil(len(texts) / most)), len(texts) - 1
    return [
        Label(_share(100 * nr / max(1, last)), text, "start" if nr == 0 else "end" if nr == last else "middle")
        for nr, text in enumerate(texts) if nr % every == 0
    ]  # fmt: skip


def point_hits(titles: Sequence[str], values: Sequence[str]) -> list[Hit]:
    """A column around each point of a line."""
    steps = max(1, len(titles) - 1)
    width = 100 / steps
    return [
        Hit(_share(max(0, nr * width - width / 2)), _share(width), title, said)
        for nr, (title, said) in enumerate(zip(titles, values, strict=True))
    ]


def stacks(series: Sequence[Sequence[int]], scale: Axis) -> list[Bar]:
    """Bars on top of each other; what is below zero hangs under the line. Looks are s1, s2 …"""
    slot = 100 / max(1, max(map(len, series), default=1))
    bars = []
    for place in range(max(map(len, series), default=0)):
        above = below = 0
        for nr, values in enumerate(series):
            value = values[place]
            if value == 0:
                continue
            start = above if value > 0 else below
            top, bottom = scale.y(max(start, start + value)), scale.y(min(start, start + value))
            above, below = (above + value, below) if value > 0 else (above, below + value)
            bars.append(
                Bar(
                    _share(place * slot + slot * 0.18), _share(top), _share(slot * 0.64),
                    _share(max(bottom - top - 0.5, 0.2)), f"s{nr + 1}",
                )
            )  # fmt: skip
    return bars


def slot_labels(texts: Sequence[str], most: int = 7) -> list[Label]:
    """Names under the bars, not more than there is room for."""
    slot, every = 100 / max(1, len(texts)), max(1, math.ceil(len(texts) / most))
    return [Label(_share(nr * slot + slot / 2), text, "middle") for nr, text in enumerate(texts) if nr % every == 0]


def slot_hits(titles: Sequence[str], values: Sequence[str]) -> list[Hit]:
    """A column behind each bar."""
    slot = 100 / max(1, len(titles))
    return [
        Hit(_share(nr * slot), _share(slot), title, said)
        for nr, (title, said) in enumerate(zip(titles, values, strict=True))
    ]


def spark(values: Sequence[float]) -> tuple[str, str]:
    """A small line without axes and the area under it, both for the viewBox; empty with fewer than two values."""
    if len(values) < 2:
        return "", ""
    low, high = min(values), max(values)
    room = (high - low) or 1
    points = [(1000 * nr / (len(values) - 1), 94 - 88 * (value - low) / room) for nr, value in enumerate(values)]
    return _path(points), f"{_path([*points, (1000, 100), (0, 100)])}Z"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.2f}" for x, y in points) if points else ""
