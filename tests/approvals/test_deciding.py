"""Approve, edit, reject, undo: each once, whoever else is at it."""

import asyncio
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.approvals import actions
from dashboard.conversations.tables import Channel, Conversation, Message
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.errors import Conflict, Invalid
from tests.approvals.asking import a_suggestion, after_the_hold, again, an_article, drafted, now_is, says


@pytest.fixture
async def made(alice, acme):
    await an_article(acme, alice.user)
    return await a_suggestion(acme, channel=Channel.mail, subject="Audit")


async def said(suggestion) -> list[Message]:
    return await Message.of(suggestion.organization).where(
        Message.conversation == suggestion.conversation, Message.direction == "out"
    )  # fmt: skip


async def test_an_approved_reply_waits_ten_seconds_and_then_is_a_message_and_a_mail(made, ana, acme):
    now = clock.now()
    taken = await actions.approve(acme, made.id, made.version, made.draft, ana.user, now)
    assert taken.state == "queued" and taken.due_at == now + timedelta(seconds=10)
    await after_the_hold(0)
    assert await said(made) == []
    await after_the_hold(11)
    [message] = await said(made)
    found = await now_is(made)
    mail = await Delivery.get_of(acme, found.delivery)
    thread = await Conversation.get_of(acme, made.conversation)
    assert (found.state, found.outcome, found.edit_ratio) == ("sent", "unedited", 0)
    assert message.text == made.draft and message.author == ana.user.id and message.delivery == mail.id
    assert mail.recipient == "robin@customer.example" and made.draft in mail.payload["text"]
    assert mail.title == "Audit" and not thread.needs_reply


async def test_an_edited_reply_is_kept_with_what_was_changed(made, ana, acme):
    text = made.draft.replace("five", "six")
    await actions.approve(acme, made.id, made.version, text, ana.user, clock.now())
    found = await now_is(made)
    assert found.outcome == "edited" and found.sent == text and found.draft == made.draft
    assert ["removed", "five"] in found.diff and ["added", "six"] in found.diff and 0 < found.edit_ratio < 20
    assert "".join(words for kind, words in found.diff if kind != "removed") == text


async def test_undo_within_the_hold_sends_nothing(made, ana, acme):
    await actions.approve(acme, made.id, made.version, "Another text", ana.user, clock.now())
    back = await actions.undo(acme, made.id, ana.user, clock.now())
    await after_the_hold(60)
    assert back.state == "waiting" and back.edited == "Another text" and back.decided_by is None
    assert await said(made) == [] and await Delivery.count().where(Delivery.name == "reply") == 0


async def test_what_has_gone_out_cannot_be_taken_back(made, ana, acme):
    await actions.approve(acme, made.id, made.version, None, ana.user, clock.now())
    await after_the_hold()
    with pytest.raises(Conflict, match="gone out"):
        await actions.undo(acme, made.id, ana.user, clock.now())


async def test_two_people_who_approve_at_once_send_one_and_the_other_learns_who(made, alice, ana, acme):
    both = [
        actions.approve(acme, made.id, made.version, text, who.user, clock.now())
        for who, text in ((alice, "From Alice"), (ana, "From Ana"))
    ]
    results = await asyncio.gather(*both, return_exceptions=True)
    [refused] = [each for each in results if isinstance(each, Conflict)]
    [taken] = [each for each in results if not isinstance(each, Exception)]
    first = "Alice Arden" if taken.decided_by == alice.user.id else "Ana Alba"
    assert refused.message.startswith(f"{first} approved this") and "Nothing was sent twice" in refused.message
    await after_the_hold()
    assert [message.text for message in await said(made)] == [taken.sent]


async def test_approving_twice_by_the_same_person_is_once(made, ana, acme):
    for _ in range(3):
        await actions.approve(acme, made.id, made.version, None, ana.user, clock.now())
    await after_the_hold()
    assert len(await said(made)) == 1


async def test_several_senders_at_once_send_it_once(made, ana, acme):
    await actions.approve(acme, made.id, made.version, None, ana.user, clock.now())
    await asyncio.gather(*[after_the_hold() for _ in range(5)])
    assert len(await said(made)) == 1 and await Delivery.count().where(Delivery.name == "reply") == 1


