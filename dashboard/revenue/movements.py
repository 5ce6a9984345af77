"""What moved the recurring revenue of a period: its figure, its strip and its chart."""

from typing import Any

from dashboard import charts, formats
from dashboard.revenue import recurring
from dashboard.revenue.periods import Period
from dashboard.revenue.recurring import KINDS, Recurring
from dashboard.revenue.shown import Chart, Figure, Legend, Table, amount, change, rows_href, said, text


def figure(days: list[dict[str, Any]], period: Period, currency: str, moved: Recurring, base: str) -> Figure:
    """What stands at the end of the period, compared with its start."""
    points = [recurring.at(days, currency, bucket.last) for bucket in period.buckets()]
    return Figure(
        f"Recurring revenue, {currency}", formats.money(moved.at_end, currency),
        rows_href(base, "standing", period.last, period.last, currency=currency),
        change(moved.at_end, moved.at_start, "a month, since the start"), charts.spark(points),
    )  # fmt: skip


def strip(moved: Recurring, period: Period, currency: str, base: str) -> list[tuple[str, str, str, int]]:
    """(name, amount, address of the rows, subscriptions) of each kind of movement."""
    return [
        (name, formats.money(moved.moved[kind].change, currency),
         rows_href(base, "movements", period.first, period.last, currency=currency, kind=kind), moved.moved[kind].count)
        for kind, name in KINDS.items()
    ]  # fmt: skip


def chart(days: list[dict[str, Any]], period: Period, currency: str, base: str) -> Chart:
    """What came above the line, what went below it, in each day, week or month."""
    buckets = period.buckets()
    found = [recurring.within(days, currency, bucket.first, bucket.last) for bucket in buckets]
    series = [[each.moved[kind].change for each in found] for kind in KINDS]
    highs = [sum(max(0, values[nr]) for values in series) for nr in range(len(buckets))]
    lows = [sum(min(0, values[nr]) for values in series) for nr in range(len(buckets))]
    scale = charts.axis(highs + lows, lambda tick: formats.money_short(round(tick), currency))
    told, body = [], []
    for bucket, each in zip(buckets, found, strict=True):
        parts = [(name, each.moved[kind].change) for kind, name in KINDS.items()]
        told.append(said([
            *((name, formats.money(value, currency)) for name, value in parts if value),
            ("Recurring at the end", formats.money(each.at_end, currency)),
        ]))  # fmt: skip
        cells = [
            amount(each.moved[kind].change, currency,
                   rows_href(base, "movements", bucket.first, bucket.last, currency=currency, kind=kind))
            for kind in KINDS
        ]  # fmt: skip
        standing = rows_href(base, "standing", bucket.last, bucket.last, currency=currency)
        body.append([text(bucket.name), *cells, amount(each.at_end, currency, standing)])
    whole = recurring.within(days, currency, period.first, period.last)
    return Chart(
        "movements",
        f"Stacked bars: recurring revenue went from {formats.money(whole.at_start, currency)} to "
        f"{formats.money(whole.at_end, currency)} a month, {period.dates}. Arrow keys read each {period.unit()}.",
        scale, Table([period.unit().capitalize(), *KINDS.values(), "Recurring at the end"], body),
        bars=charts.stacks(series, scale), hits=charts.slot_hits([bucket.name for bucket in buckets], told),
        labels=charts.slot_labels([bucket.short for bucket in buckets], most=6),
        legend=[Legend(f"s{nr + 1}", name) for nr, name in enumerate(KINDS.values())], height=180,
    )  # fmt: skip
