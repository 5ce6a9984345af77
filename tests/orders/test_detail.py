"""One order's page and its drawer: everything about it, in few queries, and whose turn it is."""

from datetime import UTC, date, datetime, timedelta

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.orders import detail, progress
from dashboard.orders.tables import Order
from tests.orders.cast import a_deliverable, a_plan, an_order, waiting_for_intake

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


async def test_the_page_shows_what_belongs_to_the_order(alice, acme):
    plan = await a_plan(acme, "Website audit")
    order = await an_order(acme, plan=plan, status="in_progress", started_at=clock.now(), assignee=alice.user.id)
    await an_order(acme, customer_email=order.customer_email, amount=4500, currency="USD")
    await a_deliverable(acme, order, "Audit of the shop", is_report=True)
    await activity.write_note(acme, "order", order.id, "Wants it before <b>Friday</b>", alice.user)
    page = (await alice.get(f"/acme/orders/{order.number}")).text
    for said in (
        "Website audit", "Our turn: finish and hand over", "Mark done", "Audit of the shop", "Card ending 4471",
        "Net, EUR", "1 other order", "$45.00 in total", "Wants it before &lt;b&gt;Friday&lt;/b&gt;", "Alice Arden",
        "Handover", "When the order is marked done",
    ):  # fmt: skip
        assert said in page, said


async def test_only_what_was_bought_counts_as_another_order_and_the_link_finds_just_that_person(alice, acme):
    order = await an_order(acme)
    same = {"customer_email": order.customer_email, "amount": 4500, "currency": "USD"}
    await an_order(acme, **same, status="cancelled")
    await an_order(acme, **same, paid=False)
    await an_order(acme, **same, paid=False, payment_status="failed")
    assert "First order" in (await alice.get(f"/acme/orders/{order.number}")).text
    await an_order(acme, **same)
    await an_order(acme, customer_email=f"x{order.customer_email}")
    page = (await alice.get(f"/acme/orders/{order.number}")).text
    assert "$45.00 in total" in page
    assert f'href="/acme/leads/{order.lead}"><b>1 other order</b>' in page


async def test_the_page_costs_few_queries_however_much_there_is(alice, acme, queries):
    order = await waiting_for_intake(acme)
    for n in range(5):
        await a_deliverable(acme, order, f"File {n}")
        await activity.write_note(acme, "order", order.id, "note", alice.user)
    with queries() as seen:
        assert (await alice.get(f"/acme/orders/{order.number}")).status_code == 200
    assert len(seen) <= 11, seen
    with queries() as seen:
        assert (await alice.get(f"/acme/orders/{order.number}/drawer")).status_code == 200
    assert len(seen) <= 8, seen


async def test_htmx_gets_the_order_without_the_frame_and_the_drawer_is_a_piece(alice, acme):
    order = await an_order(acme)
    part = await alice.part(f"/acme/orders/{order.number}")
    assert part.text.lstrip().startswith("<section") and 'id="order"' in part.text
    drawer = (await alice.get(f"/acme/orders/{order.number}/drawer")).text
    assert drawer.lstrip().startswith("<aside") and "<html" not in drawer


async def test_the_timeline_can_show_people_or_machines_alone(alice, acme):
    order = await an_order(acme)
    await activity.record(acme, "order", order.id, "paid", "The customer paid", actor="customer")
    await activity.record(acme, "order", order.id, "intake_requested", "The clock asked", actor="system")
    await activity.write_note(acme, "order", order.id, "A colleague wrote", alice.user)
    people = (await alice.part(f"/acme/orders/{order.number}?timeline=people")).text
    machines = (await alice.part(f"/acme/orders/{order.number}?timeline=machines")).text
    assert "The customer paid" in people and "A colleague wrote" in people and "The clock asked" not in people
    assert "The clock asked" in machines and "The customer paid" not in machines
    assert (await alice.get(f"/acme/orders/{order.number}?timeline=evil")).status_code == 200


async def test_the_neighbours_are_those_of_the_list(alice, acme):
    same = clock.now() - timedelta(days=1)
    for _ in range(3):
        await an_order(acme, placed_at=same)
    found = await detail.load(acme, 2, clock.now())
    assert (found.order["newer"], found.order["older"]) == (3, 1)
    assert (await detail.load(acme, 3, clock.now())).order["newer"] is None


