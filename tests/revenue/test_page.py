"""The revenue page as people get it: figures that open their rows, files, periods, doors."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import clock
from dashboard.leads import actions as leads
from dashboard.orders import money
from dashboard.orders.tables import Order
from dashboard.payments import journal, subscriptions
from dashboard.revenue import drill

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def fixed_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


async def sold(organization, number: int, amount: int, currency: str = "EUR", days: float = 3, source: str = "Website"):
    """A paid order, so many days ago."""
    at = clock.now() - timedelta(days=days)
    lead = await leads.find_or_create(organization, f"buyer{number}@example.example", f"Buyer {number}", source=source)
    order = Order(
        organization=organization.id, number=number, lead=lead.id, customer_name=f"Buyer {number}", amount=amount,
        currency=currency, payment_intent=f"pi_{number}", session=f"cs_{number}", placed_at=at, confirmed_at=at,
    )  # fmt: skip
    await order.save()
    await journal.book_charge(
        organization, amount=amount, currency=currency, occurred_at=at, payment_intent=f"pi_{number}", lead=lead.id
    )
    return await money.settle(organization, order)


async def given_back(organization, order: Order, amount: int, days: float = 1):
    await journal.book_refund(
        organization, f"re_{order.number}_{amount}", amount=amount, currency=order.currency, status="succeeded",
        occurred_at=clock.now() - timedelta(days=days), payment_intent=order.payment_intent,
    )  # fmt: skip
    await money.settle(organization, order)


def figure(page: str, label: str) -> tuple[str, str]:
    """The value of a card, and the address of its rows."""
    found = re.search(rf'>{re.escape(label)}</span>\s*<a class="v" href="([^"]+)">([^<]+)</a>', page)
    assert found, label
    return html.unescape(found[2]), html.unescape(found[1])


async def test_refunds_and_failures_do_not_count_as_revenue(alice, acme):
    order = await sold(acme, 1, 20_000)
    await sold(acme, 2, 10_000)
    await given_back(acme, order, 5_000)
    await journal.book_failure(acme, "pi_9", currency="eur", occurred_at=clock.now(), description="Declined")
    page = (await alice.get("/acme/revenue")).text
    assert figure(page, "Net revenue, EUR")[0] == "€250.00"
    assert figure(page, "Average order, EUR")[0] == "€150.00"


async def test_a_figure_opens_the_rows_that_add_up_to_it(vera, acme):
    order = await sold(acme, 1, 20_000)
    await sold(acme, 2, 10_000, days=400)
    await given_back(acme, order, 5_000)
    value, href = figure((await vera.get("/acme/revenue")).text, "Net revenue, EUR")
    rows = (await vera.get(href)).text
    assert value == "€150.00" and f'<b class="num">{value}</b> in 2 rows' in rows
    assert "€200.00" in rows and "−€50.00" in rows and "€100.00" not in rows


async def test_every_linked_figure_of_the_page_has_rows_that_add_up_to_it(alice, acme):
    for number in range(1, 8):
        source = ["Website", "Referral", ""][number % 3]
        order = await sold(acme, number, 10_000 * number + number, ["EUR", "JPY"][number % 2], number * 3, source)
        if number % 3 == 0:
            await given_back(acme, order, 777)
    page = (await alice.get("/acme/revenue")).text
    links = re.findall(r'href="([^"]+of=payments[^"]+)">([^<]*\d[^<]*)</a>', page)
    links = {(html.unescape(href), value) for href, value in links if "kind=first" not in href}
    assert len(links) > 40
    for href, value in links:
        shown = re.search(r'<b class="num">([^<]+)</b> in (\d+) row', (await alice.get(href)).text)
        said = (shown[1], shown[2]) if shown else ("0", "0")
        fits = [re.sub(r"\D", "", each).strip("0") for each in said]
        assert re.sub(r"\D", "", value).strip("0") in fits, (href, value, said)


async def test_currencies_stand_side_by_side_and_are_never_added(alice, acme):
    await sold(acme, 1, 20_000, "EUR")
    await sold(acme, 2, 500, "JPY")
    await sold(acme, 3, 1_234, "KWD")
    page = (await alice.get("/acme/revenue")).text
    assert "€200.00" in page and "JPY\u00a0500" in page and "KWD\u00a01.234" in page
    assert figure((await alice.get("/acme/revenue?currency=JPY")).text, "Net revenue, JPY")[0] == "JPY\u00a0500"


async def test_a_currency_nobody_knows_is_shown_raw_and_flagged(alice, acme):
    await sold(acme, 1, 1_234, "XQQ")
    page = (await alice.get("/acme/revenue")).text
    assert "1,234 XQQ (minor units)" in page and "XQQ is not a currency we know" in page


async def test_the_page_of_a_company_without_payments_says_so(alice):
    page = (await alice.get("/acme/revenue")).text
    assert "No payments in EUR" in page and "A forecast needs six whole months" in page


async def test_a_period_that_makes_no_sense_is_said_and_the_usual_one_shown(alice):
    page = (await alice.get("/acme/revenue?from=2026-02-30&to=2026-03-01")).text
    assert "A date is missing or is not like 2026-11-21." in page and "Last 30 days" in page
    assert "The period ends before it begins." in (await alice.get("/acme/revenue?from=2026-03-02&to=2026-03-01")).text


@pytest.mark.parametrize(
    "chart", ["currencies", "trend", "breakdown", "parts", "movements", "funnel", "sources", "costs"]
)
async def test_every_chart_is_a_file_too(alice, acme, chart):
    await sold(acme, 1, 123_456)
    answer = await alice.get(f"/acme/revenue.csv?chart={chart}")
    assert answer.status_code == 200 and answer.headers["content-disposition"].endswith('.csv"')
    lines = answer.text.removeprefix("\ufeff").splitlines()
    assert len(lines) > 1 and ("," in lines[0])
    if chart in ("currencies", "breakdown", "parts"):
        assert "1234.56" in answer.text


async def test_every_chart_has_a_message_values_for_keys_and_pointer_a_table_and_a_file(alice, acme):
    for number, days in enumerate((3, 40, 70)):
        await sold(acme, number, 123_456, days=days)
    for days, monthly in ((9, 4_900), (3, 9_900)):
        said = subscriptions.Said("active", monthly, "EUR", "price_1")
        at = clock.now() - timedelta(days=days)
        await subscriptions.report(acme, f"evt_{days}", "sub_1", said, customer="", occurred_at=at)
    page = (await alice.get("/acme/revenue?period=30d")).text
    for name in ("trend", "breakdown", "movements"):
        card = re.search(rf'<section [^>]*aria-labelledby="{name}">.*?</section>', page, re.DOTALL)[0]
        message = re.search(r'<div class="chart" tabindex="0" role="group" aria-label="([^"]+)"', card)[1]
        assert "€" in message and "Arrow keys read" in message
        values = re.findall(r'class="hit"[^>]* data-l="([^"]+)" data-v="([^"]+=[^"]+)"', card)
        assert len(values) >= 13 and "Show as table" in card and f"chart={name}" in card
        assert re.search(r"<td><a href=\"/acme/revenue/rows\?of=", card), "the table opens the rows"


async def test_the_rows_come_in_pages_without_a_gap_or_a_double(alice, acme):
    for number in range(1, 56):
        await sold(acme, number, 100 + number, days=number % 5)
    seen, href = [], "/acme/revenue/rows?of=payments&period=30d"
    while href:
        page = (await alice.get(href)).text
        seen += re.findall(r"/acme/orders/(\d+)", page)
        following = re.search(r'href="(\?[^"]+)" rel="next"', page)
        href = "/acme/revenue/rows" + html.unescape(following[1]) if following else ""
    assert sorted(map(int, seen)) == list(range(1, 56))


@pytest.mark.parametrize("of", ["payments", "people"])
async def test_the_file_of_the_rows_has_all_of_them_however_it_is_cut(alice, acme, monkeypatch, of):
    monkeypatch.setattr(drill, "BATCH", 3)
    for number in range(1, 12):
        await sold(acme, number, 100 + number, days=number % 5, source="Fair")
    lines = (await alice.get(f"/acme/revenue/rows.csv?of={of}&period=30d")).text.splitlines()
    assert len(lines) == 12 and len(set(lines)) == 12
    assert {number for line in lines for number in re.findall(r"[Bb]uyer (\d+)", line)} == set(map(str, range(1, 12)))


async def test_a_stranger_sees_nothing_and_a_viewer_cannot_take_the_rows_as_a_file(bob, vera, acme):
    await sold(acme, 1, 20_000)
    for path in ("/acme/revenue", "/acme/revenue.csv", "/acme/revenue/rows", "/acme/revenue/rows.csv"):
        assert (await bob.get(path)).status_code == 404
    assert "€200.00" not in (await bob.get("/borealis/revenue")).text
    assert (await vera.get("/acme/revenue/rows.csv")).status_code == 403


async def test_the_page_asks_few_questions(alice, acme, queries):
    await sold(acme, 1, 20_000)
    with queries() as seen:
        await alice.get("/acme/revenue?by=plan")
    assert len(seen) <= 15, seen
