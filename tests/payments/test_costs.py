"""Costs entered by hand: added, changed, deleted, and each of it back again."""

import asyncio
import json
import re

import pytest

from dashboard import clock
from dashboard.campaigns.tables import Campaign
from dashboard.payments.tables import Cost

PAGE = "/acme/revenue/costs"
SHOWN = (Cost.amount, Cost.currency, Cost.source, Cost.campaign, Cost.note)


def form(amount="92.00", once="once-0123456789", **more):
    facts = {"amount": amount, "currency": "EUR", "once": once, "day": clock.now().date().isoformat()}
    return facts | {"note": "Stand at the fair", "source": "Fair", "campaign": ""} | more


def undo_of(answer) -> str:
    return json.loads(answer.headers["hx-trigger"])["toast"]["undo"]


async def shown() -> list[dict]:
    return await Cost.select(*SHOWN).where(Cost.withdrawn_at.is_null()).order_by(Cost.id)


async def history(browser) -> list[str]:
    """Of the only cost there is; its id may be any, where several asked for it at once."""
    only = (await Cost.select(Cost.id))[0]["id"]
    return re.findall(r'<span class="grow">([^<]+)<small>', (await browser.get(f"{PAGE}/{only}")).text)


async def test_a_cost_is_added_once_and_set_against_what_came_back(alice, acme):
    answers = await asyncio.gather(*(alice.post(PAGE, data=form()) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert await shown() == [
        {"amount": 9200, "currency": "EUR", "source": "Fair", "campaign": None, "note": "Stand at the fair"}
    ]
    assert "Stand at the fair" in answers[0].text and "Alice Arden" in answers[0].text
    assert "Fair,92.00,0.00" in (await alice.get("/acme/revenue.csv?chart=costs")).text
    assert await history(alice) == ["Cost of €92.00 entered, by Alice Arden"]


async def test_adding_a_cost_can_be_undone(alice, acme):
    undo = undo_of(await alice.post(PAGE, data=form()))
    assert (await alice.post(undo)).status_code == 200 and await shown() == []


async def test_a_change_says_how_it_was_and_can_be_taken_back_once(alice, acme):
    await alice.post(PAGE, data=form())
    undo = undo_of(await alice.post(f"{PAGE}/1", data=form("1,500", currency="jpy", note="Flyers", source="")))
    assert await shown() == [{"amount": 1500, "currency": "JPY", "source": "", "campaign": None, "note": "Flyers"}]
    await alice.post(undo)
    assert (await shown())[0]["note"] == "Stand at the fair" and (await shown())[0]["amount"] == 9200
    await alice.post(f"{PAGE}/1", data=form("5.00"))
    assert "It has changed since" in (await alice.post(undo)).headers["hx-trigger"]
    assert (await shown())[0]["amount"] == 500
    assert await history(alice) == [
        "Cost of €5.00 changed, by Alice Arden", "The last change was taken back, by Alice Arden",
        "Cost of JPY\u00a01,500 changed, by Alice Arden", "Cost of €92.00 entered, by Alice Arden",
    ]  # fmt: skip


async def test_a_deleted_cost_counts_nowhere_and_comes_back(alice, acme):
    await alice.post(PAGE, data=form())
    answers = await asyncio.gather(*(alice.post(f"{PAGE}/1/removal") for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert await shown() == [] and "Stand at the fair" not in (await alice.get(PAGE)).text
    assert (await alice.get(f"{PAGE}/1")).status_code == 404
    await alice.post(undo_of(answers[0]))
    assert len(await shown()) == 1
    assert (await history(alice)).count("Cost deleted, by Alice Arden") == 1


async def test_a_campaign_is_one_of_ours(alice, acme, borealis):
    await Campaign(organization=acme.id, name="Autumn", kind="blast").save()
    await Campaign(organization=borealis.id, name="Theirs", kind="blast").save()
    dialog = (await alice.get(f"{PAGE}/new")).text
    assert "Autumn" in dialog and "Theirs" not in dialog
    assert (await alice.post(PAGE, data=form(campaign="2"))).status_code == 422
    assert (await alice.post(PAGE, data=form(campaign="1"))).status_code == 200
    assert (await shown())[0]["campaign"] == 1 and "Autumn" in (await alice.get(PAGE)).text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": ""}, "Write an amount"), ({"amount": "12.345"}, "Write an amount"), ({"note": " "}, "Say what it was for."),
        ({"currency": "??"}, "Write a currency code"), ({"day": "2999-01-01"}, "Choose a day"),
        ({"day": "2199-01-01"}, "still to come"), ({"campaign": "9"}, "Choose a campaign"), ({"once": ""}, "out of date"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_said_and_nothing_is_kept(alice, acme, wrong, words):
    answer = await alice.post(PAGE, data=form() | wrong)
    assert answer.status_code == 422 and words in answer.text and await Cost.count() == 0


async def test_added_on_the_revenue_page_it_leads_back_to_the_page_as_it_was(alice, acme):
    assert 'name="back" value="1"' in (await alice.get(f"{PAGE}/new?back=1")).text
    here = {"HX-Request": "true", "HX-Current-URL": "https://test.local/acme/revenue?period=7d&by=plan"}
    answer = await alice.post(PAGE, data=form(back="1"), headers=here)
    assert answer.headers["hx-redirect"] == "/acme/revenue?period=7d&by=plan" and len(await shown()) == 1


async def test_what_machines_cost_is_read_and_never_changed(alice, acme):
    await Cost(
        organization=acme.id, kind="ai", amount=9, currency="EUR", spent_on=clock.now().date(), note="Drafts"
    ).save()
    dialog = (await alice.get(f"{PAGE}/1")).text
    assert "Drafts" in dialog and 'name="amount"' not in dialog
    assert (await alice.post(f"{PAGE}/1", data=form())).status_code == 409
    assert (await alice.post(f"{PAGE}/1/removal")).status_code == 409
    assert (await shown())[0]["amount"] == 9


async def test_only_admins_write_everybody_reads_and_strangers_see_nothing(alice, ana, vera, bob, acme):
    await alice.post(PAGE, data=form())
    for browser in (ana, vera):
        page = (await browser.get(PAGE)).text
        assert "Stand at the fair" in page and "Add cost" not in page and "Delete" not in page
        assert (await browser.post(PAGE, data=form(once="other-0123456"))).status_code == 403
        assert (await browser.post(f"{PAGE}/1/removal")).status_code == 403
    assert (await bob.get(PAGE)).status_code == 404
    assert (await bob.post("/borealis/revenue/costs/1/removal")).status_code == 404
    assert (await bob.post("/borealis/revenue/costs/1", data=form("1.00"))).status_code == 404
    assert (await shown())[0]["amount"] == 9200
