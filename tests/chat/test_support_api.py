"""The support addresses: exact JSON, nobody else's data, one ticket and one alert, and only listed sites."""

import asyncio
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.chat import identity
from dashboard.conversations.tables import Conversation, Message
from dashboard.database import row, rows
from dashboard.deliveries.tables import Delivery
from dashboard.knowledge import loading
from dashboard.tickets.tables import Ticket
from tests import canaries
from tests.orders.cast import an_order

SHOP = "https://shop.example"


@pytest.fixture
async def knowing(acme):
    await loading.load(acme, clock.now())
    await Organization.update({Organization.support: {"origins": [SHOP]}}).where(Organization.id == acme.id)
    return acme


def signed(organization, email, seconds=600, **more):
    expires = int(clock.now().timestamp()) + seconds
    return {"email": email, "expires": expires, "signature": identity.sign(organization, email, expires)} | more


async def ask(browser, message, path="/api/support/public", headers=None, **more):
    return await browser.request("POST", path, json={"message": message} | more, headers=headers or {})


async def test_health_says_what_is_connected(stranger, acme):
    answer = await stranger.get("/api/support/health")
    assert answer.json() == {
        "status": "ok", "openai_configured": False, "telegram_configured": False, "whatsapp_configured": False,
    }  # fmt: skip


async def test_a_question_is_answered_with_its_source_and_kept(stranger, knowing):
    answer = await ask(stranger, "How much is the professional audit?")
    said = answer.json()
    assert answer.status_code == 200 and set(said) == {"reply", "sources", "escalationSuggested", "conversationId"}
    assert "€649" in said["reply"] and said["escalationSuggested"] is False
    assert {
        "title": "Audits: plans and prices",
        "heading": "Professional audit",
        "slug": "audits",
        "anchor": "professional-audit",
    } in said["sources"]
    again = await ask(stranger, "And the starter audit?", conversationId=said["conversationId"])
    assert again.json()["conversationId"] == said["conversationId"]
    [conversation] = await Conversation.of(knowing)
    assert (
        conversation.messages == 4
        and not conversation.needs_reply
        and said["conversationId"].encode() not in conversation.visitor_hash
    )
    kinds = [each.author_kind for each in await Message.of(knowing).order_by(Message.number)]
    assert kinds == ["visitor", "machine", "visitor", "machine"]


async def test_what_nobody_wrote_down_is_not_known_and_a_person_is_offered(stranger, knowing):
    said = (await ask(stranger, "Do you sell bicycles?")).json()
    assert "I do not know" in said["reply"] and said["sources"] == [] and said["escalationSuggested"] is True
    [conversation] = await Conversation.of(knowing)
    assert conversation.needs_reply and conversation.unread


@pytest.mark.parametrize("message", ["I want to talk to a human", "I will call my lawyer about the audit price", "This is a SCAM, unacceptable",
                                     "ich möchte mit einem Menschen sprechen", "your site was hacked, my data was stolen", "refund my audit"])  # fmt: skip
async def test_a_person_is_suggested_where_one_is_needed(stranger, knowing, message):
    assert (await ask(stranger, message)).json()["escalationSuggested"] is True


async def test_two_answers_that_did_not_help_call_for_a_person(stranger, knowing):
    first = (await ask(stranger, "Do you sell bicycles?")).json()
    await ask(stranger, "Do you sell canoes?", conversationId=first["conversationId"])
    assert (await Conversation.of(knowing).first()).failed_answers == 2
    helped = await ask(stranger, "How much is the starter audit?", conversationId=first["conversationId"])
    assert (
        helped.json()["escalationSuggested"] is False and (await Conversation.of(knowing).first()).failed_answers == 0
    )


async def test_the_same_message_sent_again_is_there_once_with_one_answer(stranger, knowing):
    first = (await ask(stranger, "Is VAT included?", messageId="m1")).json()
    answers = await asyncio.gather(
        *(ask(stranger, "Is VAT included?", messageId="m1", conversationId=first["conversationId"]) for _ in range(5))
    )
    assert {each.json()["reply"] for each in answers} == {first["reply"]}
    assert await Message.count() == 2


async def test_a_conversation_is_nobody_elses(stranger, knowing, borealis):
    said = (await ask(stranger, "Is VAT included?")).json()
    other = await ask(stranger, "Hello", path="/api/support/borealis/public", conversationId=said["conversationId"])
    assert other.json()["conversationId"] != said["conversationId"]
    guessed = await ask(stranger, "Hello", conversationId="c_" + "x" * 32)
    assert guessed.json()["conversationId"] != "c_" + "x" * 32


