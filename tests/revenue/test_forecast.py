"""The forecast against months it has not seen."""

import math
import random

import pytest

from dashboard.revenue.forecast import LEAST, ahead

MONTHS, COMPANIES = 24, 100
KINDS = {
    "steady": lambda chance, start, nr, last: start * chance.gauss(1, 0.2),
    "a straight line": lambda chance, start, nr, last: start * (1 + 0.02 * nr) * chance.gauss(1, 0.08),
    "growth by the month": lambda chance, start, nr, last: start * 1.04**nr * chance.gauss(1, 0.1),
    "a walk": lambda chance, start, nr, last: (last or start) * chance.gauss(1.01, 0.06),
    "seasons": lambda chance, start, nr, last: (
        start * (1 + 0.01 * nr) * (1 + 0.15 * math.sin(nr * math.pi / 6)) * chance.gauss(1, 0.05)
    ),
}


def company(kind: str, seed: int) -> list[int]:
    """24 synthetic months in minor units."""
    chance = random.Random(f"{kind}{seed}")
    start, months = chance.randint(20_000, 5_000_000), []
    for nr in range(MONTHS):
        months.append(int(KINDS[kind](chance, start, nr, months[-1] if months else None)))
    return months


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 2, 3])
def test_the_stated_range_holds_at_least_seven_of_ten_months_that_were_held_out(kind, step):
    held = hit = 0
    for seed in range(COMPANIES):
        months = company(kind, seed)
        for known in range(12, MONTHS - step + 1):
            said = ahead(months[:known], step)[step - 1]
            held += 1
            hit += said.low <= months[known + step - 1] <= said.high
    assert hit / held >= 0.7
    assert hit / held < 0.95, "A range that holds nearly everything says nothing."


def test_a_line_without_any_noise_goes_on():
    said = ahead([1000 + 100 * nr for nr in range(12)])
    assert [each.expected for each in said] == [2200, 2300, 2400]
    assert all(each.high - each.low <= 2 for each in said)


def test_what_is_further_away_is_never_surer():
    widths = [[each.high - each.low for each in ahead(company("steady", seed)[:18])] for seed in range(20)]
    assert all(near <= mid + 2 and mid <= far + 2 for near, mid, far in widths)  # both ends are rounded
    assert any(near < far - 2 for near, _, far in widths)


def test_too_short_a_history_makes_no_forecast():
    assert ahead([100] * (LEAST - 1)) == [] and len(ahead([100] * LEAST)) == 3
