"""The chat live: what is written is there at once, nothing is lost, and a thread is nobody else's."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from dashboard import clock, links
from dashboard.assistant import answering
from dashboard.chat.seats import Seats
from dashboard.conversations import actions as conversations
from dashboard.conversations import replying
from dashboard.conversations.tables import Conversation, Message
from dashboard.database import current_engine, rows
from dashboard.deliveries.tables import Delivery
from dashboard.files.actions import store
from dashboard.knowledge import loading
from dashboard.tickets import presence
from dashboard.tickets.tables import Ticket
from tests.chat.streaming import PATIENCE, Page, house

pytestmark = pytest.mark.slow


@pytest.fixture
async def served(settings, acme):
    await loading.load(acme, clock.now())
    async with house(settings) as (app, url), httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        client.app = app
        yield client


@pytest.fixture
async def page(served):
    return Page(served)


async def the_conversation(organization):
    found = await Conversation.of(organization).first()
    assert found is not None
    return found


async def said_by(user, organization, text, key):
    return await replying.reply(organization, await the_conversation(organization), text, key, clock.now(), by=user)


async def test_an_answer_comes_by_sentences_after_what_is_done_for_it(page, acme):
    number = await page.says("How much is the professional audit?")
    told = await page.answer(number)
    assert [each.type for each in told][:1] == ["doing"] and told[0].data == answering.LOOKING
    [whole] = [each for each in told if each.type == "message"]
    parts = [each.data for each in told if each.type == "part"]
    kept = await Message.of(acme).where(Message.number == 2).first()
    assert len(parts) > 1 and "".join(parts).split() == kept.text.split()
    assert "€649" in whole.data and "Professional audit" in whole.data and 'id="said-2"' in whole.data


async def test_the_same_message_is_kept_once_and_answered_once(page, acme):
    numbers = [await page.says("Is VAT included?", "k1") for _ in range(3)]
    answers = await asyncio.gather(*(page.answer(numbers[0]) for _ in range(4)))
    assert numbers == [1, 1, 1] and await Message.count() == 2
    assert len({next(each.data for each in told if each.type == "message") for told in answers}) == 1


async def test_who_asks_for_a_person_in_words_sees_at_once_that_one_is_called(page, acme):
    number = await page.says("I want to talk to a human")
    async with page.following() as next_of:
        assert "Talk to a person" in (await next_of("person")).data
        told = await page.answer(number)
        assert "with ticket 1. A person answers it here" in told[-1].data
        assert "A person will answer: ticket 1" in (await next_of("person")).data
    assert (await Ticket.of(acme).first()).reason == "asked"


async def test_a_persons_reply_is_there_without_asking_again(page, acme, ana):
    await page.says("Do you sell bicycles?")
    async with page.following() as next_of:
        assert "bicycles" in (await next_of("message")).data
        assert "Talk to a person" in (await next_of("person")).data
        await page.answer(1)
        await page.post("person")
        assert "ticket 1" in (await next_of("person")).data
        assert (await Ticket.of(acme).first()).subject == "Do you sell bicycles?"
        await said_by(ana.user, acme, "We <b>do</b>\nnot.", "r1")
        reply = await next_of("message")
        assert "Ana Alba" in reply.data and "We &lt;b&gt;do&lt;/b&gt;\nnot." in reply.data
        assert "You talk to a person: ticket 1" in (await next_of("person")).data


async def test_a_file_of_a_reply_comes_with_it(page, acme, ana):
    await page.says("Where is my report?")
    async with page.following() as next_of:
        await next_of("ready")
        file = await store(acme, b"%PDF-1.7 the report", "Report.pdf", "staff")
        conversation = await the_conversation(acme)
        await replying.reply(acme, conversation, "Here it is.", "r1", clock.now(), by=ana.user, files=[file])
        reply = (await next_of("message")).data
        assert "Here it is." in reply and "Report.pdf" in reply and links.token(links.DOWNLOAD, file.id) in reply


async def test_who_writes_is_said_to_the_customer(page, acme, ana):
    await page.says("Do you sell bicycles?")
    await page.post("person")
    async with page.following() as next_of:
        await next_of("ready")
        await presence.seen(acme, 1, ana.user, clock.now(), typing=True)
        assert (await next_of("writing")).data == "Ana Alba"


async def test_a_stream_that_was_cut_goes_on_where_it_was(page, acme, ana):
    await page.says("Do you sell bicycles?")
    async with page.following() as next_of:
        await next_of("ready")
    for number in range(5):
        await said_by(ana.user, acme, f"Reply {number}", f"r{number}")
    await said_by(ana.user, acme, "x " * 40_000, "long")
    async with page.following() as next_of:
        numbers = [int((await next_of("message")).id) for _ in range(6)]
        assert numbers == [2, 3, 4, 5, 6, 7]
    async with page.following() as next_of:
        await next_of("ready")
        assert page.newest == 7


async def test_a_long_thread_comes_whole(page, acme, ana):
    await page.says("Hello")
    made = await the_conversation(acme)
    await rows(
        "INSERT INTO message (organization, conversation, number, direction, author_kind, text, key, created_at) "
        "SELECT {}, {}, n, 'out', 'staff', 'Line ' || n, 'n' || n, now() FROM generate_series(2, 450) n", acme.id, made.id,
    )  # fmt: skip
    await rows("UPDATE conversation SET messages = 450 WHERE id = {}", made.id)
    async with page.following() as next_of:
        assert [int((await next_of("message")).id) for _ in range(450)] == list(range(1, 451))


async def test_a_thread_is_nobody_elses(page, served, acme, borealis):
    number = await page.says("My secret word is zinnober")
    doors = (
        Page(served, token="c_" + "x" * 32), Page(served, token=f"{page.token}x"),
        Page(served, token=page.token[:-1]), Page(served, "borealis", page.token),
    )  # fmt: skip
    for other in doors:
        headers = {"X-Conversation": other.token}
        asked = await served.get(f"/chat/{other.brand}/live", headers=headers)
        answered = await other.post("answer", number=number)
        assert (asked.status_code, answered.status_code) == (404, 404), other.token
        assert "zinnober" not in asked.text + answered.text
    assert (await page.post("answer", number=number + 1)).status_code == 404
    nobody = await served.get("/chat/acme/live", headers={"X-Conversation": ""})
    assert nobody.status_code == 204 and (await Page(served).post("answer", number=number)).status_code == 404
    await rows("UPDATE conversation SET identified = true")
    assert (await served.get("/chat/acme/live", headers={"X-Conversation": page.token})).status_code == 404


async def test_an_old_thread_is_gone_and_the_next_message_begins_another(page, served, acme):
    await page.says("Hello")
    before = page.token
    await rows("UPDATE conversation SET last_message_at = {}", clock.now() - conversations.RESUMES - timedelta(hours=1))
    assert (await served.get("/chat/acme/live", headers={"X-Conversation": before})).status_code == 404
    assert await page.says("Hello again") == 1 and page.token != before


async def test_too_many_streams_are_refused_in_words(settings, acme):
    seats = Seats(of_one_place=5, of_one_conversation=2)
    async with house(settings, seats) as (_, url), httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        pages = [Page(client) for _ in range(3)]
        for each in pages:
            await each.says("Hello")
        async with pages[0].following() as one, pages[0].following() as two:
            await one("ready"), await two("ready")
            refused = await client.get("/chat/acme/live", headers={"X-Conversation": pages[0].token})
            assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
            async with pages[1].following() as three, pages[1].following() as four, pages[2].following() as five:
                for each in (three, four, five):
                    await each("ready")
                full = await client.get("/chat/acme/live", headers={"X-Conversation": pages[2].token})
                assert full.status_code == 429
        async with asyncio.timeout(PATIENCE):
            while seats.taken:
                await asyncio.sleep(0.05)


async def test_open_streams_hold_no_connection_and_all_hear(served, acme, ana):
    """A hundred and twenty pages of one conversation, twelve times as many as there are connections."""
    served.app.state.seats = Seats(of_one_place=1000, of_one_conversation=1000)
    page = Page(served)
    await page.says("Hello")
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=served.base_url, timeout=PATIENCE, limits=limits) as client:
        ready, told = asyncio.Semaphore(0), []

        async def follow():
            async with Page(client, token=page.token).following() as next_of:
                await next_of("ready")
                ready.release()
                told.append((await next_of("message")).data)

        async with asyncio.TaskGroup() as streams:
            for _ in range(120):
                streams.create_task(follow())
            for _ in range(120):
                await ready.acquire()
            pool = current_engine().pool
            assert pool.get_size() - pool.get_idle_size() == 0
            await said_by(ana.user, acme, "Here I am", "r1")
    assert len(told) == 120 and all("Here I am" in each for each in told)


async def test_streams_end_when_the_process_stops_and_nothing_is_lost(served, page, acme, ana):
    await page.says("Hello")
    async with page.following() as next_of:
        await next_of("ready")
        served.app.state.hub.close()
        with pytest.raises(AssertionError, match="The stream ended"):
            await next_of("message")
    assert page.newest == 1


async def test_a_machine_does_not_talk_between_a_person_and_the_customer(page, acme, ana):
    await page.says("Hello")
    await page.post("person")
    first = await page.answer(await page.says("Are you there?"))
    assert "ticket 1" in first[-1].data
    assert [each.type for each in await page.answer(await page.says("Hello?"))] == []
    await said_by(ana.user, acme, "Yes.", "r1")
    assert [each.type for each in await page.answer(await page.says("Good."))] == []
    assert (await the_conversation(acme)).needs_reply


async def test_a_question_is_kept_and_said_when_the_answer_breaks(page, acme, monkeypatch):
    async def broken(*args, **more):
        raise RuntimeError("a bug")

    monkeypatch.setattr(answering, "answer", broken)
    number = await page.says("Is VAT included?")
    told = await page.answer(number)
    assert told[-1].type == "failed" and "a person sees it" in told[-1].data
    assert (await the_conversation(acme)).needs_reply


async def test_a_frame_without_storage_knows_its_thread_by_a_cookie_of_the_site_around_it(served, page, acme):
    kept = await page.post("messages", message="Hello")
    given = kept.headers["set-cookie"]
    for each in ("__Host-panel-", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert each in given
    headers = {"Cookie": given.partition(";")[0], "X-Conversation": ""}
    async with served.stream("GET", "/chat/acme/live", headers=headers) as stream:
        assert stream.status_code == 200
    del headers["X-Conversation"]  # without its header, no page in a frame asks
    assert (await served.get("/chat/acme/live", headers=headers)).status_code == 204


async def test_a_page_of_ours_knows_its_thread_by_its_cookie_alone(served, acme):
    headers = {"Accept": "application/json", "Sec-Fetch-Site": "same-origin"}
    kept = await served.post("/chat/acme/messages", data={"message": "Hello"}, headers=headers)
    assert set(kept.json()) == {"number", "message"} and "HttpOnly" in kept.headers["set-cookie"]
    cookie = {"Cookie": kept.headers["set-cookie"].partition(";")[0]}
    async with served.stream("GET", "/chat/acme/live", headers=cookie) as stream:
        assert stream.status_code == 200 and stream.headers["cache-control"] == "no-store"
        assert stream.headers["content-security-policy"]


async def test_what_is_wrong_with_an_address_is_said_and_nothing_done(page, acme):
    refused = await page.post("person", email="nobody")
    assert refused.status_code == 422 and "Write the whole address" in refused.json()["error"]
    assert await Ticket.count() == 0
    await page.post("person")
    line = (await page.post("person", email="l@meyerwerk.example")).json()["person"]
    assert "l•••@meyerwerk.example" in line and await Ticket.count() == 1


async def test_a_persons_reply_goes_by_mail_too_where_an_address_was_left(page, acme, ana):
    await page.says("Do you sell bicycles?")
    await page.post("person")
    await said_by(ana.user, acme, "We do not.", "r1")
    assert await Delivery.count().where(Delivery.name == "reply") == 0
    await page.post("person", email="l@meyerwerk.example")
    for _ in range(2):
        await said_by(ana.user, acme, "Though we know who does.", "r2")
    [mail] = await Delivery.of(acme).where(Delivery.name == "reply")
    assert mail.recipient == "l@meyerwerk.example" and "Though we know" in mail.payload["text"]
    assert (await Message.of(acme).order_by(Message.id, ascending=False).first()).delivery is None


async def test_other_sites_cannot_post(page, served, acme):
    for path in ("messages", "answer", "person"):
        answer = await served.post(
            f"/chat/acme/{path}", data={"message": "x"},
            headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        )  # fmt: skip
        assert answer.status_code == 403
    assert await Conversation.count() == 0
