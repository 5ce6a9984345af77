"""Net revenue of a period divided by plan, tier, source, campaign or agent: over time, and in all."""

from collections import Counter
from urllib.parse import urlencode

from dashboard import charts, formats
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue.attribution import DIMENSIONS
from dashboard.revenue.periods import Period
from dashboard.revenue.shown import Chart, Legend, Table, amount, count, rows_href, said, text
from dashboard.revenue.sums import Sheet, Sums

SERIES = 4  # more are drawn as "Other"
OTHER = "Other"
NAMES = {
    "plan": "SELECT id::text AS value, name FROM plan WHERE organization = {}",
    "campaign": "SELECT id::text AS value, name FROM campaign WHERE organization = {}",
    "agent": "SELECT u.id::text AS value, coalesce(nullif(u.name, ''), u.email) AS name FROM app_user u "
    "JOIN orders o ON o.assignee = u.id WHERE o.organization = {} GROUP BY u.id",
}


async def names(organization: Organization, dimension: str) -> dict[str, str]:
    """The name of each value of a dimension; a value that is not here is its own name."""
    found = await rows(NAMES[dimension], organization.id) if dimension in NAMES else []
    return {each["value"]: each["name"] for each in found} | {"": DIMENSIONS[dimension][1]}


def named(known: dict[str, str], value: str) -> str:
    """What a value is called: by `known`, else by itself with a capital."""
    return known.get(value) or value[:1].upper() + value[1:]


def table(
    sums: dict[str, Sums], before: dict[str, Sums], known: dict[str, str], period: Period, currency: str, by: str,
    base: str,
) -> Table:  # fmt: skip
    """One line for each value, the largest net first; every amount opens its rows."""
    lines = []
    for value in sorted(sums.keys(), key=lambda each: (-sums[each].net, each)):
        each, earlier = sums[value], before.get(value, Sums())

        def href(kind: str = "", *, value: str = value, days: Period = period) -> str:
            chosen = {"currency": currency, "by": by, "value": value} | ({"kind": kind} if kind else {})
            return rows_href(base, "payments", days.first, days.last, **chosen)

        lines.append([
            text(named(known, value)), amount(each.gross, currency, href("charge")),
            amount(each.refunds, currency, href("refund")), amount(each.disputes, currency, href("dispute")),
            amount(each.net, currency, href()), count(each.orders, href("first")),
            amount(earlier.net, currency, href(days=period.before())),
        ])  # fmt: skip
    head = DIMENSIONS[by][0]
    return Table([head, "Gross", "Refunds", "Disputes", "Net", "Orders", "Net, previous period"], lines)


def chart(sheet: Sheet, known: dict[str, str], period: Period, currency: str, by: str, base: str) -> Chart:
    """Stacked bars over the period's days, weeks or months: the four largest values and the rest. `sheet` is of the one
    currency, cut as `periods.cut` says."""
    buckets = period.buckets()
    parts = [sheet.sums(0, nr, dimension=by) for nr in range(1, len(buckets) + 1)]
    sizes: Counter[str] = Counter()
    for part in parts:
        for (_, value), sums in part.items():
            sizes[value] += sums.gross
    ranked = [value for value, _ in sorted(sizes.items(), key=lambda each: (-each[1], each[0]))]
    shown = ranked if len(ranked) <= SERIES + 1 else ranked[:SERIES]
    rest = [value for value in ranked if value not in shown]
    series = [[0] * len(buckets) for _ in range(len(shown) + bool(rest))]
    for nr, part in enumerate(parts):
        for (_, value), sums in part.items():
            series[shown.index(value) if value in shown else len(shown)][nr] += sums.net
    titles = [named(known, value) for value in shown] + ([OTHER] if rest else [])
    totals = [sum(values[nr] for values in series) for nr in range(len(buckets))]
    highs = [sum(max(0, values[nr]) for values in series) for nr in range(len(buckets))]
    lows = [sum(min(0, values[nr]) for values in series) for nr in range(len(buckets))]
    scale = charts.axis(highs + lows, lambda tick: formats.money_short(round(tick), currency))
    told = [
        said([
            *((title, formats.money(values[nr], currency)) for title, values in zip(titles, series, strict=True)),
            ("Total", formats.money(totals[nr], currency)),
        ])
        for nr in range(len(buckets))
    ]  # fmt: skip
    body = []
    for nr, bucket in enumerate(buckets):
        chosen = [{"by": by, "value": value} for value in shown] + ([None] if rest else [])
        all_of_it = rows_href(base, "payments", bucket.first, bucket.last, currency=currency)
        cells = [
            amount(values[nr], currency, f"{all_of_it}&{urlencode(one)}" if one else "")
            for values, one in zip(series, chosen, strict=True)
        ]
        body.append([text(bucket.name), *cells, amount(totals[nr], currency, all_of_it)])
    head = DIMENSIONS[by][0].lower()
    largest = f"; most came from {titles[0]}" if titles else ""
    return Chart(
        "breakdown",
        f"Stacked bars: net revenue by {head}, {period.dates}, in all {formats.money(sum(totals), currency)}{largest}. "
        f"Arrow keys read each {period.unit()}.",
        scale, Table([period.unit().capitalize(), *titles, "Total"], body), bars=charts.stacks(series, scale),
        hits=charts.slot_hits([bucket.name for bucket in buckets], told),
        labels=charts.slot_labels([bucket.short for bucket in buckets]),
        legend=[Legend(f"s{nr + 1}", title) for nr, title in enumerate(titles)], height=200,
    )  # fmt: skip
