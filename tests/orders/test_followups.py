"""What comes by itself a week after the end: an offer, and a question about a report. Each once."""

import asyncio
from datetime import timedelta

from dashboard import clock
from dashboard.deliveries.tables import Suppression
from dashboard.orders import jobs
from dashboard.orders.tables import Deliverable, Order
from tests.orders.cast import a_deliverable, a_plan, activity_of, an_order, deliveries_of

WEEK = timedelta(days=7)


async def a_done_order(acme, *, days=7, plan=None, **changes):
    plan = plan or await a_plan(acme, upsell_to="Care plan")
    return await an_order(acme, plan=plan, status="done", done_at=clock.now() - timedelta(days=days), **changes)


async def test_a_week_after_it_was_done_the_offer_goes_out_once(acme):
    order = await a_done_order(acme)
    assert await jobs.upsell(clock.now()) == {"offers": 1}
    assert await jobs.upsell(clock.now() + WEEK) == {"offers": 0}
    [mail] = await deliveries_of(order)
    assert (mail.name, mail.key) == ("upsell", f"upsell:{order.id}") and "Care plan" in mail.payload["text"]
    assert await activity_of(order) == ["upsold"]


async def test_two_processes_at_once_send_one_each(acme):
    plan = await a_plan(acme, upsell_to="Care plan")
    orders = [await a_done_order(acme, plan=plan) for _ in range(12)]
    counts = await asyncio.gather(*(jobs.upsell(clock.now()) for _ in range(4)))
    assert sum(count["offers"] for count in counts) == 12
    assert all([len(await deliveries_of(order)) == 1 for order in orders])


async def test_no_offer_too_early_too_late_without_one_or_to_whom_it_would_be_an_insult(acme):
    await a_done_order(acme, days=6)
    await a_done_order(acme, days=60)
    await a_done_order(acme, plan=await a_plan(acme, "No offer"))
    await a_done_order(acme, payment_status="refunded")
    await a_done_order(acme, payment_status="disputed")
    gone = await a_done_order(acme)
    await Order.update({Order.status: "in_progress"}).where(Order.id == gone.id)
    left = await a_done_order(acme, customer_email="Leave@me.example")
    await Suppression(organization=acme.id, email_normalized="leave@me.example", reason="unsubscribed").save()
    assert await jobs.upsell(clock.now()) == {"offers": 0}
    assert await deliveries_of(left) == []


async def test_more_than_a_batch_all_get_theirs(acme, monkeypatch):
    from dashboard.orders import followups

    monkeypatch.setattr(followups, "BATCH", 2)
    plan = await a_plan(acme, upsell_to="Care plan")
    for _ in range(5):
        await a_done_order(acme, plan=plan)
    assert await jobs.upsell(clock.now()) == {"offers": 5}


async def test_a_week_after_a_report_one_question_per_report(acme):
    order = await a_done_order(acme, plan=await a_plan(acme))
    delivered = clock.now() - WEEK
    report = await a_deliverable(acme, order, "Audit", is_report=True, delivered_at=delivered)
    await a_deliverable(acme, order, "Logo", delivered_at=delivered)
    await a_deliverable(acme, order, "Young", is_report=True, delivered_at=delivered + timedelta(hours=1))
    await a_deliverable(acme, order, "Not yet", is_report=True)
    await a_deliverable(acme, order, "Taken", is_report=True, delivered_at=delivered, withdrawn_at=delivered)
    counts = await asyncio.gather(*(jobs.follow_up(clock.now()) for _ in range(3)))
    assert sum(count["questions"] for count in counts) == 1
    assert await jobs.follow_up(clock.now()) == {"questions": 0}
    [mail] = await deliveries_of(order)
    assert (mail.name, mail.key) == ("follow_up", f"follow_up:{report.id}") and "/d/" in mail.payload["text"]
    await report.refresh()
    assert report.followed_up_at is not None


async def test_without_an_address_it_counts_as_done_and_nothing_is_sent(acme):
    await a_done_order(acme, customer_email="")
    order = await a_done_order(acme, customer_email="")
    await a_deliverable(acme, order, is_report=True, delivered_at=clock.now() - WEEK)
    assert await jobs.upsell(clock.now()) == {"offers": 0} and await jobs.follow_up(clock.now()) == {"questions": 0}
    assert (await Order.select(Order.upsold_at).first())["upsold_at"] is not None
    assert (await Deliverable.objects().first()).followed_up_at is not None
