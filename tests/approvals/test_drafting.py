"""Everybody who waits for a reply gets one draft, which ends when it is overtaken."""

import asyncio

import pytest

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.approvals import drafting, learning
from dashboard.approvals.tables import Suggestion
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Conversation
from dashboard.database import rows
from tests.approvals.asking import a_question, a_suggestion, again, an_article, drafted, now_is, says


def later():
    return clock.now() + drafting.CHAT_ANSWERS


async def test_without_a_key_the_draft_quotes_the_section_that_answers(alice, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    assert "five working days" in made.draft and made.draft.startswith("Hi Robin,")
    assert made.sources[0]["heading"] == "How long does an audit take"
    assert made.confidence >= 50 and not made.needs_person and made.model == ""
    assert all(check["ok"] for check in made.checks)


async def test_what_nobody_knows_gets_an_empty_draft_and_a_person(alice, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme, "Do you sell concert tickets for Iceland?")
    assert made.draft == "" and made.needs_person and made.confidence < 50 and made.sources == []


async def test_one_message_gets_one_suggestion_however_many_draft_at_once(alice, acme):
    await an_article(acme, alice.user)
    threads = [await a_question(acme, email=f"r{n}@customer.example") for n in range(5)]
    many = [drafting.work(credentials.integrations_for, later()) for _ in range(12)]
    assert sorted(await asyncio.gather(*many)) == [False] * 7 + [True] * 5
    assert await Suggestion.count().where(Suggestion.state == "waiting") == len(threads)
    assert not await drafting.work(credentials.integrations_for, later())


async def test_a_draft_whose_worker_died_is_made_when_its_lease_ends(alice, acme):
    await an_article(acme, alice.user)
    thread = await a_question(acme)
    await rows(drafting.CLAIM, later())
    assert not await drafting.work(credentials.integrations_for, later())
    await rows("UPDATE conversation SET draft_lease_until = clock_timestamp()")
    assert (await drafted(thread)).conversation == thread.id


async def test_a_draft_that_never_works_ends_as_an_empty_one(alice, acme):
    thread = await a_question(acme)
    await rows("UPDATE conversation SET draft_attempts = 3")
    made = await drafted(thread)
    assert made.draft == "" and made.needs_person and "could not be written" in made.reason


async def test_a_customer_who_writes_again_makes_the_suggestion_stale(alice, acme):
    await an_article(acme, alice.user)
    first = await a_suggestion(acme)
    thread = await Conversation.get_of(acme, first.conversation)
    await says(thread, "And what is the refund policy?")
    second = await drafted(thread)
    first = await now_is(first)
    assert (first.state, first.reason) == ("stale", "The customer wrote again")
    assert second.id != first.id and second.message > first.message


async def test_a_message_that_comes_while_a_draft_is_written_gets_the_draft(alice, acme):
    await an_article(acme, alice.user)
    thread = await a_question(acme)
    [claimed] = await rows(drafting.CLAIM, later())
    await says(thread, "And what is the refund policy?")
    await drafting.draft(claimed, credentials.integrations_for, later())
    made = await drafted(thread)
    newest = await rows("SELECT max(id) AS id FROM message WHERE conversation = {}", thread.id)
    assert made.message == newest[0]["id"]


async def test_somebody_who_answers_otherwise_takes_it_off_the_queue(alice, ana, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    thread = await Conversation.get_of(acme, made.conversation)
    await conversations.answer(thread, "It takes a week.", "by-hand", clock.now(), by=ana.user)
    await drafting.tidy()
    made = await now_is(made)
    assert made.state == "stale" and made.reason == "Somebody answered in the conversation"


async def test_a_suggestion_that_is_still_wanted_stays(alice, acme):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    await drafting.tidy()
    assert (await now_is(made)).state == "waiting"


async def test_in_a_chat_the_automatic_answer_comes_first(alice, acme):
    thread = await a_question(acme)
    assert not await drafting.work(credentials.integrations_for, clock.now())
    await rows("UPDATE conversation SET escalated_at = now() WHERE id = {}", thread.id)
    assert await drafting.work(credentials.integrations_for, clock.now())


async def test_an_archived_conversation_is_not_drafted_for(alice, acme):
    thread = await a_question(acme)
    await rows("UPDATE conversation SET archived_at = now()")
    assert not await drafting.work(credentials.integrations_for, later())
    assert (await again(thread)).drafted_until is None


async def test_orders_are_known_only_to_those_who_are_who_they_say(alice, acme):
    from dashboard.approvals import composing
    from dashboard.conversations.tables import Channel
    from dashboard.leads.tables import Lead
    from tests.orders.cast import an_order

    order = await an_order(acme)
    email = (await Lead.get_of(acme, order.lead)).email
    by_chat = await a_question(acme, email=email)
    by_mail = await a_question(acme, email=email, channel=Channel.mail)
    assert await composing.records(acme, by_chat) == []
    assert f"Order {order.number}" in (await composing.records(acme, by_mail))[0]


@pytest.mark.parametrize(
    ("changed", "state", "outcome"),
    [(None, "sent", "unedited"), ("It takes a week.", "stale", ""), ("{draft} Ask me anything.", "sent", "edited")],
)
async def test_a_draft_used_in_the_ticket_is_learned_from(alice, ana, acme, changed, state, outcome):
    await an_article(acme, alice.user)
    made = await a_suggestion(acme)
    text = made.draft if changed is None else changed.format(draft=made.draft)
    thread = await Conversation.get_of(acme, made.conversation)
    message, _ = await conversations.answer(thread, text, "used", clock.now(), by=ana.user)
    for _ in range(2):
        await drafting.tidy()
    made = await now_is(made)
    assert (made.state, made.outcome) == (state, outcome)
    if state == "sent":
        assert (made.sent, made.decided_by, made.sent_message) == (text, ana.user.id, message.id)
        assert dict(await learning.rates(acme, clock.now()))["topic"][0]["total"] == 1
        assert (await alice.get(f"/acme/approvals/{made.id}")).status_code == 200
