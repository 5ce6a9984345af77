"""Every figure of the page against a slow calculation over the raw lines."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dashboard.database import rows
from dashboard.revenue import forecast, overview, periods, upkeep
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
    own, seen = made.organization.id, set()
    for nr, (zone, asked) in enumerate(itertools.product(ZONES, PERIODS)):
        await rows("UPDATE organization SET time_zone = {} WHERE id = {}", zone, own)
        await upkeep.refresh(own)
        period, problem = periods.read(asked, TODAY, zone)
        assert problem == ""
        for turn, by in enumerate(DIMENSIONS, start=nr):
            currency = list(plain.DECIMALS)[turn % 4]
            seen.add((zone, period.first, currency))
            shown = await overview.read(made.organization, period, TODAY, currency, by, "/acme")
            compare(made, shown, period, currency, by, zone)
    assert len(seen) == len(ZONES) * len(PERIODS) * len(plain.DECIMALS)


def compare(made, shown, period, currency, by, zone):
    first, last = period.first, period.last
    span = (last - first).days + 1
    earlier = first - timedelta(days=span), first - timedelta(days=1)
    assert raw(shown.by_currency) == [
        [code, decimal(x["gross"], code), decimal(x["refunds"], code), decimal(x["disputes"], code),
         decimal(x["net"], code), decimal(x["fees"], code), x["charges"], x["orders"],
         f"{(x['net'] - was) / abs(was):.4f}"]
        for code in sorted(plain.DECIMALS) for x in [plain.sums(made, code, first, last, zone)]
        for was in [plain.sums(made, code, *earlier, zone)["net"]]
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

    known = [decimal_of(months[nr], currency) for nr in range(12)]
    coming = forecast.ahead(known)
    assert coming and [line[3:] for line in raw(shown.trend.table)][12:] == [
        [decimal(part, currency) for part in each] for each in coming
    ]
    assert raw(shown.trend.table)[12][1] == decimal(
        plain.sums(made, currency, TODAY.replace(day=1), TODAY, zone)["net"], currency
    )

    titles = shown.breakdown.table.header[1:-1]
    columns = [[line[nr] for line in raw(shown.breakdown.table)] for nr in range(1, len(titles) + 1)]
    by_value = {
        value: [plain.sums(made, currency, each.first, each.last, zone, **{by: value}) for each in buckets]
        for value in values
    }
    for title, column in zip(titles, columns, strict=True):
        ones = [[decimal(x["net"], currency) for x in found] for found in by_value.values()]
        assert title == "Other" or column in ones

    for line, each in zip(raw(shown.movements.table), buckets, strict=True):
        inside = {kind: sum(x[2] for x in moved if x[1] == kind and each.first <= x[0] <= each.last) for kind in KINDS}
        at_end = sum(x[2] for x in moved if x[0] <= each.last)
        assert line[1:] == [decimal(value, currency) for value in [*inside.values(), at_end]]

    spent = plain.spent(made, currency, first, last)
    earned = {("", str(nr)): plain.sums(made, currency, first, last, zone, campaign=str(nr)) for nr in (1, 2)}
    sources = {lead["source"] for lead in made.leads.values()} - {""}
    earned |= {(name, ""): plain.sums(made, currency, first, last, zone, source=name) for name in sources}
    expected = []
    for tied in {*spent, *(tied for tied, x in earned.items() if any(x.values()))}:
        (by_hand, machines), x = spent.get(tied, [0, 0]), earned.get(tied, dict.fromkeys(plain.KINDS, 0))
        cost = by_hand + machines
        came = plain.people(made, first, last, zone, tied[0])[0] if tied[0] else 0
        expected.append([
            decimal(by_hand, currency), decimal(machines, currency), came if came else "",
            *([x["orders"], decimal(x["net"], currency), f"{x['net'] / cost:.2f}" if cost else ""] if any(tied) else [""] * 3),
        ])  # fmt: skip
    assert sorted(map(str, (line[1:] for line in raw(shown.costs)))) == sorted(map(str, expected))


def decimal_of(text: str, currency: str) -> int:
    """Minor units of a decimal number in a file."""
    return round(Decimal(text) * 10 ** plain.DECIMALS[currency])


def digits(text: str) -> str:
    return "".join(letter for letter in text.replace("−", "-") if letter in "-0123456789.")
