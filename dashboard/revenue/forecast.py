"""What the next months may bring, and how far off that has been: a pure function of whole months."""

import math
from collections.abc import Sequence
from typing import NamedTuple

LEAST, MOST, AHEAD, ENOUGH = 6, 12, 3, 3
STATED = (
    "A straight line through the last twelve whole months (at least six), continued. The range holds four months of "
    "five: it is as wide as earlier months lay off the line, and as the same forecast was wrong in the past."
)
# Student's t: nine of ten values lie below, by degrees of freedom 1 to 10.
T90 = (3.078, 1.886, 1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)


class Ahead(NamedTuple):
    """One coming month, in minor units: the expected value and the 80 % range."""

    expected: int
    low: int
    high: int


def ahead(months: Sequence[int], count: int = AHEAD) -> list[Ahead]:
    """The months that follow these whole ones, oldest first; nothing while there are fewer than LEAST."""
    if len(months) < LEAST:
        return []
    found, reach = [], 0.0
    for step in range(1, count + 1):
        expected, off = _line(months[-MOST:], step)
        reach = max(reach, off, _missed(months, step))  # what is further away is never surer
        found.append(Ahead(round(expected), math.floor(expected - reach), math.ceil(expected + reach)))
    return found


def _line(months: Sequence[int], step: int) -> tuple[float, float]:
    """Least squares: the value so many months on, and half the width of its 80 % range."""
    count = len(months)
    middle, mean = (count - 1) / 2, sum(months) / count
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(months)) / spread
    off = sum((y - mean - slope * (x - middle)) ** 2 for x, y in enumerate(months))
    far = count - 1 + step - middle
    error = math.sqrt(off / (count - 2)) * math.sqrt(1 + 1 / count + far**2 / spread)
    return mean + slope * far, T90[count - 3] * error


def _missed(months: Sequence[int], step: int) -> float:
    """How far the same forecast was off in earlier months, all but the worst of seven; 0 while too few can tell."""
    misses = sorted(
        abs(months[at + step - 1] - _line(months[max(0, at - MOST) : at], step)[0])
        for at in range(LEAST, len(months) - step + 1)
    )
    return misses[min(len(misses), math.ceil(0.85 * (len(misses) + 1))) - 1] if len(misses) >= ENOUGH else 0