async def test_another_organization_answers_at_its_own_address(stranger, knowing, borealis):
    said = (await ask(stranger, "How much is the professional audit?", path="/api/support/borealis/public")).json()
    assert said["sources"] == [] and "I do not know" in said["reply"]
    assert (await stranger.get("/api/support/nobody/health")).status_code == 404


async def test_a_signed_identity_hears_of_its_own_orders_and_of_nobody_elses(stranger, knowing, borealis):

    order = await an_order(knowing, customer_email="robin@customer.example")
    said = await ask(
        stranger, "Where is my order?", "/api/support/private", identity=signed(knowing, "Robin@Customer.example")
    )
    assert said.status_code == 200, said.text
    assert set(said.json()) == {"reply", "sources", "escalationSuggested", "conversationId", "ticketId"}
    [conversation] = await Conversation.of(knowing)
    assert conversation.identified and conversation.lead == order.lead
    stolen = await ask(stranger, "And now?", conversationId=said.json()["conversationId"])
    assert stolen.json()["conversationId"] != said.json()["conversationId"]


@pytest.mark.parametrize("change", ["none", "bare", "email", "signature", "expired", "far", "organization", "text"])
async def test_an_identity_that_is_not_proven_is_refused(stranger, knowing, borealis, change):
    good = signed(knowing, "robin@customer.example")
    bad = {
        "none": None, "bare": "robin@customer.example", "email": good | {"email": "eve@customer.example"},
        "signature": good | {"signature": good["signature"][:-1] + ("0" if good["signature"][-1] != "0" else "1")},
        "expired": signed(knowing, "robin@customer.example", -1), "far": signed(knowing, "robin@customer.example", 90_000),
        "organization": signed(borealis, "robin@customer.example"), "text": good | {"expires": str(good["expires"])},
    }[change]  # fmt: skip
    answer = await ask(stranger, "Where is my order?", "/api/support/private", identity=bad)
    assert answer.status_code == 403 and await Message.count() == 0


async def test_calling_a_person_makes_one_ticket_and_one_alert_however_often(stranger, knowing):
    said = (await ask(stranger, "Do you sell bicycles?")).json()
    answers = await asyncio.gather(
        *(
            ask(
                stranger,
                "",
                "/api/support/escalate",
                conversationId=said["conversationId"],
                email="l@meyerwerk.example",
            )
            for _ in range(5)
        )
    )
    assert {each.status_code for each in answers} == {200}
    assert {each.json()["ticketId"] for each in answers} == {1} and {each.json()["status"] for each in answers} == {
        "open"
    }
    assert "ticket 1" in answers[0].json()["message"] and "l•••@meyerwerk.example" in answers[-1].json()["message"]
    assert await Ticket.count() == 1 and await Delivery.count().where(Delivery.name == "ticket_escalated") == 1
    later = (await ask(stranger, "Hello?", conversationId=said["conversationId"])).json()
    assert "ticket 1" in later["reply"]


async def test_a_proven_customer_who_needs_a_person_gets_a_ticket_at_once(stranger, knowing):
    await an_order(knowing, customer_email="robin@customer.example")
    said = await ask(
        stranger,
        "I want my money back or I sue",
        "/api/support/private",
        identity=signed(knowing, "robin@customer.example"),
    )
    assert said.json()["ticketId"] == 1
    ticket = await Ticket.of(knowing).first()
    assert ticket.reason in ("refund", "legal") and ticket.lead is not None


async def test_tickets_are_listed_for_who_knows_the_secret(stranger, knowing, alice, borealis):
    await ask(stranger, "Help me", "/api/support/escalate")
    for headers in ({}, {"X-Internal-Secret": "wrong"}):
        for browser in (stranger, alice):
            assert (await browser.request("GET", "/api/support/tickets", headers=headers)).status_code == 403
    secret = {"X-Internal-Secret": canaries.EVERY["INTERNAL_API_SECRET"]}
    found = (await stranger.request("GET", "/api/support/tickets?limit=5&status=open", headers=secret)).json()
    assert found["tickets"][0]["number"] == 1 and found["stats"]["open"] == 1
    assert (await stranger.request("GET", "/api/support/borealis/tickets", headers=secret)).json()["tickets"] == []
    assert (await stranger.request("GET", "/api/support/tickets?status=odd", headers=secret)).status_code == 422


