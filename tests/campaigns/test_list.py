"""The list of campaigns: what each one did, why it stands where it stands, and finding the right one."""

import re

from dashboard import clock
from dashboard.database import rows
from tests.campaigns.seed import a_campaign, a_send, clicked, enrolled
from tests.orders.cast import an_order


def names(text: str) -> list[str]:
    return re.findall(r"data-open><b>([^<]+)</b>", text)


async def test_the_list_shows_what_every_campaign_did(alice, acme):
    campaign = await a_campaign(
        acme, "Autumn site check", days=(0, 3), state="paused", why="6 of 100 addresses bounced."
    )
    for state in ("delivered", "delivered", "bounced", "waiting"):
        await a_send(campaign, state)
    send = await a_send(campaign)
    await clicked(send)
    lead = (await rows("SELECT email FROM lead WHERE id = {}", send.lead))[0]
    await an_order(acme, customer_email=lead["email"], placed_at=clock.now())
    await a_campaign(acme, "Winter", state="draft", launched_at=None)
    page = (await alice.get("/acme/campaigns")).text
    assert names(page) == ["Winter", "Autumn site check"]
    for text in (
        "Sequence, 2 steps",
        "Paused",
        "6 of 100 addresses bounced.",
        "4 of 5",
        "33.3%",
        "€129.00",
        "Not launched yet",
    ):
        assert text in page, text


async def test_another_currency_has_its_own_line(alice, acme):
    campaign = await a_campaign(acme)
    for currency in ("EUR", "USD"):
        send = await a_send(campaign)
        await clicked(send)
        lead = (await rows("SELECT email FROM lead WHERE id = {}", send.lead))[0]
        await an_order(acme, customer_email=lead["email"], currency=currency, placed_at=clock.now())
    page = (await alice.get("/acme/campaigns")).text
    assert re.findall(r'<div><a href="/acme/campaigns/\d+/brought">([^<]+)<', page) == ["€129.00", "$129.00"]
    assert "258" not in page


async def test_views_filters_and_search_find_campaigns(ana, acme):
    for name, state in (("One", "running"), ("Two", "paused"), ("Three", "done"), ("Four", "draft")):
        await a_campaign(acme, name, state=state)
    troubled = await a_campaign(acme, "Five", days=(0, 3))
    await a_send(troubled, "failed")
    for query, found in {
        "": ["Five", "Four", "Three", "Two", "One"], "state=running": ["Five", "One"], "needs=you": ["Five", "Two"],
        "q=thr": ["Three"], "kind=sequence": ["Five"], "sort=name": ["Five", "Four", "One", "Three", "Two"],
    }.items():  # fmt: skip
        assert names((await ana.part(f"/acme/campaigns?{query}")).text) == found, query
    counts = (await ana.part("/acme/campaigns/counts")).text
    assert re.findall(r'id="tab-\d"[^>]*>(\d+)<', counts) == ["5", "2", "2", "1", "1"]
    assert (await ana.part("/acme/campaigns/filters?state=paused")).status_code == 200
    saved = await ana.post("/acme/views", data={"page": "campaigns", "query": "kind=sequence", "name": "Long ones"})
    assert saved.status_code in (200, 303)
    assert "Long ones" in (await ana.get("/acme/campaigns")).text


async def test_an_empty_list_says_what_a_campaign_is_and_a_viewer_gets_no_button(alice, vera, acme):
    assert "No campaigns yet" in (await alice.get("/acme/campaigns")).text
    assert "New campaign" not in (await vera.get("/acme/campaigns")).text
    assert "No campaigns match" in (await alice.get("/acme/campaigns?state=paused")).text


async def test_the_list_costs_few_queries_however_many_campaigns_there_are(alice, acme, queries):
    for n in range(12):
        campaign = await a_campaign(acme, f"Campaign {n}")
        await enrolled(campaign)
    with queries() as seen:
        assert (await alice.get("/acme/campaigns")).status_code == 200
    assert len(seen) <= 7, seen
