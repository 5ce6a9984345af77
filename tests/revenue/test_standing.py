"""The recurring revenue at the start and at the end of a period, and the subscriptions it is made of."""

import re
from datetime import timedelta

from dashboard import clock
from dashboard.payments import subscriptions
from dashboard.payments.subscriptions import Said

DAY = timedelta(days=1)


async def told(organization, name: str, monthly: int, days: float, currency="EUR") -> None:
    said = Said("active" if monthly else "canceled", monthly, currency, "price_1")
    at = clock.now() - days * DAY
    await subscriptions.report(organization, f"evt_{name}_{days}", f"sub_{name}", said, customer="", occurred_at=at)


async def opened(browser, words: str) -> str:
    """The page behind one line of the card."""
    page = (await browser.get("/acme/revenue?period=30d&currency=EUR")).text
    href = re.search(rf'href="([^"]+)">{words}</a>', page)[1].replace("&amp;", "&")
    return (await browser.get(href)).text


async def test_start_and_end_open_the_subscriptions_that_stood_then(alice, acme):
    await told(acme, "stays", 4900, 90)
    await told(acme, "grows", 1000, 80)
    await told(acme, "grows", 3000, 10)
    await told(acme, "leaves", 2000, 70)
    await told(acme, "leaves", 0, 5)
    await told(acme, "comes", 700, 3)
    await told(acme, "dollars", 9900, 60, "USD")
    page = (await alice.get("/acme/revenue?period=30d&currency=EUR")).text
    assert "€79.00" in page and "€86.00" in page
    start, end = await opened(alice, "At the start"), await opened(alice, "At the end")
    assert "€79.00</b> in 3 rows" in start and "€86.00</b> in 3 rows" in end
    assert re.findall(r"sub_\w+", start) == ["sub_leaves", "sub_grows", "sub_stays"]
    assert re.findall(r"sub_\w+", end) == ["sub_comes", "sub_grows", "sub_stays"]
    assert "€10.00" in start and "€30.00" in end and "Waiting for its order" in end
    shown = re.search(r'class="v" href="([^"]+of=standing[^"]+)"', page)
    assert shown and "€86.00</b> in 3 rows" in (await alice.get(shown[1].replace("&amp;", "&"))).text


async def test_they_can_be_had_as_a_file_and_nobody_else_sees_them(alice, bob, acme):
    await told(acme, "stays", 4900, 90)
    today = clock.now().date()
    query = f"of=standing&from={today}&to={today}"
    text = (await alice.get(f"/acme/revenue/rows.csv?{query}")).text
    assert text.splitlines()[1].endswith("sub_stays,,,49.00,EUR")
    assert "sub_stays" not in (await bob.get(f"/borealis/revenue/rows?{query}")).text
