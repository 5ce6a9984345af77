"""Questions nobody could answer: put together, written about, put aside."""

from datetime import timedelta

from dashboard import clock
from dashboard.approvals import unanswered
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel
from dashboard.database import rows
from dashboard.knowledge.tables import Article
from tests.approvals.asking import a_question, drafted

SADDLE = ("Do you sell saddles for horses?", "do you sell a horse saddle", "Selling horse saddles?")


async def asks(organization, text, name="Robin Sample"):
    """A visitor asks in the chat, and nobody knows."""
    now = clock.now()
    made, _ = await conversations.begin(organization, Channel.web, now, name=name)
    message, _ = await conversations.receive(made, text, "asked", now)
    await conversations.answer(
        made, "I do not know.", "answer", now, settles=False, answers=message.id, outcome="unknown"
    )  # fmt: skip
    return made


async def listed(organization) -> list[tuple[str, int]]:
    return [(each.text, each.times) for each in await unanswered.questions(organization, clock.now())]


async def test_what_asks_the_same_stands_together_the_most_frequent_first(acme, vera):
    await asks(acme, "Is there parking in Oslo?")
    for text in SADDLE:
        await asks(acme, text)
    assert await listed(acme) == [(SADDLE[2], 3), ("Is there parking in Oslo?", 1)]
    page = (await vera.get("/acme/knowledge")).text
    assert "Questions nobody could answer" in page and "Asked 3 times" in page and "Write an article" not in page


async def test_a_mail_for_which_there_is_no_draft_counts_and_the_same_message_once(acme):
    made = await a_question(acme, "Do you repair bicycles?", Channel.mail)
    assert (await drafted(made)).draft == ""
    assert await listed(acme) == [("Do you repair bicycles?", 1)]
    assert await listed(acme) == await listed(acme)


async def test_an_article_begins_with_what_a_person_answered_and_settles_all_who_asked(acme, ana):
    made = [await asks(acme, text) for text in SADDLE]
    await conversations.answer(made[0], "# No, we audit websites.", "k", clock.now(), by=ana.user)
    [question] = await unanswered.questions(acme, clock.now())
    page = (await ana.get(f"/acme/knowledge/new?question={question.id}")).text
    assert "## Selling horse saddles?" in page and " No, we audit websites." in page and "# No, we" not in page
    data = {
        "title": "Saddles", "category": "faq", "text": "## Do you sell saddles?\n\nNo, we audit websites.",
        "version": "0", "question": str(question.id),
    }  # fmt: skip
    assert (await ana.post("/acme/knowledge", data=data)).status_code == 303
    assert await listed(acme) == []
    article = await Article.of(acme).where(Article.title == "Saddles").first()
    settled = await rows("SELECT article, question FROM settled_question")
    assert settled == [{"article": article.id, "question": question.id}] * 3


async def test_one_that_needs_no_article_is_put_aside_and_comes_back(acme, ana):
    await asks(acme, SADDLE[0])
    [question] = await unanswered.questions(acme, clock.now())
    at = f"/acme/knowledge/questions/{question.id}"
    answer = await ana.post(f"{at}/dismissal")
    assert "restoration" in answer.headers["HX-Trigger"] and "saddles" not in answer.text
    assert (await ana.post(f"{at}/dismissal")).status_code == 404
    assert "saddles" in (await ana.post(f"{at}/restoration")).text
    assert len(await listed(acme)) == 1


async def test_old_questions_are_forgotten(acme):
    await asks(acme, SADDLE[0])
    assert await unanswered.questions(acme, clock.now() + timedelta(days=61)) == []


async def test_what_an_erased_person_asked_is_gone_whether_it_was_put_aside_or_not(acme, alice):
    open_one = await a_question(acme, "Do you repair bicycles?", Channel.mail)
    aside = await a_question(acme, "Do you bake cakes?", Channel.mail, email="cakes@customer.example")
    for each in (open_one, aside):
        await drafted(each)
    cakes = next(each for each in await unanswered.questions(acme, clock.now()) if "cakes" in each.text)
    await alice.post(f"/acme/knowledge/questions/{cakes.id}/dismissal")
    for each in (open_one, aside):
        answer = await alice.post(f"/acme/leads/{each.lead}/erasure", data={"sure": "erase"})
        assert answer.status_code in (200, 303)
    assert await listed(acme) == [] and await rows("SELECT 1 FROM settled_question") == []


async def test_another_organization_sees_and_settles_nothing(acme, borealis, bob, vera):
    await asks(acme, SADDLE[0])
    [question] = await unanswered.questions(acme, clock.now())
    assert "saddles" not in (await bob.get("/borealis/knowledge")).text
    for path in ("dismissal", "restoration"):
        answer = await bob.post(f"/borealis/knowledge/questions/{question.id}/{path}")
        assert answer.status_code == (404 if path == "dismissal" else 200)
        assert (await vera.post(f"/acme/knowledge/questions/{question.id}/{path}")).status_code == 403
    text = (await bob.get(f"/borealis/knowledge/new?question={question.id}")).text
    assert "saddles" not in text and len(await listed(acme)) == 1


async def test_what_people_asked_is_text_on_the_page_and_in_the_article(acme, ana):
    attack = "<script>alert(1)</script> <img src=x onerror=alert(2)> zebra"
    await asks(acme, attack)
    [question] = await unanswered.questions(acme, clock.now())
    for path in ("/acme/knowledge", f"/acme/knowledge/new?question={question.id}"):
        page = (await ana.get(path)).text
        assert "<script>alert" not in page and "<img src=x" not in page and "&lt;script&gt;" in page


async def test_a_person_who_asked_is_named_and_can_be_read(acme, vera):
    made = await asks(acme, SADDLE[0])
    assert f'href="/acme/conversations/{made.id}"' in (await vera.get("/acme/knowledge")).text
    assert (await vera.get(f"/acme/conversations/{made.id}")).status_code == 200
