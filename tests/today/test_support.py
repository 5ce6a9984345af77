"""Support in Today: what is due, who waits, what nobody owns, what nobody could answer."""

import re
from datetime import timedelta

from dashboard import clock
from dashboard.conversations import actions as conversations
from dashboard.database import rows
from dashboard.tickets import attention, work
from tests.approvals.asking import a_suggestion
from tests.tickets.cast import a_conversation, a_person, a_ticket


async def today(browser, query="") -> str:
    return " ".join((await browser.get(f"/acme/today{query}")).text.split())


def line(text, key) -> str:
    found = re.search(rf'<li id="line-{re.escape(key)}">.*?</li>', text)
    return found[0] if found else ""


def badge(text, key) -> str:
    return re.search(rf'id="nav-count-{key}"[^>]*>([^<]*)<', text)[1]


async def due_in(organization, number, **left):
    await rows(
        "UPDATE ticket SET first_reply_due_at = {} WHERE organization = {} AND number = {}",
        clock.now() + timedelta(**left), organization.id, number,
    )  # fmt: skip


async def test_a_late_reply_is_the_first_thing_and_taking_it_asks_for_the_answer(acme, ana):
    await a_ticket(acme, await a_person(acme))
    await due_in(acme, 1, minutes=-40)
    found = line(await today(ana), "ticket-1")
    assert "First reply is 40 min late" in found and "Ingrid Solheim, ticket 1" in found
    assert "Normal priority, nobody owns it." in found and 'hx-post="/acme/tickets/1/ownership"' in found
    await ana.post("/acme/tickets/1/ownership")
    found = line(await today(ana, "?mine=1"), "ticket-1")
    assert "Ana" in found and 'href="/acme/tickets/1"' in found and "Reply<" in found


async def test_a_solution_that_is_late_says_so_and_one_that_waits_is_no_line(acme, ana):
    ticket = await a_ticket(acme, await a_person(acme))
    await rows("UPDATE ticket SET first_replied_at = now(), solve_due_at = now() - interval '2 hours'")
    assert "Solution is 2 h late" in line(await today(ana), "ticket-1")
    await work.set_status(acme, ticket, "waiting", clock.now(), by=ana.user)
    assert not line(await today(ana), "ticket-1")


async def test_what_is_due_tonight_is_due_today_and_what_nobody_owns_can_wait(acme, ana):
    lead = await a_person(acme)
    for number in (1, 2, 3):
        await a_ticket(acme, lead, f"Subject {number}")
    await rows("UPDATE ticket SET first_reply_due_at = {} WHERE number = 1", attention.tonight(acme, clock.now()))
    await due_in(acme, 2, days=3)
    await due_in(acme, 3, days=3)
    text = await today(ana)
    assert "First reply due" in line(text, "ticket-1") and text.index("line-ticket-1") > text.index('id="today-today"')
    assert "Nobody owns 2 tickets" in line(text, "tickets-nobody")
    assert "/acme/tickets?status=open&amp;assignee=none" in line(text, "tickets-nobody")
    await ana.post("/acme/tickets/2/ownership")
    assert "Nobody owns ticket 3" in line(await today(ana), "tickets-nobody")


async def test_a_customer_for_whom_there_is_neither_ticket_nor_draft_is_not_forgotten(acme, ana):
    made = await a_suggestion(acme)
    assert not line(await today(ana), "conversations-waiting")  # they stand among the approvals
    await ana.post(f"/acme/approvals/{made.id}/rejection", data={"version": made.version, "reason": "Wrong facts"})
    found = line(await today(ana), "conversations-waiting")
    assert "A customer waits for an answer" in found and "/acme/conversations?state=waiting" in found
    await ana.post(f"/acme/conversations/{made.conversation}/ticket")
    assert not line(await today(ana), "conversations-waiting")


async def test_questions_nobody_could_answer_ask_for_an_article(acme, ana):
    made = await a_suggestion(acme, "Do you repair bicycles?")
    assert made.draft == ""
    found = line(await today(ana), "questions")
    assert "A question nobody could answer" in found and 'href="/acme/knowledge#unanswered"' in found


async def test_the_badge_counts_replies_that_are_due_and_today_all_its_lines(acme, ana, bob):
    lead = await a_person(acme)
    for number in (1, 2, 3):
        await a_ticket(acme, lead, f"Subject {number}")
    await due_in(acme, 1, minutes=-5)
    await due_in(acme, 2, minutes=-5)
    await due_in(acme, 3, days=3)
    text = (await ana.get("/acme/navigation")).text
    assert (badge(text, "tickets"), badge(text, "today")) == ("2", "3")
    assert "3 things need a person" in await today(ana)
    assert badge((await bob.get("/borealis/navigation")).text, "tickets") == "0"


async def test_the_strip_says_how_many_are_open_late_and_how_fast_we_answer(acme, vera):
    lead = await a_person(acme)
    for number in (1, 2):
        await a_ticket(acme, lead, f"Subject {number}")
    await due_in(acme, 1, minutes=-5)
    await rows("UPDATE ticket SET first_replied_at = created_at + interval '18 minutes' WHERE number = 2")
    text = await today(vera)
    assert 'href="/acme/tickets?status=open"> <span class="l">Open tickets</span><span class="v">2</span>' in text
    assert "1 late" in text and '<span class="v">18 min</span>' in text


async def test_a_flood_of_tickets_asks_no_more_of_the_database(acme, ana, queries):
    await a_conversation(acme, await a_person(acme))
    await rows(
        "INSERT INTO conversation (organization, channel, name, last_message_at, needs_reply, needs_reply_since, "
        "drafted_until) SELECT {}, 'mail', 'P' || n, now(), true, now(), now() FROM generate_series(1, 1500) n", acme.id
    )  # fmt: skip
    await rows(
        "INSERT INTO ticket (organization, number, subject, conversation, updated_at, first_reply_due_at) SELECT {}, "
        "row_number() OVER (), 'Many', id, now(), now() - interval '1 hour' FROM conversation WHERE id % 2 = 0", acme.id,
    )  # fmt: skip
    with queries() as seen:
        text = await today(ana)
    assert len(seen) <= 17, [each[:80] for each in seen]
    assert text.count('id="line-ticket-') == attention.MOST
    assert badge((await ana.get("/acme/navigation")).text, "tickets") == "750"


async def test_another_companys_customers_are_nobodys_here(acme, borealis, bob):
    await a_ticket(acme, await a_person(acme))
    await due_in(acme, 1, minutes=-5)
    made = await a_conversation(acme, await a_person(acme, "other@x.example"))
    await conversations.ask_for_person(made, clock.now())
    assert "All clear" in " ".join((await bob.get("/borealis/today")).text.split())
