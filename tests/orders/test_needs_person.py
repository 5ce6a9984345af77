"""What orders put on Today: each trouble once, with its reason and a button that fixes it."""

from datetime import timedelta

from dashboard import clock
from dashboard.orders.attention import needs_person
from dashboard.orders.tables import Order
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


async def test_an_order_with_two_troubles_is_one_line(acme):
    await an_order(acme, status="in_progress", due_at=clock.now() - HOUR, paid=False, payment_status="failed")
    [line] = await needs_person(acme, clock.now())
    assert line["title"] == "Payment of order 1 failed"


async def test_nothing_is_wrong_with_a_cancelled_order(acme):
    await an_order(acme, status="cancelled", due_at=clock.now() - HOUR, paid=False, payment_status="failed")
    assert await needs_person(acme, clock.now()) == []
