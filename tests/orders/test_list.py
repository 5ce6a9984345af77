"""The orders page: what it shows, what it costs, and that it never shows another organization's orders."""

from datetime import timedelta

from dashboard import clock
from dashboard.orders.tables import Order
from tests.orders.cast import a_plan, an_order, waiting_for_intake


async def test_orders_are_listed_newest_first_with_work_and_payment_apart(alice, acme):
    first = await an_order(acme, customer_name="Tomás Herrera", placed_at=clock.now() - timedelta(hours=2))
    second = await an_order(acme, customer_name="Aiko Tanaka", paid=False)
    page = (await alice.get("/acme/orders")).text
    assert page.index(f">{second.number}</a>") < page.index(f">{first.number}</a>")
    assert "Tomás Herrera" in page and "€129.00" in page
    assert '<span class="badge positive">Paid</span>' in page and '<span class="badge pending">Unpaid</span>' in page


async def test_an_empty_list_says_what_will_fill_it(alice, vera):
    page = (await alice.get("/acme/orders")).text
    assert "No orders yet" in page and "data-new" in page
    assert "data-new" not in (await vera.get("/acme/orders")).text


async def test_filters_that_find_nothing_are_named(alice, acme):
    await an_order(acme)
    page = (await alice.get("/acme/orders?status=cancelled")).text
    assert "No orders match" in page and "“Status is Cancelled”" in page


async def test_the_address_of_the_filter_form_loses_what_was_left_empty(alice, acme):
    answer = await alice.get("/acme/orders?q=&status=new&assignee=&placed=")
    assert (answer.status_code, answer.headers["location"]) == (303, "/acme/orders?status=new")
    assert (await alice.get("/acme/orders?q=&placed=never")).status_code == 200, (
        "what was not understood stays to be read"
    )


async def test_htmx_gets_the_list_without_the_frame_at_the_same_address(alice, acme):
    await an_order(acme)
    whole, part = await alice.get("/acme/orders"), await alice.part("/acme/orders")
    assert "<html" in whole.text and "<html" not in part.text
    assert part.text.lstrip().startswith("<section") and "Ingrid Solheim" in part.text
    assert part.headers["vary"].startswith("HX-Request, HX-Request-Type, Cookie")


async def test_the_page_costs_few_queries_however_many_orders_there_are(alice, acme, queries):
    for _ in range(60):
        await an_order(acme)
    with queries() as seen:
        assert (await alice.get("/acme/orders?status=new&payment=paid")).status_code == 200
    assert len(seen) <= 5, seen


async def test_counts_come_in_one_query_of_their_own(alice, acme, queries):
    await an_order(acme)
    await an_order(acme, status="in_progress")
    await waiting_for_intake(acme)
    with queries() as seen:
        counts = (await alice.get("/acme/orders/counts?status=in_progress")).text
    assert 'id="orders-total" data-matching hx-morph-skip hx-swap-oob="true">1<' in counts
    assert (
        'id="tab-0" hx-morph-skip hx-swap-oob="true">3<' in counts
        and 'id="tab-2" hx-morph-skip hx-swap-oob="true">1<' in counts
    )
    assert len(seen) <= 5, seen


async def test_an_intake_reminded_twice_and_five_days_old_is_shown_as_overdue(alice, acme):
    order = await waiting_for_intake(acme)
    assert "Intake overdue" not in (await alice.get("/acme/orders")).text
    long_ago = clock.now() - timedelta(days=6)
    await Order.update({Order.reminders: 2, Order.intake_requested_at: long_ago}).where(Order.id == order.id)
    assert "Intake overdue" in (await alice.get("/acme/orders")).text
    assert f'id="o{order.number}"' in (await alice.get("/acme/orders?status=overdue")).text
    assert f'id="o{order.number}"' in (await alice.get("/acme/orders?attention=yes")).text


async def test_needs_attention_finds_each_kind_of_trouble_and_nothing_else(alice, acme):
    plan, past = await a_plan(acme), clock.now() - timedelta(hours=1)
    failed = await an_order(acme, plan=plan, paid=False, payment_status="failed")
    disputed = await an_order(acme, plan=plan, status="done", payment_status="disputed")
    late = await an_order(acme, plan=plan, status="in_progress", due_at=past)
    planless = await an_order(acme)
    calm = await an_order(acme, plan=plan, status="in_progress", due_at=clock.now() + timedelta(days=1))
    over = await an_order(acme, plan=plan, status="cancelled", paid=False, payment_status="failed", due_at=past)
    page = (await alice.get("/acme/orders?attention=yes")).text
    for order in (failed, disputed, late, planless):
        assert f'id="o{order.number}"' in page
    for order in (calm, over):
        assert f'id="o{order.number}"' not in page


async def test_bob_sees_none_of_it(bob, acme, borealis):
    order = await an_order(acme, customer_name="Canary Person")
    mine = await an_order(borealis, customer_name="Own Person")
    for path in ("/acme/orders", "/acme/orders/counts", "/acme/orders/filters", "/acme/orders.csv"):
        answer = await bob.get(path)
        assert answer.status_code == 404 and "Canary" not in answer.text
    page = (await bob.get(f"/borealis/orders?q=Canary&numbers={order.number}")).text
    assert "Canary Person" not in page
    assert "Own Person" in (await bob.get("/borealis/orders")).text and mine.number == order.number
