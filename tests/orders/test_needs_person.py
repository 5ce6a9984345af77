"""What orders put on Today: each trouble once, with its reason and a button that fixes it."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.orders import money
from dashboard.orders.attention import needs_person
from dashboard.orders.tables import Order
from dashboard.payments import journal
from tests.orders.cast import a_plan, an_order, waiting_for_intake

HOUR = timedelta(hours=1)


async def test_each_trouble_is_one_line_with_one_button(ana, acme, borealis):
    now = clock.now()
    plan = await a_plan(acme)
    await an_order(acme, plan=plan, paid=False, payment_status="failed")
    await an_order(acme, plan=plan, status="done", payment_status="disputed")
    await an_order(acme, plan=plan, status="in_progress", due_at=now - HOUR)
    await an_order(acme, plan=plan, status="intake_complete", due_at=now - HOUR)
    overdue = await waiting_for_intake(acme)
    requested = now - timedelta(days=5, hours=1)
    await Order.update({Order.reminders: 2, Order.intake_requested_at: requested}).where(Order.id == overdue.id)
    await an_order(acme)
    await an_order(acme, plan=plan, status="in_progress", due_at=now + timedelta(seconds=1))
    calm = await an_order(acme, plan=plan, status="in_progress", due_at=now + timedelta(days=3))
    await an_order(borealis, paid=False, payment_status="failed", customer_name="Canary")
    lines = {line["key"]: line for line in await needs_person(acme, now)}
    assert {key: (line["group"], line["label"], line["post"]) for key, line in lines.items()} == {
        "order-1": ("now", "Open order", ""),
        "order-2": ("now", "Open order", ""),
        "order-3": ("now", "Mark done", "/acme/orders/3/delivery"),
        "order-4": ("now", "Start work", "/acme/orders/4/work"),
        "order-5": ("now", "Send reminder", "/acme/orders/5/reminders"),
        "order-6": ("later", "Choose plan", ""),
        "order-7": ("today", "Mark done", "/acme/orders/7/delivery"),
    }
    assert f"order-{calm.number}" not in lines and all("Canary" not in str(line) for line in lines.values())
    for line in lines.values():
        assert line["why"] and line["title"] and line["concerns"] and line["href"].startswith("/acme/orders/")
        if line["post"]:
            assert (await ana.post(line["post"])).status_code == 200, line


async def test_a_reminder_by_hand_gives_the_customer_two_days(ana, acme):
    overdue, now = await waiting_for_intake(acme), clock.now()
    requested = now - timedelta(days=5, hours=1)
    await Order.update({Order.reminders: 2, Order.intake_requested_at: requested}).where(Order.id == overdue.id)
    [line] = await needs_person(acme, now)
    assert line["label"] == "Send reminder" and "Ingrid" in (await ana.get("/acme/orders?attention=yes")).text
    await ana.post(line["post"])
    assert await needs_person(acme, clock.now() + timedelta(hours=47)) == []
    assert "Ingrid" not in (await ana.get("/acme/orders?attention=yes")).text
    assert "Ingrid" in (await ana.get("/acme/orders?status=overdue")).text, "the answers are overdue all the same"
    assert len(await needs_person(acme, clock.now() + timedelta(hours=49))) == 1


@pytest.mark.parametrize(
    ("status", "amount", "shown"),
    [("needs_response", 12900, "disputed"), ("lost", 12900, "refunded"), ("lost", 5000, "partially_refunded"),
     ("won", 12900, "paid")],
)  # fmt: skip
async def test_a_dispute_needs_a_person_until_the_bank_has_decided(ana, acme, status, amount, shown):
    order = await an_order(acme, plan=await a_plan(acme), status="done")
    for said in ("needs_response", status):
        await journal.book_dispute(
            acme, "dp_1", amount=amount, currency="EUR", status=said, occurred_at=clock.now(),
            payment_intent=order.payment_intent,
        )  # fmt: skip
        await money.settle(acme, order)
    assert order.payment_status == shown
    assert [line["title"] for line in await needs_person(acme, clock.now())] == (
        ["Payment of order 1 is disputed"] if shown == "disputed" else []
    )
    assert ("Ingrid" in (await ana.get("/acme/orders?attention=yes")).text) == (shown == "disputed")
    assert ("Dispute lost" in (await ana.get("/acme/orders/1")).text) == (status == "lost")


async def test_an_order_with_two_troubles_is_one_line(acme):
    await an_order(acme, status="in_progress", due_at=clock.now() - HOUR, paid=False, payment_status="failed")
    [line] = await needs_person(acme, clock.now())
    assert line["title"] == "Payment of order 1 failed"


async def test_nothing_is_wrong_with_a_cancelled_order(acme):
    await an_order(acme, status="cancelled", due_at=clock.now() - HOUR, paid=False, payment_status="failed")
    assert await needs_person(acme, clock.now()) == []
