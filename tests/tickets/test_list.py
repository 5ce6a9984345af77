"""The list of tickets: what it shows first, its views, its filters and its order."""

import json
from datetime import timedelta

from dashboard import clock
from dashboard.database import rows
from dashboard.tickets import work
from tests.tickets.cast import a_person, a_ticket


async def some(acme):
    lead = await a_person(acme)
    made = [await a_ticket(acme, lead, f"Subject {number}") for number in range(1, 5)]
    await rows("UPDATE ticket SET first_reply_due_at = {} WHERE number = 3", clock.now() - timedelta(minutes=40))
    await work.set_status(acme, made[0], "waiting", clock.now())
    await work.set_status(acme, made[1], "solved", clock.now())
    return made


async def test_it_begins_with_what_is_open_and_the_latest_promise_first(acme, alice):
    await some(acme)
    page = (await alice.get("/acme/tickets")).text
    assert page.index("Subject 3") < page.index("Subject 4")
    assert "Subject 1" not in page and "Subject 2" not in page
    assert "Overdue" in page and "40 min late" in page and 'class="bad"' in page


async def test_each_view_shows_its_tickets(acme, alice):
    await some(acme)
    shown = {
        "status=waiting": "1", "status=solved": "2", "show=all": "1234", "status=overdue": "3", "q=subject+4": "4",
        "q=ingrid": "1234", "q=2": "2", "assignee=none&show=all": "1234", "assignee=me": "", "status=open&channel=web": "",
    }  # fmt: skip
    for query, numbers in shown.items():
        page = (await alice.get(f"/acme/tickets?{query}")).text
        assert "".join(n for n in "1234" if f"<b>Subject {n}</b>" in page) == numbers, query
    assert "Paused" in (await alice.get("/acme/tickets?status=waiting")).text


async def test_take_it_gives_it_to_me_and_can_be_taken_back(acme, ana):
    await some(acme)
    assert "Take it" in (await ana.get("/acme/tickets")).text
    taken = await ana.post("/acme/tickets/3/ownership")
    said = json.loads(taken.headers["HX-Trigger"])["toast"]
    assert said["text"] == "Ticket 3 is yours." and not taken.text
    assert "Subject 3" in (await ana.get("/acme/tickets?assignee=me")).text
    assert said["target"] == ""  # the answer is empty: it must replace nothing
    await ana.post(said["undo"])
    assert "Subject 3" not in (await ana.get("/acme/tickets?assignee=me")).text


async def test_the_numbers_come_after_the_rows(acme, alice):
    await some(acme)
    counts = (await alice.part("/acme/tickets/counts")).text
    assert '<span class="n" id="tab-0" hx-morph-skip hx-swap-oob="true">2</span>' in counts
    assert '<span class="n" id="tab-5" hx-morph-skip hx-swap-oob="true">4</span>' in counts


async def test_pages_of_it_follow_each_other_and_ask_few_questions(acme, alice, queries):
    lead = await a_person(acme)
    ticket = await a_ticket(acme, lead)
    await rows(
        "INSERT INTO conversation (organization, channel, name, last_message_at) "
        "SELECT {}, 'mail', 'P' || n, now() FROM generate_series(1, 70) n", acme.id,
    )  # fmt: skip
    await rows(
        "INSERT INTO ticket (organization, number, subject, priority, status, conversation, updated_at, "
        "first_reply_due_at) SELECT {}, 100 + row_number() OVER (), 'Many', 'low', 'open', id, now(), "
        "now() + interval '1 hour' FROM conversation WHERE id <> {}", acme.id, ticket.conversation,
    )  # fmt: skip
    with queries() as seen:
        page = (await alice.get("/acme/tickets")).text
    assert len(seen) <= 9, "\n".join(seen)
    following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = (await alice.get(following)).text
    assert page.count('<tr role="row" id="t') == 50 and second.count('<tr role="row" id="t') == 21


async def test_nobody_else_sees_them(acme, alice, bob):
    await some(acme)
    assert (await bob.get("/acme/tickets")).status_code == 404
    assert "Subject" not in (await bob.get("/borealis/tickets?show=all")).text
    exported = await alice.get("/acme/tickets.csv?show=all")
    assert exported.status_code == 200 and exported.text.count("Subject ") == 4