async def test_only_listed_sites_may_ask_from_a_browser(stranger, knowing):
    good = await ask(stranger, "Is VAT included?", headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
    assert good.headers["access-control-allow-origin"] == SHOP and "Origin" in good.headers["vary"]
    assert "access-control-allow-credentials" not in good.headers
    for origin in (
        "https://evil.example",
        "null",
        "https://shop.example.evil.example",
        "http://shop.example",
        "https://shop.example:444",
        "*",
    ):
        answer = await ask(stranger, "Is VAT included?", headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers, origin
        asked = await stranger.request("OPTIONS", "/api/support/public", headers={"Origin": origin})
        assert "access-control-allow-origin" not in asked.headers
    asked = await stranger.request(
        "OPTIONS", "/api/support/public", headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    )
    assert asked.status_code == 204 and asked.headers["access-control-allow-origin"] == SHOP
    assert await Message.count() == 2


async def test_too_many_questions_from_one_place_are_slowed(stranger, knowing):
    from dashboard.chat.routes import api

    seen = [(await ask(stranger, "Is VAT included?")).status_code for _ in range(api.QUESTIONS.tries + 1)]
    assert seen[:-1] == [200] * api.QUESTIONS.tries and seen[-1] == 429
    refused = await ask(stranger, "More", headers={"Origin": SHOP})
    assert (
        refused.status_code == 429
        and refused.headers["retry-after"]
        and refused.headers["access-control-allow-origin"] == SHOP
    )


async def test_one_customer_of_a_company_does_not_use_up_what_the_others_may_ask(stranger, knowing):
    """Its server asks for all of them from one place."""
    from dashboard.chat.routes import api

    async def private(email):
        return await ask(stranger, "Is VAT included?", "/api/support/private", identity=signed(knowing, email))

    seen = [(await private("robin@customer.example")).status_code for _ in range(api.QUESTIONS.tries + 1)]
    assert seen == [200] * api.QUESTIONS.tries + [429]
    assert (await private("Robin@Customer.example")).status_code == 429
    assert (await private("ingrid@customer.example")).status_code == 200


async def test_health_and_tickets_are_for_machines_and_listed_sites_and_not_endlessly(stranger, knowing, monkeypatch):
    from dashboard.chat.routes import api

    monkeypatch.setattr(api, "LOOKS", api.Limit(3, timedelta(minutes=5)))

    async def health(**headers):
        return await stranger.request("GET", "/api/support/health", headers=headers)

    assert "access-control-allow-origin" not in (await health()).headers
    assert (await health(Origin=SHOP)).headers["access-control-allow-origin"] == SHOP
    foreign = await health(Origin="https://evil.example")
    assert foreign.status_code == 403 and "access-control-allow-origin" not in foreign.headers
    assert [(await health()).status_code for _ in range(2)] == [200, 429]
    guesses = [
        (await stranger.request("GET", "/api/support/tickets", headers={"X-Internal-Secret": f"{n}"})).status_code
        for n in range(4)
    ]
    assert guesses == [403, 403, 403, 429]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b'{"message": 5}',
        b'{"message": "  "}',
        b'{"message": "x", "email": "no"}',
        b"[" * 100_000,
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(stranger, knowing, body):
    answer = await stranger.request(
        "POST", "/api/support/public", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422 and answer.json()["error"] and await Message.count() == 0


async def test_any_text_is_kept_as_it_was_written(stranger, knowing):
    texts = [
        "<script>alert(1)</script> <img src=x onerror=alert(1)> {{7*7}}",
        "مرحبا \u202e עברית 🙂👩‍👩‍👧",
        "a\x00b",
        "x " * 400_000,
        "hx-get=/ [a](javascript:alert(1))",
    ]
    for text in texts:
        assert (await ask(stranger, text)).status_code == 200
    await rows("DELETE FROM attempt")
    raw = await stranger.request(
        "POST",
        "/api/support/public",
        content=b'{"message": "a \\ud83d b"}',
        headers={"Content-Type": "application/json"},
    )
    assert raw.status_code == 200
    kept = [each.text for each in await Message.of(knowing).where(Message.direction == "in").order_by(Message.id)]
    assert kept == [*(text.replace("\0", "").strip() for text in texts), "a  b"]


async def test_an_old_thread_is_not_resumed(stranger, knowing):
    said = (await ask(stranger, "Is VAT included?")).json()
    await rows("UPDATE conversation SET last_message_at = {}", clock.now() - timedelta(days=31))
    assert (await ask(stranger, "Hello", conversationId=said["conversationId"])).json()["conversationId"] != said[
        "conversationId"
    ]


async def test_a_message_is_kept_even_when_the_answer_breaks(stranger, knowing, monkeypatch):
    from dashboard.assistant import answering

    async def broken(*args, **more):
        raise RuntimeError("a bug")

    monkeypatch.setattr(answering, "answer", broken)
    assert (await ask(stranger, "Is VAT included?", messageId="m1")).status_code == 500
    found = await row("SELECT needs_reply, messages FROM conversation")
    assert found == {"needs_reply": True, "messages": 1}
