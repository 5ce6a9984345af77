"""One ticket: answering, waiting, solving, giving it to somebody, merging, and taking each of these back."""

from datetime import timedelta

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel, Conversation, Message
from dashboard.database import row, rows
from dashboard.deliveries.tables import Delivery
from dashboard.tickets import actions, due, work
from dashboard.tickets.tables import Ticket
from tests.tickets.cast import a_conversation, a_person, a_ticket

ONCE = "abcdefgh12345678"


async def now_of(ticket: Ticket) -> Ticket:
    found = await Ticket.across_organizations().where(Ticket.id == ticket.id).first()
    assert found is not None
    return found


async def say(browser, number=1, text="It is fixed.", **more):
    return await browser.post(
        f"/acme/tickets/{number}/replies", data={"text": text, "once": ONCE, "kind": "reply"} | more
    )


async def replies(acme) -> int:
    return len(await Message.of(acme).where(Message.direction == "out"))


async def last_change() -> int:
    found = await row("SELECT max(id) AS id FROM activity WHERE subject_kind = 'ticket' AND data ? 'before'")
    return found["id"]


async def test_a_ticket_is_numbered_opened_once_and_promises_a_reply_in_working_time(acme, alice):
    lead = await a_person(acme)
    conversation = await a_conversation(acme, lead)
    first, new = await actions.open_ticket(acme, conversation, "Wrong site", "asked", clock.now())
    again, also_new = await actions.open_ticket(acme, conversation, "Wrong site", "angry", clock.now())
    assert (first.number, new, again.id, also_new) == (1, True, first.id, False)
    promises = await due.load(acme)
    assert (first.first_reply_due_at, first.solve_due_at) == promises.start("normal", first.created_at)
    other, _ = await actions.open_ticket(acme, await a_conversation(acme, lead), "Second", "asked", clock.now())
    assert other.number == 2
    page = await alice.get("/acme/tickets/1")
    assert page.status_code == 200 and "The report names the wrong site." in page.text and "Wrong site" in page.text


