"""What was spent, and what came back for it."""

import re
from datetime import timedelta

from dashboard import clock
from dashboard.formats import local_day
from dashboard.payments.tables import Cost
from tests.revenue.test_page import sold


async def spent(organization, amount: int, source: str = "", kind: str = "hand", days: int = 2, **facts) -> None:
    day = local_day(clock.now(), "UTC") - timedelta(days=days)
    await Cost(
        organization=organization.id, kind=kind, amount=amount, currency="EUR", spent_on=day, source=source, **facts
    ).save()


async def lines(browser) -> list[list[str]]:
    text = (await browser.get("/acme/revenue.csv?chart=costs")).text
    return [line.split(",") for line in text.splitlines()[1:]]


async def test_the_return_of_a_source_is_its_net_revenue_for_each_unit_spent(alice, acme):
    await sold(acme, 1, 50_000, source="Fair")
    await spent(acme, 9_000, "Fair")
    await spent(acme, 1_000, "Fair", "ai")
    assert await lines(alice) == [["Fair", "90.00", "10.00", "1", "1", "500.00", "5.00"]]


async def test_costs_of_another_period_or_that_were_withdrawn_do_not_count(alice, acme):
    await spent(acme, 9_000, "Fair", days=40)
    await spent(acme, 7_000, "Fair", withdrawn_at=clock.now())
    assert await lines(alice) == []


async def test_a_cost_without_a_source_has_a_line_and_no_return(alice, acme):
    await spent(acme, 1_234)
    assert await lines(alice) == [["Not tied to a source", "12.34", "0.00", "", "", "", ""]]


async def test_another_currency_is_never_set_against_a_cost(alice, acme):
    await sold(acme, 1, 50_000, "USD", source="Fair")
    await spent(acme, 9_000, "Fair")
    text = (await alice.get("/acme/revenue.csv?chart=costs&currency=EUR")).text
    assert text.splitlines()[1:] == ["Fair,90.00,0.00,1,0,0.00,0.00"]


async def test_a_cost_opens_its_rows(alice, acme):
    await sold(acme, 1, 50_000, source="Fair")
    await spent(acme, 9_000, "Fair", note="Stand at the fair")
    await spent(acme, 500, "Other")
    page = (await alice.get("/acme/revenue")).text
    href = re.search(r'href="([^"]+of=costs[^"]+value=Fair[^"]+kind=spent)"', page)[1].replace("&amp;", "&")
    rows = (await alice.get(href)).text
    assert "Stand at the fair" in rows and "€90.00</b> in 1 row" in rows
