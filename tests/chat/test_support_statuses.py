"""The support addresses line by line: each field, each status, who is slowed, and how long an identity is good for."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts.tables import Organization
from dashboard.assistant import budget, prices
from dashboard.assistant.tables import AssistantDay
from dashboard.chat import identity
from dashboard.chat.routes import api
from dashboard.conversations.tables import Message
from dashboard.database import rows
from dashboard.errors import NotAllowed
from dashboard.knowledge import loading
from tests import canaries
from tests.chat.test_support_api import SHOP, ask, signed
from tests.orders.cast import an_order
from tests.partners.provider import provider

SECRET = {"X-Internal-Secret": canaries.EVERY["INTERNAL_API_SECRET"]}
ROBIN = "robin@customer.example"


@pytest.fixture
async def knowing(acme):
    await loading.load(acme, clock.now())
    await Organization.update({Organization.support: {"origins": [SHOP]}}).where(Organization.id == acme.id)
    return await Organization.objects().where(Organization.id == acme.id).first()


async def test_health_names_each_connection_and_listed_sites_may_read_it(stranger, acme, borealis, settings):
    everything = {
        "openai_api_key": canaries.OPENAI_KEY, "openai_model": "tiny", "openai_base_url": "http://127.0.0.1:9",
        "telegram_bot_token": canaries.BOT_TOKEN, "telegram_chat_id": "-1", "telegram_api_url": "http://127.0.0.1:9",
        "whatsapp_access_token": canaries.WHATSAPP_TOKEN, "whatsapp_sender_id": "1", "whatsapp_admin_phone": "+15550100042",
        "whatsapp_api_url": "http://127.0.0.1:9",
    }  # fmt: skip
    process_settings.use(replace(settings, **everything))
    names = ("openai_configured", "telegram_configured", "whatsapp_configured")
    for path, connected in (("/api/support/health", True), ("/api/support/borealis/health", False)):
        answer = await stranger.request("GET", path)
        assert answer.json() == {"status": "ok"} | dict.fromkeys(names, connected)
        assert "access-control-allow-origin" not in answer.headers and answer.headers["cache-control"] == "no-store"
        foreign = await stranger.get(path, headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
        assert foreign.status_code == 403 and "access-control-allow-origin" not in foreign.headers
    await Organization.update({Organization.support: {"origins": [SHOP]}}).where(Organization.id == acme.id)
    listed = await stranger.get("/api/support/health", headers={"Origin": SHOP, "Sec-Fetch-Site": "cross-site"})
    assert listed.status_code == 200 and listed.headers["access-control-allow-origin"] == SHOP


async def test_a_proven_customer_gets_the_same_fields_and_the_ticket_once_there_is_one(stranger, knowing):
    order = await an_order(knowing, customer_email=ROBIN)
    first = (await ask(stranger, "Where is my order?", "/api/support/private", identity=signed(knowing, ROBIN))).json()
    assert set(first) == {"reply", "sources", "escalationSuggested", "conversationId", "ticketId"}
    assert first["ticketId"] is None and isinstance(first["escalationSuggested"], bool)
    assert all(set(each) == {"title", "heading", "slug", "anchor"} for each in first["sources"])
    again = {"conversationId": first["conversationId"], "identity": signed(knowing, ROBIN)}
    called = (await ask(stranger, "", "/api/support/escalate", **again)).json()
    assert set(called) == {"status", "ticketId", "message", "conversationId"}
    assert (called["status"], called["ticketId"]) == ("open", 1) and called["conversationId"] == first["conversationId"]
    later = (await ask(stranger, "Anything new?", "/api/support/private", **again)).json()
    assert later["ticketId"] == 1 and "ticket 1" in later["reply"] and order.lead


async def test_orders_are_told_with_a_model_only_to_whom_they_belong(stranger, knowing, settings):
    order = await an_order(knowing, customer_email=ROBIN)
    async with provider() as model:
        connected = {"openai_api_key": canaries.OPENAI_KEY, "openai_model": "tiny", "openai_base_url": model.url}
        process_settings.use(replace(settings, **connected))
        model.writes = lambda said: {
            "answer": said["records"][0]["text"] if said["records"] else "I do not know.", "sources": ["R1"],
            "confidence": 90, "sentiment": "neutral", "topic": "orders", "needs_person": False,
        }  # fmt: skip
        question = "Where is my order for the professional audit?"
        mine = await ask(stranger, question, "/api/support/private", identity=signed(knowing, ROBIN))
        assert f"Order {order.number}" in mine.json()["reply"] and mine.json()["sources"][0]["title"] == "Your orders"
        for other in (
            await ask(stranger, question, "/api/support/private", identity=signed(knowing, "eve@customer.example")),
            await ask(stranger, question, email=ROBIN),
        ):
            assert other.status_code == 200 and f"Order {order.number}" not in other.json()["reply"]


@pytest.mark.parametrize(
    ("seconds", "good"), [(-1, False), (0, False), (1, True), (24 * 3600, True), (24 * 3600 + 1, False)]
)
async def test_an_identity_ends_on_its_second(knowing, seconds, good):
    now = datetime.fromtimestamp(1_795_200_000, tz=clock.now().tzinfo)
    expires = 1_795_200_000 + seconds
    said = {"email": ROBIN, "expires": expires, "signature": identity.sign(knowing, ROBIN, expires)}
    if good:
        assert identity.proven(knowing, said, now)[0] == ROBIN
    else:
        with pytest.raises(NotAllowed):
            identity.proven(knowing, said, now)


async def test_an_identity_that_was_good_is_refused_once_it_is_over(knowing):
    now, said = clock.now(), signed(knowing, ROBIN, 600)
    assert identity.proven(knowing, said, now)[0] == ROBIN
    for later in (timedelta(seconds=601), timedelta(days=2)):
        with pytest.raises(NotAllowed):
            identity.proven(knowing, said, now + later)


async def test_a_new_secret_ends_every_identity_signed_with_the_old_one(stranger, knowing):
    said = signed(knowing, ROBIN)
    await rows("UPDATE organization SET support = support || {} WHERE id = {}", {"identity_version": 2}, knowing.id)
    answer = await ask(stranger, "Where is my order?", "/api/support/private", identity=said)
    assert answer.status_code == 403 and await Message.count() == 0


@pytest.mark.parametrize("expires", [True, 1.5, "9999999999", None, [], 10**30, -(10**30)])
async def test_an_end_that_is_no_time_proves_nothing(stranger, knowing, expires):
    said = signed(knowing, ROBIN) | {"expires": expires}
    assert (await ask(stranger, "Hello", "/api/support/private", identity=said)).status_code == 403


async def test_escalating_needs_something_to_escalate(stranger, knowing):
    answer = await ask(stranger, "", "/api/support/escalate")
    assert answer.status_code == 422 and "Write what it is about" in str(answer.json())
    forged = {"email": ROBIN, "expires": int(clock.now().timestamp()) + 600, "signature": "0" * 64}
    assert (await ask(stranger, "Help", "/api/support/escalate", identity=forged)).status_code == 403
    assert (await ask(stranger, "Help", "/api/support/escalate", email="no")).status_code == 422


async def test_tickets_have_their_fields_limit_and_statistics(stranger, knowing):
    for number in range(3):
        await ask(stranger, f"Help {number}", "/api/support/escalate")
    await rows("UPDATE ticket SET status = 'solved' WHERE number = 1")
    path = "/api/support/tickets"
    found = (await stranger.get(path, headers=SECRET)).json()
    assert [each["number"] for each in found["tickets"]] == [3, 2, 1]
    assert set(found["tickets"][0]) == {
        "number", "subject", "status", "priority", "reason", "created_at", "updated_at", "first_reply_due_at",
        "first_replied_at", "solve_due_at", "solved_at", "channel", "name", "assignee",
    }  # fmt: skip
    assert found["stats"] == {"open": 2, "waiting": 0, "solved": 1, "closed": 0, "unassigned": 2, "total": 3}
    for query, numbers in (
        ("limit=1", [3]),
        ("status=solved", [1]),
        ("status=waiting", []),
        ("limit=0", [3]),
        ("limit=-5", [3]),
        ("limit=9999", [3, 2, 1]),
    ):
        answer = await stranger.get(f"{path}?{query}", headers=SECRET)
        assert [each["number"] for each in answer.json()["tickets"]] == numbers, query
    for query in ("limit=many", "limit=1.5", "status=open,solved"):
        assert (await stranger.get(f"{path}?{query}", headers=SECRET)).status_code in (400, 422), query
    assert "access-control-allow-origin" not in (await stranger.get(path, headers=SECRET | {"Origin": SHOP})).headers


async def test_without_an_internal_secret_there_is_no_list(stranger, knowing, settings):
    process_settings.use(replace(settings, internal_api_secret=""))
    for headers in ({}, {"X-Internal-Secret": ""}, SECRET):
        assert (await stranger.get("/api/support/tickets", headers=headers)).status_code == 404


@pytest.mark.parametrize("name", ["health", "public", "private", "escalate", "tickets"])
async def test_an_organization_that_is_none_has_no_address(stranger, knowing, name):
    method = "GET" if name in ("health", "tickets") else "POST"
    answer = await stranger.request(method, f"/api/support/nobody/{name}", json={"message": "Hello"}, headers=SECRET)
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["public", "private", "escalate"])
async def test_before_a_listed_site_posts_its_browser_is_told_that_it_may(stranger, knowing, borealis, name):
    asks = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = await stranger.request("OPTIONS", f"/api/support/{name}", headers=asks)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SHOP)
    assert "POST" in allowed.headers["access-control-allow-methods"]
    assert allowed.headers["access-control-allow-headers"] == "content-type" and "Origin" in allowed.headers["vary"]
    other = await stranger.request("OPTIONS", f"/api/support/borealis/{name}", headers=asks)  # which lists no site
    assert other.status_code == 403 and "access-control-allow-origin" not in other.headers


async def test_an_error_can_be_read_by_a_listed_site_and_by_no_other(stranger, knowing):
    for path, status in (("public", 422), ("private", 403), ("escalate", 422)):
        here = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
        answer = await stranger.request("POST", f"/api/support/{path}", json={"message": ""}, headers=here)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SHOP)
        there = here | {"Origin": "https://evil.example"}
        answer = await stranger.request("POST", f"/api/support/{path}", json={"message": "Hi"}, headers=there)
        assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers


async def test_a_form_of_another_site_that_needs_no_leave_is_refused(stranger, knowing):
    """What a browser sends without asking first: text/plain, and without an Origin from older ones."""
    for headers in (
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    ):  # fmt: skip
        answer = await stranger.request(
            "POST",
            "/api/support/escalate",
            content=b'{"message": "Help"}',
            headers={"Content-Type": "text/plain"} | headers,
        )
        assert answer.status_code == 403 and await Message.count() == 0


async def test_calls_for_a_person_are_counted_apart_and_by_organization(stranger, knowing, borealis):
    seen = [(await ask(stranger, f"Help {n}", "/api/support/escalate")).status_code for n in range(api.CALLS.tries + 1)]
    assert seen == [200] * api.CALLS.tries + [429]
    refused = await ask(stranger, "Help", "/api/support/escalate")
    assert int(refused.headers["retry-after"]) > 0 and refused.json()["error"]
    assert (await ask(stranger, "Is VAT included?")).status_code == 200
    assert (await ask(stranger, "Help", "/api/support/borealis/escalate")).status_code == 200


async def test_questions_of_proven_customers_are_slowed_too(stranger, knowing):
    said = {"identity": signed(knowing, ROBIN)}
    for _ in range(api.QUESTIONS.tries):
        await ask(stranger, "Is VAT included?", "/api/support/private", **said)
    assert (await ask(stranger, "Is VAT included?", "/api/support/private", **said)).status_code == 429
    assert (await ask(stranger, "Is VAT included?")).status_code == 200  # somebody else at that place


async def test_what_is_not_posted_or_too_large_is_refused(stranger, knowing):
    assert (await stranger.get("/api/support/public")).status_code == 405
    assert (await stranger.request("POST", "/api/support/health")).status_code in (403, 405)
    huge = await stranger.request("POST", "/api/support/public", content=b'{"message": "' + b"x" * 11_000_000 + b'"}')
    assert huge.status_code == 413
    long = await ask(stranger, "x" * 1_048_577)
    assert long.status_code == 422 and "too long" in str(long.json()) and await Message.count() == 0


async def test_the_cap_holds_when_two_hundred_strangers_ask_at_once(app, knowing, settings, visit):
    """Through the door, each from a place of their own: all get an answer, and few cost something."""
    most = prices.most("tiny", "x" * 9000, 700)
    await rows("UPDATE organization SET support = {} WHERE id = {}", {"daily_cap_micros": most * 4}, knowing.id)
    async with provider() as model:
        connected = {"openai_api_key": canaries.OPENAI_KEY, "openai_model": "tiny", "openai_base_url": model.url}
        process_settings.use(replace(settings, **connected))
        everybody = [await visit(None) for _ in range(8)]
        await rows("DELETE FROM attempt")
        limit, api.QUESTIONS = api.QUESTIONS, replace(api.QUESTIONS, tries=1000)
        try:
            answers = await asyncio.gather(
                *(ask(everybody[n % 8], "How much is the professional audit?") for n in range(200))
            )
        finally:
            api.QUESTIONS = limit
        day = await AssistantDay.of(knowing).first()
        assert [each.status_code for each in answers] == [200] * 200 and all(
            "€649" in each.json()["reply"] for each in answers
        )
        # Each was counted before it left; on a busy machine one may be given up before it has arrived.
        assert 0 < len(model.asked("openai")) <= day.calls < 200 and day.refused > 0
        assert day.micros == await budget.spent(knowing, clock.now().date()) <= most * 4