async def test_a_reply_by_mail_leaves_in_ten_seconds_within_its_thread_and_the_ticket_waits(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    answer = await say(alice)
    assert answer.status_code == 200 and "It is fixed." in answer.text and "10 seconds" in answer.headers["HX-Trigger"]
    [mail] = await Delivery.of(acme).where(Delivery.kind == "mail")
    assert mail.recipient == "ingrid@solheim.example" and mail.due_at > clock.now() + timedelta(seconds=5)
    assert mail.payload["headers"]["In-Reply-To"] == "<first@mail.solheim.example>"
    assert "<first@mail.solheim.example>" in mail.payload["headers"]["References"]
    assert mail.payload["subject"] == "Re: Wrong site" and "It is fixed." in mail.payload["text"]
    found = await now_of(ticket)
    assert found.status == "waiting" and found.first_replied_at and found.paused_at
    conversation = await Conversation.get_of(acme, ticket.conversation)
    assert not conversation.needs_reply
    await say(alice)
    assert await replies(acme) == 1, "a second click sends nothing"


async def test_a_reply_can_be_taken_back_until_it_leaves(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    before = await now_of(ticket)
    await say(alice)
    undone = await alice.post(f"/acme/tickets/1/changes/{await last_change()}/reversal")
    assert undone.status_code == 200
    [mail] = await Delivery.of(acme).where(Delivery.kind == "mail")
    assert mail.state == "cancelled"
    assert await replies(acme) == 0
    after = await now_of(ticket)
    assert (after.status, after.first_replied_at, after.paused_at, after.solve_due_at) == (
        "open", None, None, before.solve_due_at,
    )  # fmt: skip
    assert (await Conversation.get_of(acme, ticket.conversation)).needs_reply
    await say(alice, once="another-word-1")
    await Delivery.update({Delivery.state: "sent"}, force=True)
    late = await alice.post(f"/acme/tickets/1/changes/{await last_change()}/reversal")
    assert late.status_code == 409 and (await now_of(ticket)).status == "waiting"


async def test_what_the_customer_wrote_meanwhile_still_waits_when_a_reply_is_taken_back(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    await conversations.answer(await Conversation.get_of(acme, ticket.conversation), "Done.", "x", clock.now())
    await rows("UPDATE conversation SET unread = false")
    await say(alice, then="open")
    conversation = await Conversation.get_of(acme, ticket.conversation)
    assert not conversation.needs_reply
    await conversations.receive(conversation, "Please stop, it is the wrong site!", "in-2", clock.now())
    await conversations.ask_for_person(conversation, clock.now())
    undone = await alice.post(f"/acme/tickets/1/changes/{await last_change()}/reversal")
    assert undone.status_code == 200 and await replies(acme) == 1
    found = await Conversation.get_of(acme, ticket.conversation)
    assert found.needs_reply and found.needs_reply_since and found.unread
    assert (
        found.excerpt == "Please stop, it is the wrong site!" and found.last_message_at > conversation.last_message_at
    )


async def test_an_automatic_answer_meanwhile_does_not_hide_that_a_reply_was_taken_back(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    await say(alice, then="open")
    conversation = await Conversation.get_of(acme, ticket.conversation)
    await conversations.receive(conversation, "I am away.", "in-2", clock.now(), outcome=conversations.AUTOMATIC)
    await alice.post(f"/acme/tickets/1/changes/{await last_change()}/reversal")
    found = await Conversation.get_of(acme, ticket.conversation)
    assert found.needs_reply and found.needs_reply_since and found.excerpt == "I am away."


async def test_a_note_is_for_the_team_only(acme, alice):
    await a_ticket(acme, await a_person(acme))
    answer = await say(alice, kind="note", text="Checked: the right site.")
    assert "Checked: the right site." in answer.text and "note-in" in answer.text
    assert not await Delivery.of(acme).where(Delivery.kind == "mail")
    assert await replies(acme) == 0


async def test_who_writes_while_somebody_else_answered_is_told_who_and_loses_nothing(acme, alice, ana):
    ticket = await a_ticket(acme, await a_person(acme))
    seen = await row("SELECT max(id) AS id FROM message")
    await say(ana, text="I have it.", seen=str(seen["id"]))
    clash = await say(alice, text="My own words", once="another-word-2", seen=str(seen["id"]))
    assert clash.status_code == 409 and "Ana Alba wrote while you did" in clash.text and "My own words" in clash.text
    assert await replies(acme) == 1
    newest = await row("SELECT max(id) AS id FROM message")
    sent = await say(alice, text="My own words", once="another-word-2", seen=str(newest["id"]))
    assert sent.status_code == 200 and (await now_of(ticket)).status == "waiting"


async def test_others_see_who_is_replying(acme, alice, ana):
    await a_ticket(acme, await a_person(acme))
    await ana.post("/acme/tickets/1/presence")
    assert "Ana Alba has this open" in (await alice.post("/acme/tickets/1/presence")).text
    await ana.post("/acme/tickets/1/presence?typing=1")
    assert "Ana Alba is replying" in (await alice.get("/acme/tickets/1/presence")).text
    assert "Alice Arden is replying" not in (await alice.get("/acme/tickets/1")).text


async def test_the_clocks_stand_still_while_it_waits(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    before = await now_of(ticket)
    promises = await due.load(acme)
    start = before.created_at
    left = promises.hours.between(start, before.solve_due_at)
    await work.set_status(acme, before, "waiting", start + timedelta(minutes=1))
    later = start + timedelta(days=9)
    await work.set_status(acme, before, "open", later)
    after = await now_of(ticket)
    spent = promises.hours.between(start, start + timedelta(minutes=1))
    assert promises.hours.between(later, after.solve_due_at) == left - spent
    assert after.reopened == 0


async def test_a_customer_who_writes_again_opens_it_again(acme, alice):
    ticket = await a_ticket(acme, await a_person(acme))
    await alice.post("/acme/tickets/1/status", data={"status": "solved"})
    conversation = await Conversation.get_of(acme, ticket.conversation)
    await conversations.receive(conversation, "It is still wrong.", "second", clock.now())
    assert await work.customer_wrote(acme, conversation, clock.now()) == ticket.id
    found = await now_of(ticket)
    assert (found.status, found.reopened, found.solved_at) == ("open", 1, None)
    await alice.post("/acme/tickets/1/status", data={"status": "closed"})
    assert await work.customer_wrote(acme, conversation, clock.now()) is None, "a closed one stays closed"


async def test_every_change_of_a_ticket_can_be_taken_back_but_not_over_a_later_one(acme, alice, ana):
    ticket = await a_ticket(acme, await a_person(acme))
    before = await now_of(ticket)
    await alice.post("/acme/tickets/1/priority", data={"priority": "urgent"})
    urgent = await now_of(ticket)
    assert urgent.priority == "urgent" and urgent.first_reply_due_at < before.first_reply_due_at
    change = await last_change()
    await alice.post(f"/acme/tickets/1/changes/{change}/reversal")
    again = await now_of(ticket)
    assert (again.priority, again.first_reply_due_at) == ("normal", before.first_reply_due_at)
    await alice.post("/acme/tickets/1/assignment", data={"assignee": str(alice.user.id)})
    mine = await last_change()
    await alice.post("/acme/tickets/1/assignment", data={"assignee": str(ana.user.id)})
    refused = await alice.post(f"/acme/tickets/1/changes/{mine}/reversal")
    assert refused.status_code == 409 and (await now_of(ticket)).assignee == ana.user.id
    verbs = [
        each.verb for each in await Activity.of(acme).where(Activity.subject_kind == "ticket").order_by(Activity.id)
    ]
    assert verbs == ["opened", "priority", "undone", "assigned", "assigned"]


async def test_merging_shows_both_threads_in_one_and_can_be_taken_back(acme, alice):
    lead = await a_person(acme)
    one = await a_ticket(acme, lead, "First", text="The first thread")
    other = await a_ticket(acme, lead, "Second", text="The second thread")
    merged = await alice.post("/acme/tickets/1/merge", data={"into": "2"})
    assert merged.status_code == 200
    page = await alice.get("/acme/tickets/2")
    assert "The first thread" in page.text and "The second thread" in page.text
    first = await Conversation.get_of(acme, one.conversation)
    assert await work.customer_wrote(acme, first, clock.now()) == other.id, "what comes later belongs to the other one"
    assert (await say(alice, number=1)).status_code == 409
    assert (await alice.post("/acme/tickets/2/merge", data={"into": "1"})).status_code == 409
    assert (await alice.post("/acme/tickets/2/merge", data={"into": "2"})).status_code == 422
    undone = await alice.post(f"/acme/tickets/1/changes/{await last_change()}/reversal")
    assert undone.status_code == 200
    back = await now_of(one)
    assert (back.status, back.merged_into) == ("open", None)
    assert "The first thread" not in (await alice.get("/acme/tickets/2")).text


async def test_a_chat_gets_its_answer_at_once_and_no_mail(acme, alice):
    await a_ticket(acme, None, channel=Channel.web, name="Visitor", email="")
    await say(alice)
    assert await replies(acme) == 1
    assert not await Delivery.of(acme).where(Delivery.kind == "mail")


async def test_strangers_and_viewers_cannot_act(acme, alice, vera, bob):
    ticket = await a_ticket(acme, await a_person(acme))
    for browser, wanted in ((vera, 403), (bob, 404)):
        for path, data in (("replies", {"text": "x", "once": ONCE}), ("status", {"status": "closed"})):
            assert (await browser.post(f"/acme/tickets/1/{path}", data=data)).status_code == wanted
    assert (await bob.get("/acme/tickets/1")).status_code == 404
    assert (await now_of(ticket)).status == "open"
    assert (await vera.get("/acme/tickets/1")).status_code == 200


async def test_the_page_asks_few_questions(acme, alice, queries):
    await a_ticket(acme, await a_person(acme))
    with queries() as seen:
        await alice.get("/acme/tickets/1")
    assert len(seen) <= 15, "\n".join(seen)


async def test_what_a_customer_writes_is_shown_as_text_whatever_it_is(acme, alice):
    attack = (
        '<img src=x onerror=alert(1)> <b hx-get="/acme/leads" hx-trigger="load">x</b> [a](javascript:alert(2)) {{7*7}}'
    )
    long = "\u202eمرحبا 🦊 " + "a" * 19_000
    ticket = await a_ticket(acme, await a_person(acme, name='"><script>alert(3)</script>'), attack[:200], text=attack)
    conversation = await Conversation.get_of(acme, ticket.conversation)
    await conversations.receive(conversation, long, "long", clock.now())
    for path in ("/acme/tickets/1", "/acme/tickets"):
        page = (await alice.get(path)).text
        assert "<script>alert" not in page and "<img src=x" not in page and '<b hx-get="/acme/leads"' not in page
        assert "javascript:" not in page.replace("[a](javascript:alert(2))", "") and "&lt;img src=x" in page
    assert "🦊" in (await alice.get("/acme/tickets/1")).text
