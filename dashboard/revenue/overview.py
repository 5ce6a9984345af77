"""The revenue page as a whole: reads once, and gives each part what it shows."""

from dataclasses import dataclass
from datetime import date

from dashboard import formats
from dashboard.accounts.tables import Organization
from dashboard.revenue import arrivals, breakdown, costs, daily, figures, funnel, movements, periods, recurring, trend
from dashboard.revenue.attribution import DIMENSIONS
from dashboard.revenue.periods import Period
from dashboard.revenue.shown import Chart, Figure, Table, count, rows_href, share, text
from dashboard.revenue.sums import Sheet, Sums


@dataclass
class Overview:
    """What the page shows for one period, one currency and one dimension."""

    period: Period
    currency: str
    currencies: list[str]
    by: str
    figures: list[Figure]
    by_currency: Table
    fees: bool
    unknown: list[str]
    trend: Chart
    breakdown: Chart
    parts: Table
    movements: Chart
    recurring: recurring.Recurring
    recurring_figures: list[tuple[str, str, str, int]]
    funnel: funnel.Steps
    funnel_rows: list[tuple[str, int, str, str, str]]
    by_source: Table
    costs: Table

    def tables(self) -> dict[str, Table]:
        """Every table that can be had as a file, by its name."""
        steps = Table(["Step", "People", "Share of the step before"], [
            [text(name), count(number), text(rate)] for name, number, rate, _, _ in self.funnel_rows
        ])  # fmt: skip
        return {
            "currencies": self.by_currency, "trend": self.trend.table, "breakdown": self.breakdown.table,
            "parts": self.parts, "movements": self.movements.table, "funnel": steps, "sources": self.by_source,
            "costs": self.costs,
        }  # fmt: skip


async def read(organization: Organization, period: Period, today: date, asked: str, by: str, base: str) -> Overview:
    """Everything of the page. `asked` is the currency wanted, or "" for the organization's usual one."""
    earlier, last = period.before(), len(period.buckets())
    cuts = [periods.cut(period), trend.cut(today)]
    sheet = await daily.read(organization, period.zone, cuts)
    now, before = _by_currency(sheet, 1, last), _by_currency(sheet, 0, 0)
    subscribed = await recurring.by_bucket(organization, period)
    unqualified = await arrivals.unqualified(organization)
    people = await arrivals.counted(organization, period, unqualified)
    people_before = await arrivals.counted(organization, earlier, unqualified)
    spending = await costs.spent(organization, period)
    currencies = sorted({*sheet.currencies, *(each["currency"] for each in [*subscribed, *spending])} - {""})
    currency = _chosen(asked, currencies, now, organization.currency)
    divided = await daily.read(organization, period.zone, cuts[:1], [*{by, *costs.DIVIDED}], currency, sheet.stale)
    known, campaigns = await breakdown.names(organization, by), await breakdown.names(organization, "campaign")
    sums = {value: each for (_, value), each in divided.sums(0, 1, last, by).items()}
    sums_before = {value: each for (_, value), each in divided.sums(0, 0, 0, by).items()}
    steps, steps_before = funnel.total(people), funnel.total(people_before)
    moved = recurring.within(subscribed, currency, period.first, period.last)
    shown = [code for code in currencies if code in now or code in before] or [currency]
    compared = f"vs previous {period.days} days" if period.days > 1 else "vs the day before"
    return Overview(
        period, currency, currencies or [currency], by,
        figures=[
            figures.net(sheet, period, currency, now, before, compared, base),
            movements.figure(subscribed, period, currency, moved, base),
            figures.average(sheet, period, currency, now, before, compared, base),
            figures.conversion(people, period, steps, steps_before, compared, base),
        ],
        by_currency=figures.by_currency(shown, now, before, period, base),
        fees=any(each.fees for each in now.values()),
        unknown=[code for code in shown if formats.exponent(code) is None],
        trend=trend.chart(sheet, 1, currency, today, base),
        breakdown=breakdown.chart(divided, known, period, currency, by, base),
        parts=breakdown.table(sums, sums_before, known, period, currency, by, base),
        movements=movements.chart(subscribed, period, currency, base),
        recurring=moved, recurring_figures=movements.strip(moved, period, currency, base), funnel=steps,
        funnel_rows=_funnel(steps, period, base), by_source=_sources(people, period, base),
        costs=costs.table(divided, campaigns, period, spending, currency, funnel.by_source(people), base),
    )  # fmt: skip


def _chosen(asked: str, currencies: list[str], now: dict[str, Sums], usual: str) -> str:
    if asked in currencies:
        return asked
    if usual in now or not currencies:
        return usual
    return max(currencies, key=lambda code: (now.get(code, Sums()).charges, code == usual))


def _by_currency(sheet: Sheet, first: int, last: int) -> dict[str, Sums]:
    return {currency: each for (currency, _), each in sheet.sums(0, first, last).items()}


def _funnel(steps: funnel.Steps, period: Period, base: str) -> list[tuple[str, int, str, str, str]]:
    """(name, people, share of the step before, width of the bar, address of the people)."""
    found, before = [], None
    for key, name in funnel.STEPS.items():
        number = getattr(steps, key)
        rate = "" if before is None else formats.percent(number / before if before else None)
        width = f"{100 * number / steps.leads:.2f}%" if steps.leads else "0%"
        found.append((name, number, rate, width, rows_href(base, "people", period.first, period.last, kind=key)))
        before = number
    return found


def _sources(people: list[dict], period: Period, base: str) -> Table:
    lines, found = [], funnel.by_source(people)
    largest = max((steps.conversion or 0 for steps in found.values()), default=0)
    for source, steps in found.items():
        cells = [
            count(getattr(steps, key), rows_href(base, "people", period.first, period.last, kind=key, value=source))
            for key in ("leads", "qualified", "ordered")
        ]
        lines.append(
            [
                text(breakdown.named({"": DIMENSIONS["source"][1]}, source)),
                *cells,
                share(steps.conversion, largest or 1),
            ]
        )
    return Table(["Source", "Leads", "Qualified", "Order", "Lead to order"], lines)
