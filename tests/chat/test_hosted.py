"""The chat on our own page, without scripts and without a model."""

import re
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.conversations.tables import Conversation, Message
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.knowledge import loading
from dashboard.tickets.tables import Ticket


async def test_a_visitor_asks_and_the_thread_is_there_when_they_come_back(stranger, acme):
    await loading.load(acme, clock.now())
    assert "Ask Acme" in (await stranger.get("/chat/acme")).text and await Conversation.count() == 0
    sent = await stranger.request(
        "POST", "/chat/acme", data={"message": "How much is the <b>professional</b> audit?", "key": "k1"}
    )
    assert (
        sent.status_code == 303 and "HttpOnly" in sent.headers["set-cookie"] and "Secure" in sent.headers["set-cookie"]
    )
    page = await stranger.get("/chat/acme")
    assert "€649" in page.text and "Automatic answer" in page.text and "Professional audit" in page.text
    assert (
        "&lt;b&gt;professional" in page.text and "<b>professional" not in page.text and "Talk to a person" in page.text
    )
    await stranger.request(
        "POST", "/chat/acme", data={"message": "How much is the <b>professional</b> audit?", "key": "k1"}
    )
    assert await Message.count() == 2


async def test_a_person_is_called_once_and_the_page_says_so(stranger, acme):
    wrong = await stranger.request("POST", "/chat/acme/person", data={"email": "nobody"})
    assert wrong.status_code == 422 and "Write the whole address" in wrong.text and await Ticket.count() == 0
    for _ in range(2):
        await stranger.request("POST", "/chat/acme/person", data={"email": "l@meyerwerk.example"})
    page = await stranger.get("/chat/acme")
    assert "ticket 1" in page.text and "l•••@meyerwerk.example" in page.text and await Ticket.count() == 1


async def test_nobody_sees_anothers_thread_and_other_sites_cannot_post(visit, stranger, acme, borealis):
    await stranger.request("POST", "/chat/acme", data={"message": "My secret word is zinnober"})
    other = await visit(None)
    assert (
        "zinnober" not in (await other.get("/chat/acme")).text
        and "zinnober" not in (await stranger.get("/chat/borealis")).text
    )
    refused = await other.request(
        "POST",
        "/chat/acme",
        data={"message": "x"},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert refused.status_code == 403 and await Conversation.count() == 1
    assert (await other.get("/chat/nobody")).status_code == 404


async def test_nothing_written_is_said_and_kept_out(stranger, acme):
    refused = await stranger.request("POST", "/chat/acme", data={"message": "  "})
    assert refused.status_code == 422 and "Write a message" in refused.text and await Message.count() == 0


async def test_a_file_of_a_reply_is_in_the_thread_and_downloads_as_a_file_only(stranger, visit, alice, acme):
    await stranger.request("POST", "/chat/acme", data={"message": "Where is my report?"})
    await stranger.request("POST", "/chat/acme/person", data={})
    evil = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    sent = await alice.post(
        "/acme/tickets/1/replies", data={"text": "Here it is.", "once": "abcdefgh1234", "kind": "reply"},
        files={"file": ("<img src=x>.svg", evil, "image/svg+xml")},
    )  # fmt: skip
    assert sent.status_code == 200
    page = (await stranger.get("/chat/acme")).text
    [link] = re.findall(r'class="att" href="http[^"]*(/d/[^"]+)"', page)
    assert "&lt;img src=x&gt;.svg" in page and "<img src=x" not in page
    got = await (await visit(None)).get(link)
    assert got.status_code == 200 and got.content == evil
    assert (
        got.headers["content-disposition"].startswith("attachment")
        and "sandbox" in got.headers["content-security-policy"]
    )
    await rows("UPDATE file SET link_version = link_version + 1")
    assert (await stranger.get(link)).status_code == 403
    assert "/d/" in (await stranger.get("/chat/acme")).text


CALLS = {
    "I want to talk to a human": "asked", "This is a SCAM, unacceptable": "angry", "refund my audit": "refund",
    "I will call my lawyer about the audit price": "legal", "your site was hacked": "security",
}  # fmt: skip


@pytest.mark.parametrize(("message", "reason"), CALLS.items())
async def test_who_needs_a_person_is_handed_to_one_and_told_so(stranger, acme, message, reason):
    await loading.load(acme, clock.now())
    await stranger.request("POST", "/chat/acme", data={"message": message, "key": "k1"})
    [ticket] = await Ticket.of(acme)
    assert ticket.reason == reason and ticket.priority == ("normal" if reason in ("asked", "refund") else "high")
    assert await Delivery.count().where(Delivery.name == "ticket_escalated") == 1
    assert "A person will answer: ticket 1" in (await stranger.get("/chat/acme")).text
    answers = await Message.of(acme).where(Message.author_kind == "machine")
    assert len(answers) == 1 and not answers[0].text.startswith("I do not know")


async def test_two_answers_that_did_not_help_call_a_person(stranger, acme):
    for n, thing in enumerate(("bicycles", "canoes")):
        assert await Ticket.count() == 0
        await stranger.request("POST", "/chat/acme", data={"message": f"Do you sell {thing}?", "key": f"k{n}"})
    assert (await Ticket.of(acme).first()).reason == "unanswered"
    assert "with ticket 1. A person answers it here" in (await stranger.get("/chat/acme")).text


async def test_no_more_tickets_from_one_place_than_may_be_asked_for(visit, acme, monkeypatch):
    from dashboard.chat.routes import api

    monkeypatch.setattr(api, "CALLS", api.Limit(2, timedelta(minutes=5)))
    for _ in range(3):
        await (await visit(None)).request("POST", "/chat/acme", data={"message": "I want to talk to a human"})
    assert await Ticket.count() == 2 and await Conversation.count().where(Conversation.needs_reply.eq(True)) == 3


async def test_that_an_answer_helped_is_said_once_and_the_team_sees_it(stranger, visit, alice, acme, borealis):
    await loading.load(acme, clock.now())
    await stranger.request("POST", "/chat/acme", data={"message": "How much is the professional audit?"})
    page = await stranger.get("/chat/acme")
    assert "That helps" in page.text and 'name="number" value="2"' in page.text
    for number in ("1", "7", "two", "2", "2"):  # only an answer can have helped, and only one that was given
        said = await stranger.request("POST", "/chat/acme/helped", data={"number": number})
        assert said.status_code == 303
    page = await stranger.get("/chat/acme")
    assert "That helps" not in page.text and "Good to hear." in page.text and "Talk to a person" in page.text
    [line] = await Activity.of(acme).where(Activity.verb == "answer_helped")
    assert (line.actor, line.data) == ("customer", {"number": 2})
    found = await Conversation.of(acme).first()
    assert (
        "The person said that the automatic answer helped" in (await alice.get(f"/acme/conversations/{found.id}")).text
    )
    other = await visit(None)
    assert (await other.post("/chat/acme/helped", data={"number": "2"})).status_code == 404
    assert (await stranger.post("/chat/borealis/helped", data={"number": "2"})).status_code == 404

    await stranger.request("POST", "/chat/acme", data={"message": "Do you sell submarines in Atlantis?"})
    page = await stranger.get("/chat/acme")
    assert "That helps" not in page.text and "Good to hear." not in page.text  # there was no answer


async def test_the_pages_script_is_given_the_line_anew(stranger, acme):
    await loading.load(acme, clock.now())
    await stranger.request("POST", "/chat/acme", data={"message": "How much is the professional audit?"})
    said = await stranger.post("/chat/acme/helped", data={"number": "2"}, headers={"Accept": "application/json"})
    assert "Good to hear." in said.json()["person"]
