"""The learning page: rates with their samples, reasons, and articles from good replies."""

from dashboard import clock
from dashboard.approvals import actions, learning
from dashboard.database import rows
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
    assert topic["per_cent"] == 50 and topic["few"] and by["model"][0]["name"] == "Quoted, no model"
    assert await learning.reasons(acme, clock.now()) == [{"reason": "Wrong facts", "total": 1}]
    text = (await alice.get("/acme/approvals/learning")).text
    assert "50%" in text and "of few" in text and "Wrong facts" in text and "<ins>" in text
    assert await learning.reasons(borealis, clock.now()) == []


async def test_a_reply_that_was_sent_becomes_an_article_once_somebody_saved_it(alice, ana, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    new = f"/acme/knowledge/new?reply={made.id}"
    assert (await ana.get(new)).status_code == 404, "it has not gone out yet"
    text = "Hi Robin,\n\nIt takes a week.\n\n# Two for a shop.\n\nKind regards,\nMaya"
    await actions.approve(acme, made.id, made.version, text, ana.user, clock.now())
    await after_the_hold()
    assert new in (await ana.get(f"/acme/approvals/{made.id}")).text
    for _ in range(2):
        form = (await ana.get(new)).text
    assert 'value="How long does an audit take"' in form and "Take out names, order numbers" in form
    assert "## How long does an audit take?\n\nIt takes a week.\n\n Two for a shop.\n</textarea>" in form
    assert "Robin" not in form and "Maya" not in form
    assert await Article.count() == 1, "nothing is answered from it before it is saved"


async def test_a_reply_of_another_organization_becomes_no_article(alice, bob, acme, borealis):
    made = await a_suggestion(acme)
    await rows("UPDATE suggestion SET state = 'sent', sent = 'zzforeign'")
    assert (await bob.get(f"/borealis/knowledge/new?reply={made.id}")).status_code == 404
