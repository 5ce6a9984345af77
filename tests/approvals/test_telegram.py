"""Deciding in Telegram: shown with buttons, pressed, decided once by people on the list, and whoever pressed is told."""

import pytest

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization, Role
from dashboard.activity.tables import Activity
from dashboard.approvals import actions, approvers, buttons, showing
from dashboard.conversations.tables import Conversation
from dashboard.database import rows
from dashboard.deliveries.senders import telegram_text
from dashboard.deliveries.tables import Delivery
from dashboard.webhooks.tables import InboundEvent
from tests.approvals.asking import after_the_hold, now_is, says
from tests.approvals.pressed import (
    ALICE,
    ANA,
    EVE,
    SECRET,
    an_update,
    carries,
    labels,
    leave,
    post,
    press,
    sent,
    shown,
    visitor,
)
from tests.canaries import BOT_TOKEN
from tests.webhooks.posting import drain


async def test_a_suggestion_is_shown_with_the_question_the_whole_reply_and_buttons(in_chat, telegram):
    message = await shown(telegram)
    assert message["chat_id"] == "-1001" and labels(message) == ["Approve", "Reject"]
    assert "How long does an audit take?" in message["text"] and "five working days" in message["text"]
    assert f"https://test.local/acme/approvals/{in_chat.id}" in message["text"]
    assert all(len(carries(message, each).encode()) <= 64 for each in labels(message))


async def test_approving_holds_ten_seconds_sends_once_and_is_in_the_timeline(in_chat, telegram, stranger, ana, acme):
    said = await press(stranger, ANA, carries(await shown(telegram), "Approve"))
    assert said == "Ana Alba approved this. It goes out in 10 seconds."
    found = await now_is(in_chat)
    assert (found.state, found.decided_by, found.decided_via) == ("queued", ana.user.id, "telegram")
    assert (found.due_at - found.decided_at).total_seconds() == 10
    message = await shown(telegram)
    assert labels(message) == ["Undo"] and "Ana Alba approved this" in message["text"]
    await after_the_hold()
    assert [each.text for each in await sent(in_chat)] == [in_chat.draft]
    [line] = await Activity.of(acme).where(Activity.verb == "reply_approved")
    assert line.title == "Suggested reply approved in Telegram" and line.user == ana.user.id
    assert line.data["via"] == "telegram" and line.subject_kind == "conversation"
    popups = [each["body"] for each in telegram.sent("telegram") if each["path"] == "/answerCallbackQuery"]
    assert [each["text"] for each in popups] == [said]


async def test_undo_in_telegram_sends_nothing_and_asks_again(in_chat, telegram, stranger):
    await press(stranger, ANA, carries(await shown(telegram), "Approve"))
    said = await press(stranger, ALICE, carries(await shown(telegram), "Undo"))
    message = await shown(telegram)
    assert said == "Taken back. Nothing was sent." and labels(message) == ["Approve", "Reject"]
    await after_the_hold(60)
    assert await sent(in_chat) == [] and (await now_is(in_chat)).state == "waiting"
    await press(stranger, ALICE, carries(message, "Approve"))
    await after_the_hold()
    assert len(await sent(in_chat)) == 1


async def test_what_has_gone_out_cannot_be_undone_there_either(in_chat, telegram, stranger):
    await press(stranger, ANA, carries(await shown(telegram), "Approve"))
    undo = carries(await shown(telegram), "Undo")
    await after_the_hold()
    assert "gone out already" in await press(stranger, ANA, undo)
    assert len(await sent(in_chat)) == 1 and labels(await shown(telegram)) == []


async def test_rejecting_asks_why_and_keeps_the_reason(in_chat, telegram, stranger, acme):
    assert await press(stranger, ANA, carries(await shown(telegram), "Reject")) == "Say why."
    message = await shown(telegram)
    assert labels(message) == [*actions.REASONS, "Back"] and (await now_is(in_chat)).state == "waiting"
    await press(stranger, ANA, carries(message, "Back"))
    assert labels(await shown(telegram)) == ["Approve", "Reject"]
    await press(stranger, ANA, carries(message, "Wrong tone"))
    found = await now_is(in_chat)
    assert (found.state, found.reason, found.decided_via) == ("rejected", "Wrong tone", "telegram")
    assert (await Activity.of(acme).where(Activity.verb == "reply_rejected"))[0].title.endswith("in Telegram")
    await after_the_hold()
    assert await sent(in_chat) == []


async def test_the_same_update_again_decides_nothing_again(in_chat, telegram, stranger):
    update = an_update(ANA, carries(await shown(telegram), "Approve"))
    for _ in range(5):
        assert (await post(stranger, update)).status_code == 200
    await drain()
    [event] = await InboundEvent.across_organizations().where(InboundEvent.sender == "telegram")
    assert event.repeats == 4 and event.state == "handled"
    assert await Delivery.count().where(Delivery.name == "telegram_answer") == 1
    await after_the_hold()
    assert len(await sent(in_chat)) == 1


