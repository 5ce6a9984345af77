"""Net revenue by month: a year, the year before, and what the next months may bring."""

from datetime import date, timedelta

from dashboard import charts, formats
from dashboard.revenue import forecast
from dashboard.revenue.periods import months_back
from dashboard.revenue.shown import Cell, Chart, Legend, Table, amount, rows_href, said, text
from dashboard.revenue.sums import Sheet

SHOWN, KNOWN = 12, 24  # months drawn, months looked at


def cut(today: date) -> list[date]:
    """The days at which the trend's months begin, and tomorrow: places 0 to KNOWN - 1 are whole months, the next is
    this one."""
    current = today.replace(day=1)
    return [*(months_back(current, back) for back in range(KNOWN, -1, -1)), today + timedelta(days=1)]


def whole_months(sheet: Sheet, cut_nr: int, currency: str, today: date) -> list[int | None]:
    """Net of the whole months before this one, oldest first; None before the first whole month with a history."""
    begun, firsts = sheet.begun(currency), cut(today)
    known = [begun is not None and (first >= begun or begun < firsts[1]) for first in firsts[:KNOWN]]
    return [sheet.of(currency, cut_nr, nr).net if there else None for nr, there in enumerate(known)]


def chart(sheet: Sheet, cut_nr: int, currency: str, today: date, base: str) -> Chart:
    """Twelve whole months, this month so far, the same months a year earlier, the forecast with its range."""
    current = today.replace(day=1)
    months = whole_months(sheet, cut_nr, currency, today)
    actual = months[-SHOWN:]
    coming = forecast.ahead([net for net in months if net is not None])
    firsts = [months_back(current, back) for back in range(SHOWN, -len(coming) or -1, -1)]
    places = len(firsts)
    before = [*months[: KNOWN - SHOWN], *actual][: max(places, SHOWN)]
    so_far = sheet.of(currency, cut_nr, KNOWN).net
    names = [formats.day(first).split(" ", 1)[1] for first in firsts]
    future: list[forecast.Ahead | None] = [None] * SHOWN + list(coming) + [None] * (places - SHOWN - len(coming))
    here = [actual[nr] if nr < SHOWN else None for nr in range(places)]
    earlier = [before[nr] if nr < len(before) else None for nr in range(places)]
    last = actual[-1] if actual else None
    reach = [(each.expected, each.low, each.high) if each else None for each in future]
    if last is not None and coming:
        reach[SHOWN - 1] = (last, last, last)
    low, high = ([each[nr] if each else None for each in reach] for nr in (1, 2))
    values = [v for v in [*here, *earlier, *(part for each in reach if each for part in each)] if v is not None]
    scale = charts.axis(values, lambda tick: formats.money_short(round(tick), currency))
    line = charts.curve(here, scale, "s1")
    table = Table(["Month", "Net", "A year earlier", "Forecast", "Lowest likely", "Highest likely"], [])
    hits = []
    for nr, first in enumerate(firsts):
        cells, tip = _month(first, min(months_back(first, -1) - timedelta(days=1), today), currency, base, nr,
                            here[nr], earlier[nr], future[nr], so_far if first == current else None)  # fmt: skip
        table.lines.append([text(names[nr]), *cells])
        hits.append(said(tip))
    return Chart(
        "trend", _message(currency, actual, names, coming), scale, table,
        curves=[charts.curve(earlier, scale, "s5"), line],
        dashed=[charts.curve([each[0] if each else None for each in reach], scale, "s1")] if coming else [],
        hits=charts.point_hits(names, hits), labels=charts.point_labels([name.split(" ")[0] for name in names]),
        band=charts.band(low, high, scale) if coming else "",
        now=f"{100 * (SHOWN - 1) / (places - 1):.2f}%" if coming else "",
        end=f"{scale.y(last):.2f}%" if last is not None and coming else "",
        legend=[
            Legend("s1", "Net revenue", line=True), *([Legend("s1", "Forecast", True, True)] if coming else []),
            Legend("s5", "A year earlier", line=True),
        ],
        height=236,
    )  # fmt: skip


def _month(
    first: date, last: date, currency: str, base: str, nr: int, net: int | None, earlier: int | None,
    coming: forecast.Ahead | None, so_far: int | None,
) -> tuple[list[Cell], list[tuple[str, str]]]:  # fmt: skip
    """The cells of one month's line, and what its tip says."""
    shown = net if net is not None else so_far
    blank = text("")
    year_ago = months_back(first, 12)
    cells = [
        amount(shown, currency, rows_href(base, "payments", first, last, currency=currency)) if shown is not None
        else blank,
        amount(earlier, currency, rows_href(
            base, "payments", year_ago, months_back(year_ago, -1) - timedelta(days=1), currency=currency
        )) if earlier is not None else blank,
        *([amount(part, currency) for part in coming] if coming else [blank] * 3),
    ]  # fmt: skip
    tip = (
        [("Net revenue" if net is not None else "So far", formats.money(shown, currency))] if shown is not None else []
    )
    if coming:
        low, high = (formats.money_short(part, currency) for part in (coming.low, coming.high))
        tip += [("Forecast", formats.money(coming.expected, currency)), ("80% range", f"{low} to {high}")]
    if earlier is not None:
        tip.append(("A year earlier", formats.money(earlier, currency)))
    return cells, tip or [("Net revenue", "none yet")]


def _message(currency: str, actual: list[int | None], names: list[str], coming: list[forecast.Ahead]) -> str:
    known = [(name, net) for name, net in zip(names, actual, strict=False) if net is not None]
    if not known:
        return f"Line chart: no whole month of payments in {currency} yet. Arrow keys read the months."
    (first, began), (last, ended) = known[0], known[-1]
    words = (
        f"Line chart: net revenue was {formats.money_short(began, currency)} in {first} and "
        f"{formats.money_short(ended, currency)} in {last}"
    )
    if coming:
        end = coming[-1]
        low, high = formats.money_short(end.low, currency), formats.money_short(end.high, currency)
        words += f"; forecast {formats.money_short(end.expected, currency)} in {names[-1]}, likely {low} to {high}"
    return f"{words}. Arrow keys read the months."
