"""What somebody has written, on the pages of their lead and of their orders."""

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.tickets import work
from dashboard.tickets.tables import Ticket
from tests.orders.cast import an_order
from tests.tickets.cast import a_conversation, a_person, a_ticket


async def test_a_leads_page_shows_tickets_and_threads_and_leads_to_the_reply(acme, ana, vera):
    lead = await a_person(acme)
    await a_ticket(acme, lead, "Wrong domain")
    done = await a_ticket(acme, lead, "An old thing")
    await work.set_status(acme, done, "solved", clock.now())
    thread = await a_conversation(acme, lead, subject="Only a question")
    page = (await ana.get(f"/acme/leads/{lead.id}")).text
    assert "Wrong domain" in page and "An old thing" in page and f"/acme/conversations/{thread.id}" in page
    assert '"/acme/tickets/1#reply"' in page and '"/acme/tickets/2#reply"' not in page
    assert "#reply" not in (await vera.get(f"/acme/leads/{lead.id}")).text


async def test_an_orders_page_shows_the_customers_tickets_and_a_new_one_belongs_to_the_order(acme, ana):
    order = await an_order(acme, customer_email="ingrid@solheim.example")
    page = (await ana.get(f"/acme/orders/{order.number}")).text
    new = f"/acme/tickets/new?lead={order.lead}&amp;order={order.number}"
    assert new in page and "Nobody has written yet." in page
    form = (await ana.get(new.replace("&amp;", "&"))).text
    assert f'name="order" value="{order.number}"' in form
    data = {
        "email": "ingrid@solheim.example", "subject": "About your order", "message": "It is nearly done.",
        "once": "abcdefgh1234", "order": str(order.number),
    }  # fmt: skip
    assert (await ana.post("/acme/tickets", data=data)).status_code == 303
    [ticket] = await Ticket.of(acme)
    assert ticket.order_id == order.id
    assert f"/acme/orders/{order.number}" in (await ana.get("/acme/tickets/1")).text
    assert "About your order" in (await ana.get(f"/acme/orders/{order.number}")).text


async def test_an_order_that_is_not_there_opens_nothing(acme, ana):
    data = {"email": "x@x.example", "subject": "s", "message": "m", "once": "abcdefgh1234", "order": "7"}
    assert (await ana.post("/acme/tickets", data=data)).status_code == 404
    assert not await Ticket.of(acme)


async def test_what_a_rule_sent_is_marked_on_the_ticket_and_on_the_lead(acme, ana):
    lead = await a_person(acme)
    ticket = await a_ticket(acme, lead)
    title = "Sent automatically, by the rule “How long”"
    data = {"automatic": True}
    await activity.record(
        acme, "conversation", ticket.conversation, "reply_sent", title, actor="machine", data=data
    )  # fmt: skip
    for path in ("/acme/tickets/1", f"/acme/leads/{lead.id}", f"/acme/conversations/{ticket.conversation}"):
        assert title in (await ana.get(path)).text, path
