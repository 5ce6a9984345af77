"""The learning page: rates with their samples, reasons, and articles from good replies."""

from dashboard import clock
from dashboard.approvals import actions, learning
from dashboard.knowledge.tables import Article
from tests.approvals.asking import a_suggestion, after_the_hold, an_article


async def test_rates_say_how_many_they_rest_on(alice, acme, borealis):
    await an_article(acme, alice.user)
    made = [await a_suggestion(acme, email=f"c{n}@customer.example") for n in range(4)]
    for each, text in zip(made, (None, None, "Another answer"), strict=False):
        await actions.approve(acme, each.id, each.version, text, alice.user, clock.now())
    await actions.reject(acme, made[3].id, "Wrong facts: ten days", alice.user, clock.now())
    by = dict(await learning.rates(acme, clock.now()))
    [topic] = by["topic"]
    assert (topic["total"], topic["unedited"], topic["edited"], topic["rejected"]) == (4, 2, 1, 1)
    assert topic["per_cent"] == 50 and topic["few"] and by["model"][0]["name"] == "quoted, no model"
    assert await learning.reasons(acme, clock.now()) == [{"reason": "Wrong facts", "total": 1}]
    text = (await alice.get("/acme/approvals/learning")).text
    assert "50%" in text and "of few" in text and "Wrong facts" in text and "<ins>" in text
    assert await learning.reasons(borealis, clock.now()) == []


async def test_a_reply_that_was_sent_becomes_an_article(alice, ana, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    assert (await ana.post(f"/acme/approvals/{made.id}/article")).status_code == 409
    await actions.approve(acme, made.id, made.version, "It takes a week.", ana.user, clock.now())
    await after_the_hold()
    assert (await ana.post(f"/acme/approvals/{made.id}/article")).status_code == 200
    assert await Article.exists().where(Article.title == "How long does an audit take?")
