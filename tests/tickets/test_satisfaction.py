"""The question after solving, and the figures made of the answers."""

from datetime import timedelta

from dashboard import clock, links
from dashboard.database import row, rows
from dashboard.deliveries.tables import Delivery
from dashboard.tickets import jobs, work
from dashboard.tickets.tables import Ticket
from tests.tickets.cast import a_person, a_ticket


async def asked(acme):
    ticket = await a_ticket(acme, await a_person(acme))
    await work.set_status(acme, ticket, "solved", clock.now() - timedelta(hours=2))
    assert (await jobs.look_after_tickets(clock.now()))["asked"] == 1
    return ticket


async def test_the_customer_is_asked_once_an_hour_after_it_was_solved(acme):
    await asked(acme)
    assert (await jobs.look_after_tickets(clock.now()))["asked"] == 0
    [mail] = await Delivery.of(acme).where(Delivery.name == "satisfaction")
    assert mail.recipient == "ingrid@solheim.example" and "/q/" in mail.payload["text"]


async def test_who_reopened_it_is_not_asked(acme):
    ticket = await a_ticket(acme, await a_person(acme))
    await work.set_status(acme, ticket, "solved", clock.now() - timedelta(hours=2))
    await work.set_status(acme, ticket, "open", clock.now())
    assert (await jobs.look_after_tickets(clock.now()))["asked"] == 0


async def test_looking_changes_nothing_and_the_last_answer_counts(acme, stranger, alice):
    ticket = await asked(acme)
    path = links.public(links.SATISFACTION, ticket.id).removeprefix("https://test.local")
    before = await row("SELECT md5(t::text) AS hash FROM ticket t")
    page = await stranger.get(path)
    assert page.status_code == 200 and "Did we solve it?" in page.text
    assert await row("SELECT md5(t::text) AS hash FROM ticket t") == before
    assert (await stranger.post(path, data={"said": "perhaps"})).status_code == 422
    for said in ("good", "bad"):
        assert (await stranger.post(path, data={"said": said, "note": "<b>late</b>"})).status_code == 303
    found = await Ticket.get_of(acme, ticket.id)
    assert (found.satisfaction, found.satisfaction_note) == ("bad", "<b>late</b>")
    shown = (await alice.get("/acme/tickets/1")).text
    assert "It did not help" in shown and "&lt;b&gt;late&lt;/b&gt;" in shown
    for wrong in (path[:-3] + "xyz", "/q/" + links.token(links.DOWNLOAD, ticket.id)):
        assert (await stranger.get(wrong)).status_code == 404
        assert (await stranger.post(wrong, data={"said": "good"})).status_code == 404
    assert (await Ticket.get_of(acme, ticket.id)).satisfaction == "bad"


async def test_solved_tickets_close_after_a_week(acme):
    ticket = await a_ticket(acme, await a_person(acme))
    await work.set_status(acme, ticket, "solved", clock.now() - timedelta(days=6))
    assert (await jobs.look_after_tickets(clock.now()))["closed"] == 0
    assert (await jobs.look_after_tickets(clock.now() + timedelta(days=2)))["closed"] == 1
    assert (await Ticket.get_of(acme, ticket.id)).status == "closed"


async def test_the_figures_are_those_of_the_rows(acme, vera):
    lead = await a_person(acme)
    now = clock.now()
    for number, minutes in ((1, 10), (2, 30), (3, 90)):
        await a_ticket(acme, lead, f"Subject {number}")
        await rows(
            "UPDATE ticket SET created_at = {}, first_replied_at = {}, first_reply_due_at = {}, satisfaction = {} "
            "WHERE number = {}", now - timedelta(hours=3), now - timedelta(hours=3) + timedelta(minutes=minutes),
            now - timedelta(hours=2), "good" if number < 3 else "bad", number,
        )  # fmt: skip
    page = (await vera.get("/acme/tickets/statistics")).text
    assert "30 min" in page and "66.7%" in page and "2 of 3" in page and "2 yes, 1 no" in page
    assert "Subject 3" in (await vera.get("/acme/tickets?satisfaction=bad&opened=30d")).text