async def test_who_read_an_older_text_does_not_approve_a_newer_one(made, alice, ana, acme):
    await actions.edit(acme, made.id, made.version, "Alice is at it", alice.user, clock.now())
    with pytest.raises(Conflict, match="Alice Arden changed the text"):
        await actions.approve(acme, made.id, made.version, made.draft, ana.user, clock.now())
    with pytest.raises(Conflict):
        await actions.edit(acme, made.id, made.version, "Ana too", ana.user, clock.now())
    assert (await now_is(made)).edited == "Alice is at it"


async def test_a_person_keeps_typing_into_what_they_typed(made, ana, acme):
    for text in ("One", "One two", "One two three"):
        await actions.edit(acme, made.id, made.version, text, ana.user, clock.now())
    await actions.approve(acme, made.id, made.version, "One two three", ana.user, clock.now())
    assert (await now_is(made)).sent == "One two three"


async def test_a_reply_to_an_older_message_is_not_approved(made, ana, acme):
    await says(await Conversation.get_of(acme, made.conversation), "One more thing")
    with pytest.raises(Conflict, match="The customer wrote again"):
        await actions.approve(acme, made.id, made.version, None, ana.user, clock.now())
    assert (await now_is(made)).state == "stale"


async def test_a_customer_who_writes_during_the_hold_stops_it(made, ana, acme):
    await actions.approve(acme, made.id, made.version, None, ana.user, clock.now())
    thread = await Conversation.get_of(acme, made.conversation)
    await says(thread, "Wait, I meant something else")
    await after_the_hold()
    found = await now_is(made)
    assert found.state == "stale" and "before it went out" in found.reason and await said(made) == []
    assert (await drafted(thread)).message > made.message


async def test_a_rejection_has_a_reason_and_sends_nothing(made, ana, acme):
    with pytest.raises(Invalid):
        await actions.reject(acme, made.id, " ", ana.user, clock.now())
    await actions.reject(acme, made.id, "Wrong facts", ana.user, clock.now())
    await after_the_hold()
    found = await now_is(made)
    thread = await Conversation.get_of(acme, made.conversation)
    assert (found.state, found.outcome, found.reason) == ("rejected", "rejected", "Wrong facts")
    assert await said(made) == [] and thread.needs_reply


async def test_a_rejection_can_be_taken_back(made, ana, acme):
    await actions.reject(acme, made.id, "Wrong tone", ana.user, clock.now())
    assert (await actions.undo(acme, made.id, ana.user, clock.now())).state == "waiting"


async def test_an_empty_reply_is_not_sent(made, ana, acme):
    with pytest.raises(Invalid):
        await actions.approve(acme, made.id, made.version, "  \n ", ana.user, clock.now())


async def test_another_draft_takes_the_place_of_the_one_before(made, ana, acme):
    await actions.regenerate(acme, made.id, "Shorter", ana.user, clock.now())
    assert (await now_is(made)).state == "waiting"  # until the other is there
    other = await drafted(await Conversation.get_of(acme, made.conversation))
    assert other.id != made.id and other.replaces == made.id and other.instruction == "Shorter"
    assert (await now_is(made)).state == "replaced"


async def test_how_long_somebody_looked_is_kept(made, ana, acme):
    now = clock.now()
    await rows("UPDATE suggestion SET shown_at = {} WHERE id = {}", now - timedelta(seconds=42), made.id)
    await actions.approve(acme, made.id, made.version, None, ana.user, now)
    assert (await now_is(made)).seconds == 42


async def test_what_needs_no_reply_waits_for_nobody_until_that_is_taken_back(ana, acme, made):
    thread = await Conversation.get_of(acme, made.conversation)
    for reason, waits in (("Wrong tone", True), ("Needs no reply: says thanks", False)):
        await actions.reject(acme, made.id, reason, ana.user, clock.now())
        thread = await again(thread)
        assert thread.needs_reply is waits and (thread.needs_reply_since is not None) is waits, reason
        await actions.undo(acme, made.id, ana.user, clock.now())
        thread = await again(thread)
        assert thread.needs_reply and thread.needs_reply_since, reason
    await says(thread, "One more thing")
    await actions.reject(acme, made.id, "Needs no reply", ana.user, clock.now())
    assert (await again(thread)).needs_reply, "what came meanwhile does"
