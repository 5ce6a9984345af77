"""The same for many orders: the ticked ones, or all behind the filter, and never any others."""

import json

from dashboard.orders import queries
from dashboard.orders.tables import Order
from tests.orders.cast import activity_of, an_order, as_it_is, deliveries_of, waiting_for_intake


def toast(answer):
    return json.loads(answer.headers["hx-trigger"])["toast"]


async def assignees(organization):
    found = await Order.select_of(organization, Order.number, Order.assignee).order_by(Order.number)
    return {each["number"]: each["assignee"] for each in found}


async def test_ticked_orders_get_an_assignee_and_can_be_given_back(alice, ana, acme):
    first, second, third = [await an_order(acme) for _ in range(3)]
    await Order.update({Order.assignee: alice.user.id}).where(Order.id == second.id)
    form = {"numbers": [first.number, second.number], "assignee": ana.user.id}
    said = toast(await alice.post("/acme/orders/bulk/assignments", data=form))
    assert said["text"] == "2 orders assigned to Ana Alba."
    assert await assignees(acme) == {1: ana.user.id, 2: ana.user.id, 3: None}
    assert await activity_of(first) == ["assigned"] and await activity_of(third) == []
    back = toast(await alice.post(said["undo"]))
    assert back["text"] == "2 orders given back."
    assert await assignees(acme) == {1: None, 2: alice.user.id, 3: None}
    assert toast(await alice.post(said["undo"]))["text"].startswith("They have changed hands since")


async def test_undo_leaves_alone_what_has_changed_hands_since(alice, ana, acme):
    first, second = [await an_order(acme) for _ in range(2)]
    form = {"numbers": [first.number, second.number], "assignee": ana.user.id}
    said = toast(await alice.post("/acme/orders/bulk/assignments", data=form))
    await Order.update({Order.assignee: alice.user.id}).where(Order.id == second.id)
    assert toast(await alice.post(said["undo"]))["text"] == "1 order given back."
    assert await assignees(acme) == {1: None, 2: alice.user.id}


async def test_all_matching_means_the_filter_and_not_the_page(alice, ana, acme, monkeypatch):
    monkeypatch.setattr(queries, "BATCH", 3)
    for _ in range(8):
        await an_order(acme, status="in_progress")
    other = await an_order(acme, status="done")
    form = {"all": "1", "query": "status=in_progress", "numbers": [1], "assignee": ana.user.id}
    assert toast(await alice.post("/acme/orders/bulk/assignments", data=form))["text"].startswith("8 orders assigned")
    found = await assignees(acme)
    assert found.pop(other.number) is None and set(found.values()) == {ana.user.id}


async def test_a_filter_that_is_not_understood_touches_nothing(alice, ana, acme):
    order = await an_order(acme)
    before = await as_it_is(order)
    for form in (
        {"all": "1", "query": "status=nonsense"}, {"all": "1", "query": "q=%00"}, {}, {"numbers": "x"},
        {"numbers": ["1", "' OR 1=1"]},
    ):  # fmt: skip
        answer = await alice.post("/acme/orders/bulk/assignments", data=form | {"assignee": ana.user.id})
        assert answer.status_code == 422, form
    assert await as_it_is(order) == before


async def test_only_the_team_can_be_assigned(alice, bob, acme, borealis):
    order = await an_order(acme)
    for somebody in (bob.user.id, 99999, "x", "9" * 30):
        form = {"numbers": [order.number], "assignee": somebody}
        assert (await alice.post("/acme/orders/bulk/assignments", data=form)).status_code == 422
    assert (await as_it_is(order))["assignee"] is None


async def test_reminders_go_to_those_who_owe_answers_and_the_result_is_said(alice, acme):
    waiting, again, working = await waiting_for_intake(acme), await waiting_for_intake(acme), await an_order(acme)
    await alice.post(f"/acme/orders/{again.number}/reminders")
    form = {"numbers": [waiting.number, again.number, working.number]}
    said = toast(await alice.post("/acme/orders/bulk/reminders", data=form))["text"]
    assert said == "1 order reminded. 1 had a reminder within this hour."
    assert len(await deliveries_of(waiting, name="intake_reminder")) == 1
    assert len(await deliveries_of(again, name="intake_reminder")) == 1
    assert await deliveries_of(working, name="intake_reminder") == []
    said = toast(await alice.post("/acme/orders/bulk/reminders", data={"numbers": [working.number]}))["text"]
    assert said == "Nobody was reminded. None of them waits for the customer’s answers."


async def test_bobs_orders_are_out_of_reach_by_number_filter_and_undo(alice, ana, bob, acme, borealis):
    order = await an_order(acme)
    assigned = await alice.post(
        "/acme/orders/bulk/assignments", data={"numbers": [order.number], "assignee": ana.user.id}
    )
    before = await as_it_is(order)
    for form in ({"numbers": [order.number]}, {"all": "1", "query": ""}):
        assert (await bob.post("/acme/orders/bulk/assignments", data=form)).status_code == 404
        assert toast(await bob.post("/borealis/orders/bulk/assignments", data=form))["text"].startswith("0 orders")
    batch = toast(assigned)["undo"].split("/")[-2]
    answer = await bob.post(f"/borealis/orders/bulk/assignments/{batch}/reversal")
    assert toast(answer)["text"].startswith("They have changed hands since")
    assert await as_it_is(order) == before


async def test_viewers_change_nothing(vera, acme):
    order = await an_order(acme)
    for path in ("reminders", "assignments"):
        assert (await vera.post(f"/acme/orders/bulk/{path}", data={"numbers": [order.number]})).status_code == 403
