"""Chart geometry for SVG drawn on the server. Pure functions: facts in, attribute strings out.

Positions are percentages, so a chart stretches to any width without a style attribute and without JavaScript.
"""

from collections.abc import Sequence
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
