"""Today: what needs a person, why, since when, and the button that fixes it."""

import re
from datetime import timedelta

import pytest

from dashboard import clock, schedule
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.orders.tables import Order, OrderPayment
from dashboard.payments.tables import Payment
from dashboard.runs.tables import Run
from dashboard.webhooks import ledger
from dashboard.webhooks.tables import InboundEvent
from tests.orders import cast


async def an_order(organization, **facts):
    """An order with a plan, paid, its money told apart from the key numbers."""
    plan = await cast.a_plan(organization)
    return await cast.an_order(organization, plan=plan, paid=False, payment_status="paid", **facts)


async def today(browser, organization="acme", query=""):
    response = await browser.get(f"/{organization}/today{query}")
    assert response.status_code == 200
    return " ".join(response.text.split())


def line(text, key):
    """One line of the list, or an empty text."""
    found = re.search(rf'<li id="line-{re.escape(key)}">.*?</li>', text)
    return found[0] if found else ""


async def a_delivery(organization, state, n=1, **facts):
    for number in range(n):
        await Delivery.insert(
            Delivery(
                organization=organization.id, key=f"{state}:{number}:{organization.slug}", kind="mail",
                name="intake_request", recipient="ingrid@solheim.example", title="Your form", state=state,
                why="The address does not exist.", due_at=clock.now(), **facts,
            )
        )  # fmt: skip


async def a_failed_event(organization, id="evt_1"):
    now = clock.now()
    await ledger.record(organization.id, "stripe", id, "charge.refunded", b"{}", now - timedelta(minutes=26))
    await InboundEvent.update({"state": "failed", "error": "The list of refunds could not be read."}).where(
        InboundEvent.external_id == id
    )


async def some_money(organization, minutes=30, currency="EUR", amount=5900, kind="charge", **more):
    now = clock.now()
    payment = Payment(
        organization=organization.id, kind=kind, key=f"{kind}:{minutes}:{currency}", amount=amount, currency=currency,
        occurred_at=now - timedelta(minutes=minutes), created_at=now - timedelta(minutes=minutes), **more,
    )  # fmt: skip
    await payment.save()
    return payment


async def test_on_a_quiet_day_all_is_clear_and_it_says_what_ran_by_itself(vera, acme):
    await a_delivery(acme, "sent", 2)
    await ledger.record(acme.id, "stripe", "evt_1", "a.b", b"{}", clock.now())
    await InboundEvent.update({"state": "handled"}).where(InboundEvent.external_id == "evt_1")
    await Run.insert(Run(job="forget_sessions", period="p", outcome="ok", started_at=clock.now()))
    text = await today(vera)
    assert "Nothing needs a person" in text
    assert "All clear" in text
    assert "2 messages sent" in text
    assert "1 event handled" in text
    assert "1 job run, none failed" in text


async def test_all_clear_names_what_is_due_next(vera, acme):
    due = clock.now() + timedelta(days=3)
    order = await an_order(acme, status="in_progress", due_at=due, customer_name="Ingrid Solheim")
    text = await today(vera)
    assert f"Next due: order {order.number} for Ingrid Solheim" in text


async def test_a_late_order_has_one_button_that_moves_it_on(ana, acme):
    order = await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=3))
    text = await today(ana)
    found = line(text, f"order-{order.number}")
    assert f"Order {order.number} is late" in found
    assert "3 d" in found
    assert f'hx-post="/acme/orders/{order.number}/delivery"' in found
    assert text.index('id="today-now"') < text.index(found)
    assert (await ana.post(f"/acme/orders/{order.number}/delivery")).status_code == 200
    assert line(await today(ana), f"order-{order.number}") == ""


async def test_failed_and_unknown_and_held_deliveries_are_lines_each_with_their_fix(ana, acme):
    await a_delivery(acme, "failed")
    await a_delivery(acme, "unknown")
    await a_delivery(acme, "held", 3)
    text = await today(ana)
    assert 'hx-post="/acme/outbox/1/sending"' in line(text, "delivery-failed")
    assert "The address does not exist." in line(text, "delivery-failed")
    assert 'href="/acme/outbox/2"' in line(text, "delivery-unknown")
    assert "Decide…" in line(text, "delivery-unknown")
    assert "3 deliveries held" in line(text, "delivery-held")
    assert 'href="/acme/settings/integrations"' in line(text, "delivery-held")
    assert "3 things need a person" in text


