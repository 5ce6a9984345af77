"""An event is handled while somebody works on the same order or person: neither writes over what the other did."""

from datetime import timedelta

from dashboard import clock
from dashboard.database import row, rows
from dashboard.orders.tables import Order
from dashboard.payments.tables import Payment
from dashboard.webhooks import jobs
from tests.leads.cast import a_lead
from tests.meanwhile import meanwhile
from tests.webhooks.posting import a_checkout, drain, send


async def test_a_second_event_of_a_checkout_leaves_what_the_team_did_to_the_order_meanwhile(stranger, ana, acme):
    await send(stranger, a_checkout(payment_status="unpaid"))
    await drain()
    paid = a_checkout("evt_2") | {"type": "checkout.session.async_payment_succeeded"}
    await send(stranger, paid)
    order = await Order.objects().first()

    async def work() -> None:
        await rows(
            "UPDATE orders SET assignee = {}, status = 'in_progress', started_at = {}, customer_email = '' WHERE id = {}",
            ana.user.id, clock.now(), order.id,
        )  # fmt: skip

    await meanwhile(work, drain)
    await drain(clock.now() + timedelta(hours=1))
    found = await row("SELECT * FROM orders WHERE id = {}", order.id)
    assert found["checkout_paid"] and found["payment_status"] == "paid" and found["payment_intent"] == "pi_cs_1"
    assert found["assignee"] == ana.user.id and found["status"] == "in_progress" and found["started_at"]
    assert found["customer_email"] == ""


async def test_a_second_event_of_a_payment_leaves_it_with_the_person_it_went_to_meanwhile(stranger, acme):
    await send(stranger, a_checkout())
    await drain()
    payment, other = await Payment.objects().first(), await a_lead(acme, "Who took them in")
    await send(stranger, a_checkout("evt_2"))

    async def merge() -> None:
        await rows("UPDATE payment SET lead = {} WHERE id = {}", other.id, payment.id)

    await meanwhile(merge, drain)
    await drain(clock.now() + timedelta(hours=1))
    found = await row("SELECT lead, amount, status FROM payment WHERE id = {}", payment.id)
    assert found == {"lead": other.id, "amount": 12900, "status": "succeeded"}
    assert await Payment.count() == 1


async def test_an_old_event_that_is_replayed_while_old_ones_are_deleted_is_handled(stranger, acme):
    await send(stranger, a_checkout())
    await drain()
    await rows("UPDATE inbound_event SET received_at = {}", clock.now() - timedelta(days=100))

    async def replay() -> None:
        await rows("UPDATE inbound_event SET state = 'waiting', attempt = 0, due_at = {}", clock.now())

    await meanwhile(replay, lambda: jobs.forget_old(clock.now()))
    assert await drain() == 1
