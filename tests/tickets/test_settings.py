"""Settings of support: reply times, holidays, and replies written once; a ticket opened by hand."""

from datetime import timedelta

from dashboard import clock
from dashboard.deliveries.tables import Delivery
from dashboard.leads.tables import Lead, Tag
from dashboard.tickets import canned, due
from dashboard.tickets.tables import CannedReply, Ticket
from tests.tickets.cast import a_person, a_ticket

PAGE = "/acme/settings/tickets"
TIMES = {
    f"{name}_{part}": value
    for name in ("low", "normal", "high", "urgent")
    for part, value in (("first", "2"), ("solve", "16"))
}
ONCE = "abcdefgh12345678"


async def test_promised_times_are_kept_for_new_tickets(acme, alice, ana):
    assert (await alice.get(PAGE)).status_code == 200
    saved = await alice.post(f"{PAGE}/times", data=TIMES | {"urgent_first": "0.5"})
    assert saved.status_code == 200
    promises = await due.load(acme)
    assert promises.minutes["urgent"] == (30, 960) and promises.minutes["low"] == (120, 960)
    wrong = await alice.post(f"{PAGE}/times", data=TIMES | {"low_first": "soon", "high_first": "20"})
    assert wrong.status_code == 422 and "Write hours" in wrong.text and "sooner" in wrong.text
    assert (await due.load(acme)).minutes == promises.minutes
    assert (await ana.post(f"{PAGE}/times", data=TIMES)).status_code == 403


async def test_nobody_works_on_a_holiday(acme, alice):
    now = clock.now()
    before = (await due.load(acme)).start("normal", now)
    for days in range(4):
        added = await alice.post(
            f"{PAGE}/holidays", data={"day": f"{now + timedelta(days=days):%Y-%m-%d}", "name": "Free"}
        )
        assert added.status_code == 200 and "Free" in added.text
    assert (await due.load(acme)).start("normal", now) > before
    assert (await alice.post(f"{PAGE}/holidays", data={"day": "soon"})).status_code == 422
    await alice.post(f"{PAGE}/holidays/1/removal")


async def test_a_canned_reply_is_filled_in_and_its_wishes_follow(acme, alice):
    tag = Tag(organization=acme.id, name="Billing")
    await tag.save()
    text = "Hello {first_name}, ticket {ticket} is with {agent}. {{7*7}}"
    data = {"title": "Got it", "text": text, "then_status": "solved", "then_priority": "high", "then_tag": str(tag.id)}
    assert (await alice.post(f"{PAGE}/replies", data=data)).status_code == 200
    ticket = await a_ticket(acme, await a_person(acme))
    page = (await alice.get("/acme/tickets/1")).text
    assert "Hello Ingrid, ticket 1 is with Alice Arden. {{7*7}}" in page
    reply = await CannedReply.of(acme).first()
    assert 'data-then="solved"' in page, "the page chooses this when the reply is put in; what is sent is what one sees"
    sent = {"text": "Hello Ingrid", "once": ONCE, "kind": "reply", "canned": str(reply.id), "then": "solved"}
    await alice.post("/acme/tickets/1/replies", data=sent)
    found = await Ticket.get_of(acme, ticket.id)
    assert (found.status, found.priority, found.tags) == ("solved", "high", [tag.id])
    assert (await CannedReply.of(acme).first()).used == 1


async def test_whoever_chooses_otherwise_after_putting_in_a_canned_reply_gets_what_they_chose(acme, alice):
    wanted = {"title": "Got it", "text": "Hello", "then_status": "solved", "then_priority": "high", "then_tag": ""}
    await alice.post(f"{PAGE}/replies", data=wanted)
    ticket, reply = await a_ticket(acme, await a_person(acme)), await CannedReply.of(acme).first()
    sent = {"text": "Hello", "once": ONCE, "kind": "reply", "canned": str(reply.id), "then": "open"}
    answer = await alice.post("/acme/tickets/1/replies", data=sent)
    found = await Ticket.get_of(acme, ticket.id)
    assert (found.status, found.priority) == ("open", "high") and "stays open" in answer.headers["HX-Trigger"]


async def test_a_canned_reply_needs_known_words_and_a_title_of_its_own(acme, alice, bob):
    first = {"title": "Got it", "text": "Hello {first_name}"}
    assert (await alice.post(f"{PAGE}/replies", data=first)).status_code == 200
    assert "already" in (await alice.post(f"{PAGE}/replies", data=first)).text
    wrong = await alice.post(f"{PAGE}/replies", data={"title": "New", "text": "Hello {password}"})
    assert wrong.status_code == 422 and "{password}" in wrong.text
    assert canned.filled("{name} {nobody}", {"name": "{ticket}", "ticket": "1"}) == "{ticket} {nobody}"
    reply = await CannedReply.of(acme).first()
    assert (
        await bob.post(f"/borealis/settings/tickets/replies/{reply.id}", data=first | {"text": "Mine"})
    ).status_code == 200
    assert (await CannedReply.of(acme).first()).text == "Hello {first_name}"
    gone = await alice.post(f"{PAGE}/replies/{reply.id}/removal")
    assert "restoration" in gone.headers["HX-Trigger"] and "Got it" not in gone.text
    assert "Got it" in (await alice.post(f"{PAGE}/replies/{reply.id}/restoration")).text


async def test_writing_to_somebody_opens_one_ticket_that_waits(acme, alice):
    lead = await a_person(acme)
    form = (await alice.get(f"/acme/tickets/new?lead={lead.id}")).text
    assert "ingrid@solheim.example" in form
    data = {
        "email": "ingrid@solheim.example", "subject": "Your logo", "message": "Could you send it?", "once": ONCE,
        "kind": "reply", "priority": "normal",
    }  # fmt: skip
    for _ in range(2):
        assert (await alice.post("/acme/tickets", data=data)).status_code in (200, 303)
    [ticket] = await Ticket.of(acme)
    [mail] = await Delivery.of(acme).where(Delivery.name == "reply")
    assert (ticket.status, ticket.lead, ticket.assignee) == ("waiting", lead.id, alice.user.id)
    assert (mail.recipient, mail.payload["subject"]) == ("ingrid@solheim.example", "Your logo")
    assert len(await Lead.of(acme)) == 1
    timeline = (await alice.get(f"/acme/leads/{lead.id}")).text
    assert "opened ticket 1: Your logo" in timeline and f"/acme/tickets/new?lead={lead.id}" in timeline
    noted = data | {"kind": "note", "once": "another-word-1", "email": "new@person.example"}
    await alice.post("/acme/tickets", data=noted)
    assert len(await Delivery.of(acme).where(Delivery.name == "reply")) == 1
    assert (await alice.post("/acme/tickets", data=data | {"email": "no"})).status_code == 422