async def test_a_failed_event_is_replayed_and_several_at_once(ana, acme):
    await a_failed_event(acme)
    found = line(await today(ana), "events-failed")
    assert "Stripe event failed" in found
    assert "charge.refunded: The list of refunds could not be read." in found
    assert "26 min" in found
    assert 'hx-post="/acme/events/1/replay"' in found
    await a_failed_event(acme, "evt_2")
    found = line(await today(ana), "events-failed")
    assert "2 events failed" in found
    assert "Replay both" in found
    assert (await ana.post("/acme/events/replays")).status_code == 200
    assert line(await today(ana), "events-failed") == ""


async def test_money_without_an_order_waits_ten_minutes_before_anybody_is_asked(vera, acme):
    await some_money(acme, 9)
    await some_money(acme, 60, kind="failure", amount=0)
    await some_money(acme, 61, amount=700, provider="manual")  # entered for a person: no order will come
    assert line(await today(vera), "money-waiting") == ""
    assert counted((await vera.get("/acme/navigation")).text, "today") == "0"
    await some_money(acme, 11)
    dollars = await some_money(acme, 12, "USD", 2000)
    found = line(await today(vera), "money-waiting")
    assert "€59.00 and $20.00 without an order" in found
    order = await an_order(acme)
    await OrderPayment.insert(OrderPayment(organization=acme.id, order=order.id, payment=dollars.id))
    assert "€59.00 without an order" in line(await today(vera), "money-waiting")


async def test_jobs_that_are_late_or_failed_are_lines_and_many_late_ones_are_one(alice, acme):
    await Run.insert(Run(job="upsell", period="p", outcome="failed", error="It broke.", started_at=clock.now()))
    text = await today(alice)
    assert "Upsell mails failed" in line(text, "job-upsell")
    assert "It broke." in line(text, "job-upsell")
    assert 'hx-post="/acme/schedules/upsell/runs"' in line(text, "job-upsell")
    long_ago = clock.now() - timedelta(days=3)
    await Run.insert(Run(job="follow_up", period="q", outcome="ok", started_at=long_ago))
    assert "Follow-up mails did not start" in line(await today(alice), "job-follow_up")
    for job in schedule.SCHEDULE:
        await Run.insert(Run(job=job.name, period="r", outcome="ok", started_at=long_ago))
    text = await today(alice)
    assert f"{len(schedule.SCHEDULE) - 1} jobs did not start" in line(text, "jobs-late")
    assert line(text, "job-follow_up") == ""


async def test_who_may_not_fix_it_gets_a_way_to_look_instead(vera, ana, acme):
    await a_failed_event(acme)
    await Run.insert(Run(job="upsell", period="p", outcome="failed", error="x", started_at=clock.now()))
    order = await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=3))
    text = await today(vera)
    assert "hx-post" not in text.partition('id="today"')[2].partition("</main>")[0]
    assert 'href="/acme/events/1"' in line(text, "events-failed")
    assert f'href="/acme/orders/{order.number}"' in line(text, f"order-{order.number}")
    text = await today(ana)
    assert "hx-post" in line(text, "events-failed")
    assert "hx-post" not in line(text, "job-upsell")  # jobs belong to admins


async def test_mine_is_what_is_assigned_to_me(ana, alice, acme):
    late = clock.now() - timedelta(days=3)
    hers = await an_order(acme, status="in_progress", due_at=late, assignee=ana.user.id)
    other = await an_order(acme, status="in_progress", due_at=late, assignee=alice.user.id)
    await a_failed_event(acme)
    text = await today(ana)
    assert 'Mine <span class="dim">1</span>' in text
    text = await today(ana, query="?mine=1")
    assert line(text, f"order-{hers.number}")
    assert not line(text, f"order-{other.number}")
    assert not line(text, "events-failed")
    assert "1 thing needs you" in text


async def test_only_the_first_line_of_now_is_primary(ana, acme):
    for days in (1, 2):
        await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=days))
    await a_delivery(acme, "held")
    text = await today(ana)
    assert text.count('class="btn primary"') == 1
    assert "primary" in line(text, "order-2")  # the one that is two days late