async def test_a_viewer_reads_everything_and_is_offered_nothing(vera, acme):
    order = await waiting_for_intake(acme)
    page = (await vera.get(f"/acme/orders/{order.number}")).text.partition("<main")[2]
    assert "Ingrid Solheim" in page
    assert "hx-post" not in page and "Refund…" not in page and "/f/" not in page


async def test_an_agent_is_not_offered_refunds(ana, alice, acme):
    order = await an_order(acme)
    assert "Refund…" not in (await ana.get(f"/acme/orders/{order.number}")).text
    assert "Refund…" in (await alice.get(f"/acme/orders/{order.number}")).text


async def test_an_order_that_is_not_there_is_not_found(alice, acme):
    for number in (1, 2**31, 2**70):
        assert (await alice.get(f"/acme/orders/{number}")).status_code == 404
        assert (await alice.get(f"/acme/orders/{number}/drawer")).status_code == 404


# ── what the page concludes ──


def a_row(**changes):
    columns = (
        "status payment_status provider plan plan_form confirmed_at placed_at intake_requested_at intake_submitted_at "
        "started_at done_at cancelled_at cancel_reason due_at reminders assignee_name customer_name customer_email"
    )
    facts = dict.fromkeys(columns.split()) | {"status": "new", "payment_status": "paid", "provider": "stripe"}
    facts |= {"plan": 1, "placed_at": NOW, "confirmed_at": NOW, "reminders": 0}
    facts |= {"customer_name": "Ingrid", "cancel_reason": ""}
    return facts | changes


def turn(**changes):
    found = progress.turn(a_row(**changes), NOW)
    return found and found.text


def test_whose_turn_it_is_follows_from_work_and_money():
    week_ago = NOW - timedelta(days=7)
    assert turn() == "Our turn: start work"
    assert turn(confirmed_at=None, payment_status="unpaid") == "Customer’s turn: pay"
    assert turn(status="intake_pending", intake_requested_at=NOW) == "Customer’s turn: fill in the form"
    overdue = {"status": "intake_pending", "intake_requested_at": week_ago, "reminders": 2}
    assert turn(**overdue) == "Our turn: ask the customer"
    assert turn(status="intake_complete") == "Our turn: start work"
    assert turn(status="in_progress") == "Our turn: finish and hand over"
    assert turn(status="done") is None and turn(status="cancelled") is None


def test_the_next_step_is_one_button_or_none():
    def label(**changes):
        return progress.next_step(a_row(**changes), [], NOW).label

    assert label() == "Start work" and label(plan=None) == "Choose plan"
    assert label(status="intake_pending") == "Send reminder" and label(status="intake_complete") == "Start work"
    assert label(status="in_progress") == "Mark done"
    assert label(provider="manual", payment_status="unpaid", confirmed_at=None) == "Mark as paid"
    assert label(payment_status="unpaid", confirmed_at=None) == "" == label(status="done") == label(status="cancelled")


def test_the_steps_are_the_way_it_took():
    def states(**changes):
        return [(name, state) for name, _, state in progress.steps(a_row(**changes), "UTC", NOW)]

    assert states() == [("New", "current"), ("In progress", ""), ("Done", "")]
    asked = {"status": "intake_pending", "intake_requested_at": NOW, "plan_form": 3}
    assert [state for _, state in states(**asked)] == ["done", "current", "", "", ""]
    stopped = states(status="cancelled", started_at=NOW, cancelled_at=NOW)
    assert stopped == [("New", "done"), ("In progress", "done"), ("Cancelled", "off")]
    assert {state for _, state in states(status="done", started_at=NOW, done_at=NOW)} == {"done"}


def test_the_deadline_stands_at_the_last_step_in_local_days():
    due = datetime(2026, 11, 24, 22, 59, 59, tzinfo=UTC)
    found = progress.steps(a_row(status="in_progress", started_at=NOW, due_at=due), "Europe/Oslo", NOW)
    assert found[-1][1] == "due Tue 24 Nov" and found[1][1] == "since 13:00"
    assert date(2026, 11, 24).strftime("%a") == "Tue"


async def test_overdue_is_shown_and_never_stored(acme):
    order = await waiting_for_intake(acme)
    requested = clock.now() - timedelta(days=5, minutes=1)
    await Order.update({Order.reminders: 2, Order.intake_requested_at: requested}).where(Order.id == order.id)
    assert (await detail.load(acme, order.number, clock.now())).work == "overdue"
    await order.refresh()
    assert order.status == "intake_pending"
