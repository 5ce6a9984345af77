"""Every figure of the page against a slow calculation over the raw lines."""

import itertools
from datetime import date, timedelta

import pytest

from dashboard.revenue import overview, periods
from dashboard.revenue.attribution import DIMENSIONS
from dashboard.revenue.recurring import KINDS
from tests.builders import a_member
from tests.revenue import plain, year
from tests.revenue.plain import decimal

TODAY = date(2026, 11, 21)
PERIODS = [{"period": "30d"}, {"period": "12m"}, {"from": "2026-03-01", "to": "2026-04-05"}]
ZONES = ["Europe/Oslo", "America/New_York"]
LINES = 50_000


@pytest.fixture
async def made(acme):
    agents = [await a_member(acme, f"agent{nr}@acme.example", f"Agent {nr}", "agent") for nr in (1, 2)]
    found = await year.make(acme, agents, LINES)
    plain.prepare(found, ZONES)
    return found


def raw(table) -> list[list[object]]:
    return [[cell.raw for cell in line] for line in table.lines]


@pytest.mark.slow
async def test_every_figure_equals_a_calculation_over_the_raw_lines(made):
    assert len(made.payments) >= LINES and {line["currency"] for line in made.payments} == set(plain.DECIMALS)
    turns = zip(
        itertools.product(ZONES, PERIODS), itertools.cycle(["EUR", "USD", "JPY", "KWD"]), itertools.cycle(DIMENSIONS),
        strict=False,
    )  # fmt: skip
    for (zone, asked), currency, by in turns:
        period, problem = periods.read(asked, TODAY, zone)
        assert problem == ""
        shown = await overview.read(made.organization, period, TODAY, currency, by, "/acme")
        compare(made, shown, period, currency, by, zone)


def compare(made, shown, period, currency, by, zone):
    first, last = period.first, period.last
    span = (last - first).days + 1
    earlier = first - timedelta(days=span), first - timedelta(days=1)
    assert raw(shown.by_currency) == [
        [code, decimal(x["gross"], code), decimal(x["refunds"], code), decimal(x["disputes"], code),
         decimal(x["net"], code), decimal(x["fees"], code), x["charges"], x["orders"]]
        for code in sorted(plain.DECIMALS) for x in [plain.sums(made, code, first, last, zone)]
    ]  # fmt: skip
    now = plain.sums(made, currency, first, last, zone)
    before = plain.sums(made, currency, *earlier, zone)
    net, recurring, average, conversion = shown.figures
    assert digits(net.value) == digits(decimal(now["net"], currency))
    assert net.change.text.strip("+%−") == f"{100 * abs(now['net'] - before['net']) / abs(before['net']):,.1f}"
    rounded = int(now["sold"] / now["orders"] + 0.5)
    assert digits(average.value) == digits(decimal(rounded, currency))

    moved = plain.movements(made, currency, zone)
    assert digits(recurring.value) == digits(decimal(sum(x[2] for x in moved if x[0] <= last), currency))
    for kind in KINDS:
        inside = [x[2] for x in moved if x[1] == kind and first <= x[0] <= last]
        assert (shown.recurring.moved[kind].change, shown.recurring.moved[kind].count) == (sum(inside), len(inside))

    people = plain.people(made, first, last, zone)
    assert [number for _, number, *_ in shown.funnel_rows] == people
    assert conversion.value == f"{100 * people[2] / people[0]:.1f}%"
    for source, *numbers, rate in raw(shown.by_source):
        known = plain.people(made, first, last, zone, "" if source == "Source not known" else source)
        assert [*numbers, rate] == [*known[:3], f"{known[2] / known[0]:.4f}"]

    values = {line["credited"][by] for line in made.payments}
    parts = {}
    for value in values:
        x = plain.sums(made, currency, first, last, zone, **{by: value})
        if x["charges"] or x["net"] or x["refunds"] or x["disputes"]:
            parts[x["net"], x["gross"], x["orders"]] = x
    assert sorted(line[1:6] for line in raw(shown.parts) if line[1:5] != [decimal(0, currency)] * 4) == sorted(
        [decimal(x["gross"], currency), decimal(x["refunds"], currency), decimal(x["disputes"], currency),
         decimal(x["net"], currency), x["orders"]] for x in parts.values()
    )  # fmt: skip
    totals = [line[-1] for line in raw(shown.breakdown.table)]
    buckets = period.buckets()
    assert buckets[0].first == first and buckets[-1].last == last
    assert totals == [
        decimal(plain.sums(made, currency, each.first, each.last, zone)["net"], currency) for each in buckets
    ]
    months = [line[1] for line in raw(shown.trend.table)][:12]
    firsts = [date(2025, 11, 1)] + [date(2025, 12, 1)] + [date(2026, month, 1) for month in range(1, 11)]
    ends = [*(each - timedelta(days=1) for each in firsts[1:]), date(2026, 10, 31)]
    assert months == [
        decimal(plain.sums(made, currency, start, end, zone)["net"], currency)
        for start, end in zip(firsts, ends, strict=True)
    ]


def digits(text: str) -> str:
    return "".join(letter for letter in text.replace("−", "-") if letter in "-0123456789.")
