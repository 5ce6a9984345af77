"""Starting an order, cancelling it, opening it again."""

import asyncio

from dashboard.deliveries.tables import Delivery
from tests.orders.cast import activity_of, an_order, as_it_is, deliveries_of, waiting_for_intake


async def test_work_starts_on_a_new_order_and_on_one_with_answers(ana, acme):
    for status in ("new", "intake_complete"):
        order = await an_order(acme, status=status)
        answer = await ana.post(f"/acme/orders/{order.number}/work")
        await order.refresh()
        assert answer.status_code == 200 and "Mark done" in answer.text and 'id="order"' in answer.text
        assert order.status == "in_progress" and order.started_at is not None
        assert await activity_of(order) == ["started"]


async def test_starting_twice_is_starting_once(ana, acme):
    order = await an_order(acme)
    answers = await asyncio.gather(*(ana.post(f"/acme/orders/{order.number}/work") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert await activity_of(order) == ["started"]


async def test_what_cannot_start_says_why_and_stays_as_it_is(ana, acme):
    waiting, done = await waiting_for_intake(acme), await an_order(acme, status="done")
    for order, why in ((waiting, "waits for the customer’s answers"), (done, "is done")):
        before = await as_it_is(order)
        answer = await ana.post(f"/acme/orders/{order.number}/work")
        assert answer.status_code == 409 and why in answer.text
        assert await as_it_is(order) == before


async def test_a_cancelled_order_keeps_its_reason_moves_no_money_and_sends_nothing(ana, acme):
    order = await an_order(acme, status="in_progress")
    answer = await ana.post(f"/acme/orders/{order.number}/cancellation", data={"reason": " Bought\ttwice \r\n"})
    await order.refresh()
    assert (order.status, order.cancel_reason, order.payment_status) == ("cancelled", "Bought twice", "paid")
    assert order.cancelled_at is not None and await deliveries_of(order) == []
    assert "No money was moved" in answer.headers["hx-trigger"] and "/reopening" in answer.headers["hx-trigger"]


async def test_a_cancelled_order_opens_again_where_it_stopped(ana, acme):
    stopped = {
        "new": await an_order(acme),
        "intake_pending": await waiting_for_intake(acme),
        "in_progress": await an_order(acme, status="new"),
    }
    await ana.post(f"/acme/orders/{stopped['in_progress'].number}/work")
    for status, order in stopped.items():
        await ana.post(f"/acme/orders/{order.number}/cancellation", data={})
        await ana.post(f"/acme/orders/{order.number}/reopening")
        await order.refresh()
        assert (order.status, order.cancelled_at, order.cancel_reason) == (status, None, "")


async def test_what_has_not_left_stays_here_when_the_order_is_cancelled_and_goes_on_with_it(ana, acme):
    order = await waiting_for_intake(acme)
    [request] = await deliveries_of(order, kind="mail")
    await Delivery.update({Delivery.state: "held", Delivery.attempt: 1}).where(Delivery.id == request.id)
    other = await waiting_for_intake(acme)
    path = f"/acme/orders/{order.number}"
    for _ in range(2):
        await ana.post(f"{path}/cancellation", data={"reason": ""})
    [kept] = await deliveries_of(order, kind="mail")
    assert (kept.state, kept.why) == ("cancelled", "The order was cancelled")
    assert (await ana.post(f"/acme/outbox/{kept.id}/restoration", data={})).status_code == 409
    for _ in range(2):
        await ana.post(f"{path}/reopening")
    [again] = await deliveries_of(order, kind="mail")
    assert (again.state, again.why, again.settled_at, again.resends) == ("queued", "", None, 1)
    assert [mail.state for mail in await deliveries_of(other, kind="mail")] == ["queued"]


async def test_a_cancellation_does_not_call_a_mail_unsent_that_may_have_arrived(ana, acme):
    order = await waiting_for_intake(acme)
    [request] = await deliveries_of(order, kind="mail")
    await Delivery.update({Delivery.unclear_via: "Resend"}).where(Delivery.id == request.id)
    await ana.post(f"/acme/orders/{order.number}/cancellation", data={"reason": ""})
    assert [mail.state for mail in await deliveries_of(order, kind="mail")] == ["unknown"]


async def test_a_done_order_opens_again_in_progress_and_its_mail_stays(ana, acme):
    order = await an_order(acme, status="in_progress")
    await ana.post(f"/acme/orders/{order.number}/delivery")
    await ana.post(f"/acme/orders/{order.number}/reopening")
    await order.refresh()
    assert (order.status, order.done_at) == ("in_progress", None)
    assert [mail.state for mail in await deliveries_of(order, name="handover")] == ["queued"]


async def test_a_done_order_cannot_be_cancelled(ana, acme):
    order = await an_order(acme, status="done")
    answer = await ana.post(f"/acme/orders/{order.number}/cancellation", data={"reason": "x"})
    assert answer.status_code == 409 and (await as_it_is(order))["status"] == "done"


async def test_one_cancels_while_the_other_delivers_and_only_one_of_them_wins(alice, ana, acme):
    order = await an_order(acme, status="in_progress")
    answers = await asyncio.gather(
        *(alice.post(f"/acme/orders/{order.number}/cancellation", data={"reason": "x"}) for _ in range(5)),
        *(ana.post(f"/acme/orders/{order.number}/delivery") for _ in range(5)),
    )
    await order.refresh()
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) == codes.count(409) == 5
    verbs = await activity_of(order)
    assert verbs == (["cancelled"] if order.status == "cancelled" else ["delivered"])
    assert len(await deliveries_of(order, name="handover")) == (order.status == "done")
