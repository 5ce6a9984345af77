"""An order by hand: from the form to the intake request, once; and marking a bank transfer as paid."""

import asyncio

from dashboard.orders.tables import Order
from dashboard.payments.tables import Payment
from tests.orders.cast import a_form, a_plan, activity_of, an_order, as_it_is, deliveries_of

ONCE = "form-0123456789"


async def a_filled_form(acme, **changes):
    plan = await a_plan(acme, form=(await a_form(acme)).id)
    return {
        "email": "Ingrid@Solheim.example", "name": "Ingrid Solheim", "plan": plan.id, "amount": "1,284.00",
        "currency": "eur", "paid": "yes", "once": ONCE,
    } | changes  # fmt: skip


async def test_a_paid_order_is_booked_confirmed_and_asks_for_its_intake(ana, acme):
    answer = await ana.post("/acme/orders", data=await a_filled_form(acme))
    assert answer.status_code == 303 and answer.headers["location"] == "/acme/orders/1"
    order = await Order.objects().first()
    assert (order.provider, order.amount, order.currency) == ("manual", 128400, "EUR")
    assert (order.status, order.payment_status) == ("intake_pending", "paid") and order.due_at is not None
    assert [each.name for each in await deliveries_of(order)] == ["payment_confirmation", "new_order", "intake_request"]
    [line] = await Payment.objects()
    assert (line.provider, line.kind, line.amount) == ("manual", "charge", 128400)


async def test_two_clicks_are_one_order(ana, acme):
    form = await a_filled_form(acme)
    answers = await asyncio.gather(*(ana.post("/acme/orders", data=form) for _ in range(10)))
    assert {answer.headers["location"] for answer in answers} == {"/acme/orders/1"}
    order = await Order.objects().first()
    assert await Order.count() == await Payment.count() == 1 and len(await deliveries_of(order)) == 3


async def test_an_unpaid_order_waits_until_somebody_marks_it_as_paid(ana, acme):
    await ana.post("/acme/orders", data=await a_filled_form(acme, paid=""))
    order = await Order.objects().first()
    assert (order.status, order.payment_status) == ("new", "unpaid") and await deliveries_of(order) == []
    assert "Mark as paid" in (await ana.get("/acme/orders/1")).text
    answers = await asyncio.gather(*(ana.post("/acme/orders/1/payment") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    await order.refresh()
    assert (order.status, order.payment_status) == ("intake_pending", "paid")
    assert [each.name for each in await deliveries_of(order)] == ["payment_confirmation", "new_order", "intake_request"]
    assert await Payment.count() == 1 and (await activity_of(order)).count("marked_paid") == 1


async def test_a_stripe_order_cannot_be_marked_as_paid(ana, acme):
    order = await an_order(acme, paid=False)
    before = await as_it_is(order)
    assert (await ana.post(f"/acme/orders/{order.number}/payment")).status_code == 409
    assert await as_it_is(order) == before and await Payment.count() == 0


async def test_mistakes_come_back_at_their_fields_with_everything_that_was_typed(ana, acme):
    form = await a_filled_form(acme)
    wrong = {
        "email": "ingrid@", "name": " ", "plan": "", "amount": "12.345", "currency": "EURO",
    }  # fmt: skip
    for name, value in wrong.items():
        answer = await ana.post("/acme/orders", data=form | {name: value})
        assert answer.status_code == 422 and f'id="{name}-error"' in answer.text, name
        assert ONCE in answer.text and ("Ingrid Solheim" in answer.text or name == "name")
    assert await Order.count() == 0


async def test_another_organizations_plan_does_not_exist(ana, acme, borealis):
    foreign = await a_plan(borealis, "Canary plan")
    answer = await ana.post("/acme/orders", data=await a_filled_form(acme, plan=foreign.id))
    assert answer.status_code == 422 and "Canary" not in answer.text and await Order.count() == 0


async def test_the_same_word_in_two_organizations_is_two_orders(ana, bob, acme, borealis):
    await ana.post("/acme/orders", data=await a_filled_form(acme))
    form = await a_filled_form(borealis)
    assert (await bob.post("/borealis/orders", data=form)).headers["location"] == "/borealis/orders/1"
    assert await Order.count() == 2


async def test_only_the_forms_own_fields_are_written(ana, acme):
    columns = {column._meta.name: "1" for column in Order._meta.columns}
    form = columns | await a_filled_form(acme) | {"status": "done", "payment_status": "refunded", "organization": "2"}
    await ana.post("/acme/orders", data=form)
    order = await Order.objects().first()
    assert (order.organization, order.status, order.payment_status, order.number) == (
        acme.id,
        "intake_pending",
        "paid",
        1,
    )
    assert (order.refunds_asked, order.reminders, order.invoice, order.assignee) == (0, 0, "", None)


async def test_choosing_the_plan_afterwards_sets_the_deadline_and_asks_for_the_intake(ana, acme):
    order = await an_order(acme)
    plan = await a_plan(acme, "Site check", form=(await a_form(acme)).id)
    answers = await asyncio.gather(
        *(ana.post(f"/acme/orders/{order.number}/plan", data={"plan": plan.id}) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {200}
    await order.refresh()
    assert (order.plan, order.plan_name, order.status) == (plan.id, "Site check", "intake_pending")
    assert (order.due_at - order.placed_at).days == 5
    assert [each.name for each in await deliveries_of(order)] == ["intake_request"]
    other = await a_plan(acme, "Other")
    assert (await ana.post(f"/acme/orders/{order.number}/plan", data={"plan": other.id})).status_code == 409