async def test_key_numbers_are_links_and_currencies_are_never_added(vera, acme):
    from zoneinfo import ZoneInfo

    acme.time_zone = "Pacific/Auckland"
    await acme.save()
    for amount, currency, hours in ((12900, "EUR", 0), (100, "EUR", 0), (5000, "USD", 0), (777, "EUR", 48)):
        await Payment.insert(
            Payment(
                organization=acme.id, kind="charge", key=f"{amount}", amount=amount, currency=currency,
                occurred_at=clock.now() - timedelta(hours=hours),
            )
        )  # fmt: skip
    await some_money(acme, 0, amount=99_900, provider="manual", status="reversed")
    await an_order(acme, status="intake_pending")
    await an_order(acme, status="in_progress")
    text = await today(vera)
    assert "€130.00" in text
    assert "2 payments" in text
    assert "$50.00" in text
    local = clock.now().astimezone(ZoneInfo("Pacific/Auckland")).date()
    assert f'href="/acme/orders?placed_from={local.isoformat()}"' in text
    assert 'href="/acme/orders?status=intake_pending"' in text


async def test_another_companys_trouble_is_nobodys_here(acme, bob, borealis):
    await a_failed_event(acme)
    await a_delivery(acme, "failed")
    await some_money(acme)
    await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=3))
    assert (await bob.get("/acme/today")).status_code == 404
    assert (await bob.get("/acme/navigation")).status_code == 404
    text = await today(bob, "borealis")
    assert "All clear" in text
    assert "€59.00" not in text
    counts = (await bob.get("/borealis/navigation")).text
    assert counts.count("hidden") == 16


async def test_text_of_outsiders_is_text(ana, acme):
    hostile = '<img src=x onerror=alert(1)>"'
    await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=3), customer_name=hostile)
    await InboundEvent.insert(
        InboundEvent(
            organization=acme.id, key="k", sender="stripe", external_id="x", kind=hostile, body=b"", state="failed",
            error=hostile, received_at=clock.now(), due_at=clock.now(),
        )
    )  # fmt: skip
    assert "<img" not in await today(ana)


async def test_htmx_gets_the_list_alone(vera, acme):
    response = await vera.part("/acme/today")
    assert response.text.lstrip().startswith('<div class="contents" id="today"')


@pytest.mark.parametrize("busy", [False, True], ids=["all clear", "busy"])
async def test_today_asks_little_of_the_database(ana, acme, queries, busy):
    if busy:
        for n in range(30):
            await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=n + 1))
            await a_failed_event(acme, f"evt_{n}")
        await a_delivery(acme, "failed", 30)
        await some_money(acme)
    with queries() as seen:
        await ana.get("/acme/today")
    assert len(seen) <= 18, [statement[:80] for statement in seen]


# ── the numbers beside the navigation ──


def counted(text, key):
    return re.search(rf'id="nav-count-{key}"[^>]*>([^<]*)<', text)[1]


async def test_the_navigation_counts_the_same_as_the_pages_show(alice, acme):
    await a_failed_event(acme)
    await a_failed_event(acme, "evt_2")
    await a_delivery(acme, "failed", 2)
    await a_delivery(acme, "held")
    await some_money(acme)
    await an_order(acme, status="in_progress", due_at=clock.now() - timedelta(days=3))
    await Run.insert(Run(job="upsell", period="p", outcome="failed", error="x", started_at=clock.now()))
    text = (await alice.get("/acme/navigation")).text
    assert {key: counted(text, key) for key in ("today", "outbox", "events", "schedules")} == {
        "today": "6", "outbox": "3", "events": "2", "schedules": "1",
    }  # fmt: skip
    assert "6 things need a person" in await today(alice)
    assert text.count('hx-swap-oob="true"') == 16
    assert "<html" not in text


async def test_the_navigation_asks_little_of_the_database(vera, acme, queries):
    with queries() as seen:
        await vera.get("/acme/navigation")
    assert len(seen) <= 4, seen


async def test_counts_of_a_flood_stay_quick_and_capped(vera, acme):
    await rows(
        "INSERT INTO delivery (organization, key, kind, name, state, due_at, title, recipient, payload, why) "
        "SELECT {}, 'k' || n, 'mail', 'upsell', 'held', now(), '', '', '[]', '' FROM generate_series(1, 1500) n",
        acme.id,
    )
    assert counted((await vera.get("/acme/navigation")).text, "outbox") == "1,000"
    assert await Order.count() == 0