async def test_two_people_at_once_make_one_reply_and_the_other_learns_who(in_chat, telegram, stranger, alice, acme):
    """One presses in Telegram while the other decided on the page."""
    approve = carries(await shown(telegram), "Approve")
    await actions.approve(acme, in_chat.id, in_chat.version, "From the page", alice.user, clock.now())
    said = await press(stranger, ANA, approve)
    assert said.startswith("Alice Arden approved this") and "Nothing was sent twice" in said
    message = await shown(telegram)
    assert labels(message) == [] and "Alice Arden approved this" in message["text"]
    await after_the_hold()
    assert [each.text for each in await sent(in_chat)] == ["From the page"]


async def test_two_presses_at_once_make_one_reply(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    for by in (ANA, ALICE):
        await post(stranger, an_update(by, approve))
    await drain()
    told = [
        each.payload["popup"]
        for each in await Delivery.objects().where(Delivery.name == "telegram_answer").order_by(Delivery.id)
    ]
    assert told[0].startswith("Ana Alba approved this. It goes out") and told[1].startswith(
        "Ana Alba approved this just now"
    )
    await after_the_hold()
    assert len(await sent(in_chat)) == 1


async def test_a_stale_suggestion_is_refused(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    await says(await Conversation.get_of(in_chat.organization, in_chat.conversation), "One more thing")
    assert "The customer wrote again" in await press(stranger, ANA, approve)
    await after_the_hold()
    assert (await now_is(in_chat)).state == "stale" and await sent(in_chat) == []


async def test_a_text_that_was_changed_is_shown_anew_before_it_can_be_approved(
    in_chat, telegram, stranger, alice, ana, acme
):
    approve = carries(await shown(telegram), "Approve")
    for who in (alice, ana):  # also the one who changed it: what was shown here is another text
        now = await now_is(in_chat)
        await actions.edit(acme, in_chat.id, now.version, f"By {who.user.name}", alice.user, clock.now())
        assert "changed meanwhile" in await press(stranger, ALICE, approve)
    assert (await now_is(in_chat)).state == "waiting"
    message = await shown(telegram)
    assert "By Ana Alba" in message["text"]
    await press(stranger, ALICE, carries(message, "Approve"))
    await after_the_hold()
    assert [each.text for each in await sent(in_chat)] == ["By Ana Alba"]


@pytest.mark.parametrize("who", ["a stranger", "left", "viewer", "disabled", "second factor", "switched off"])
async def test_only_people_on_the_list_who_may_still_act_decide(in_chat, telegram, stranger, ana, alice, acme, who):
    approve = carries(await shown(telegram), "Approve")
    changes = {
        "left": 'DELETE FROM membership WHERE "user" = {}',
        "viewer": "UPDATE membership SET role = 'viewer' WHERE \"user\" = {}",
        "disabled": "UPDATE app_user SET disabled_at = now() WHERE id = {}",
    }
    if who in changes:
        await rows(changes[who], ana.user.id)
    if who == "second factor":
        await Organization.update({Organization.second_factor_required: True}).where(Organization.id == acme.id)
    if who == "switched off":
        await approvers.switch(acme, on=False, by=visitor(alice), now=clock.now())
    said = await press(stranger, EVE if who == "a stranger" else ANA, approve)
    if who == "switched off":
        assert "switched off" in said
    else:
        assert "not on the list" in said and str(EVE if who == "a stranger" else ANA) in said
    await after_the_hold()
    assert (await now_is(in_chat)).state == "waiting" and await sent(in_chat) == []
    await leave()
    assert not [each for each in telegram.sent("telegram") if each["path"] == "/editMessageText"]


@pytest.mark.parametrize("data", ["", "a", "a:7", "a:1.1.x", "z:1.1.AAAA", "r9:1.1.AAAA", "a:" + "9" * 60, "é" * 20])
async def test_a_button_we_never_made_does_nothing(in_chat, telegram, stranger, data):
    assert "none of ours" in await press(stranger, ANA, data)
    assert (await now_is(in_chat)).state == "waiting"


async def test_one_changed_letter_makes_a_button_none_of_ours(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    for wrong in (approve.replace("a:", "u:", 1), approve[:-1] + ("A" if approve[-1] != "A" else "B")):
        assert "none of ours" in await press(stranger, ANA, wrong)
    assert (await now_is(in_chat)).state == "waiting"


async def test_another_organizations_button_decides_nothing_here(in_chat, telegram, stranger, bob, borealis):
    approve = carries(await shown(telegram), "Approve")
    await credentials.set(borealis, "telegram_bot_token", BOT_TOKEN, visitor(bob), clock.now())
    await credentials.set(borealis, "telegram_chat_id", "-1002", visitor(bob), clock.now())
    await approvers.switch(borealis, on=True, by=visitor(bob), now=clock.now())
    await approvers.add(borealis, bob.user.id, str(EVE), visitor(bob), Role.owner)
    theirs = (await credentials.of(borealis.id)).telegram_webhook_secret
    assert theirs and theirs != SECRET
    assert (await post(stranger, an_update(EVE, approve), theirs)).status_code == 403
    assert (await post(stranger, an_update(EVE, approve), theirs, "borealis")).status_code == 200
    await drain()
    told = await Delivery.of(borealis).where(Delivery.name == "telegram_answer").first()
    assert "gone" in told.payload["popup"] and (await now_is(in_chat)).state == "waiting"


async def test_a_reply_that_does_not_fit_can_be_rejected_there_but_not_approved(team, telegram, in_chat):
    await rows("DELETE FROM delivery")
    await rows("UPDATE suggestion SET draft = {}", "😀" * 1200)
    long = await now_is(in_chat)
    payload = await showing.payload_of(team, await Conversation.get_of(team, in_chat.conversation), long)
    assert [label for label, _ in payload["buttons"]] == ["Reject"] and "longer than this chat shows" in payload[
        "lines"
    ][-1]


async def test_hostile_words_are_text_and_fit(in_chat, telegram, team):
    await rows("UPDATE message SET text = {}", "<b>x</b> & <script>alert(1)</script>\n" + "😀&<" * 3000)
    await rows("UPDATE conversation SET name = {}", "<i>Eve</i>\n" + "😀" * 180)
    await rows("UPDATE suggestion SET draft = {}", "<blockquote>" + "<&>😀" * 430)
    marks = [{"ok": False, "name": "links", "said": f"Links elsewhere: {'<' * 200}"}] * 9
    await rows("UPDATE suggestion SET checks = {}", marks)
    found = await now_is(in_chat)
    payload = await showing.payload_of(team, await Conversation.get_of(team, in_chat.conversation), found)
    assert [label for label, _ in payload["buttons"]] == ["Approve", "Reject"]
    text = telegram_text(payload | {"said": "x" * 900})
    await (await credentials.integrations_for(team.id)).telegram.send("", text, payload["buttons"])
    assert "&lt;script&gt;" in text and "<script" not in text and telegram.sent("telegram")[-1]["body"]["text"] == text


async def test_an_answer_that_comes_too_late_still_rewrites_the_message(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    update = an_update(ANA, approve)
    telegram.objects[update["callback_query"]["id"]] = {}
    await post(stranger, update)
    await drain()
    assert labels(await shown(telegram)) == ["Undo"]
    assert (await Delivery.objects().where(Delivery.name == "telegram_answer").first()).state == "sent"


async def test_an_answer_that_a_later_one_has_overtaken_leaves_the_message_alone(in_chat, telegram, stranger):
    """Both people are told, whatever order their answers leave in; the message ends with what the last one says."""
    approve = carries(await shown(telegram), "Approve")
    telegram.mode("telegram", "429", times=1)
    assert "goes out in 10 seconds" in await press(stranger, ANA, approve)
    await leave()
    assert (await _answers())[0].state == "queued"  # and is due again later
    undo = buttons.undo(await now_is(in_chat))
    assert await press(stranger, ALICE, undo[0][1]) == "Taken back. Nothing was sent."
    await rows("UPDATE delivery SET due_at = created_at WHERE state = 'queued'")
    assert labels(await shown(telegram)) == ["Approve", "Reject"]
    assert [each.state for each in await _answers()] == ["sent", "sent"]
    sent_to = [each["path"] for each in telegram.sent("telegram")]
    assert (sent_to.count("/answerCallbackQuery"), sent_to.count("/editMessageText")) == (2, 1)


async def test_no_answer_leaves_while_another_to_the_same_message_is_on_its_way(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    await press(stranger, ANA, approve)
    await rows("UPDATE delivery SET state = 'sending' WHERE name = 'telegram_answer'")
    undo = buttons.undo(await now_is(in_chat))
    await press(stranger, ALICE, undo[0][1])
    await leave()
    assert [each.state for each in await _answers()] == ["sending", "queued"]
    await rows("UPDATE delivery SET state = 'sent' WHERE state = 'sending'")
    assert labels(await shown(telegram)) == ["Approve", "Reject"]


async def _answers() -> list[Delivery]:
    return await Delivery.objects().where(Delivery.name == "telegram_answer").order_by(Delivery.id)


async def test_a_telegram_that_is_away_is_told_later_and_nothing_is_unknown(in_chat, telegram, stranger):
    approve = carries(await shown(telegram), "Approve")
    telegram.mode("telegram", "cut", times=1)
    await press(stranger, ANA, approve)
    await leave()
    told = await Delivery.objects().where(Delivery.name == "telegram_answer").first()
    assert told.state == "queued" and told.attempt == 1
