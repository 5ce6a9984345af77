"""The head of the page: its cards, and the sums of each currency."""

from dashboard import charts, formats
from dashboard.revenue import funnel
from dashboard.revenue.periods import Period
from dashboard.revenue.shown import Figure, Table, amount, change, changed, count, rows_href, text
from dashboard.revenue.sums import Sheet, Sums


def net(
    sheet: Sheet, period: Period, currency: str, now: dict[str, Sums], before: dict[str, Sums], compared: str,
    base: str,
) -> Figure:  # fmt: skip
    """What stayed of the charges, before fees."""
    stayed = now.get(currency, Sums()).net
    points = [sheet.of(currency, 0, nr).net for nr in range(1, len(period.buckets()) + 1)]
    return Figure(
        f"Net revenue, {currency}", formats.money(stayed, currency),
        rows_href(base, "payments", period.first, period.last, currency=currency),
        change(stayed, before.get(currency, Sums()).net, compared), charts.spark(points),
    )  # fmt: skip


def average(
    sheet: Sheet, period: Period, currency: str, now: dict[str, Sums], before: dict[str, Sums], compared: str,
    base: str,
) -> Figure:  # fmt: skip
    """What an order brought at first."""
    found = now.get(currency, Sums()).average
    points = (sheet.of(currency, 0, nr).average for nr in range(1, len(period.buckets()) + 1))
    return Figure(
        f"Average order, {currency}", "No orders" if found is None else formats.money(found, currency),
        rows_href(base, "payments", period.first, period.last, currency=currency, kind="first"),
        change(found, before.get(currency, Sums()).average, compared),
        charts.spark([each for each in points if each is not None]),
    )  # fmt: skip


def conversion(
    people: list[dict], period: Period, steps: funnel.Steps, before: funnel.Steps, compared: str, base: str
) -> Figure:
    """Which share of the leads of the period ordered by its end."""
    points = []
    for bucket in period.buckets():
        ratio = funnel.total([each for each in people if bucket.first <= each["day"] <= bucket.last]).conversion
        points += [ratio] if ratio is not None else []
    return Figure(
        "Lead to order", formats.percent(steps.conversion) or "No leads",
        rows_href(base, "people", period.first, period.last, kind="ordered"),
        change(steps.conversion, before.conversion, compared, points=True), charts.spark(points),
    )  # fmt: skip


def by_currency(shown: list[str], now: dict[str, Sums], before: dict[str, Sums], period: Period, base: str) -> Table:
    """A line for each currency; nothing is added up."""
    lines = []
    for code in shown:
        each = now.get(code, Sums())

        def href(kind: str = "", *, code: str = code) -> str:
            return rows_href(
                base, "payments", period.first, period.last, currency=code, **({"kind": kind} if kind else {})
            )

        lines.append([
            text(code, href(), formats.currency_name(code)), amount(each.gross, code, href("charge")),
            amount(each.refunds, code, href("refund")),
            amount(each.disputes, code, href("dispute")), amount(each.net, code, href()),
            amount(each.fees, code, href("fee")) if each.fees else text("Not known"),
            count(each.charges, href("charge")), count(each.orders, href("first")),
            changed(each.net, before.get(code, Sums()).net),
        ])  # fmt: skip
    return Table(["Currency", "Gross", "Refunds", "Disputes", "Net", "Fees", "Charges", "Orders", "Change"], lines)
