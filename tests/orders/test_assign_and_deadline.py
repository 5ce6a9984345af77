"""Who does an order, and until when."""

import asyncio
import json
from datetime import UTC, datetime

from dashboard.accounts.tables import Organization
from tests.orders.cast import activity_of, an_order, as_it_is


def toast(answer):
    return json.loads(answer.headers["hx-trigger"])["toast"]


async def test_an_order_is_assigned_and_given_back(alice, ana, acme):
    order = await an_order(acme)
    said = toast(await alice.post(f"/acme/orders/{order.number}/assignment", data={"assignee": ana.user.id}))
    assert said["text"] == "Order 1 assigned to Ana Alba." and said["target"] == "#order"
    assert (await as_it_is(order))["assignee"] == ana.user.id
    again = toast(await alice.post(f"/acme/orders/{order.number}/assignment", data={"assignee": ana.user.id}))
    assert again == {"text": "Order 1 belongs to Ana Alba already."}
    await alice.post(said["undo"])
    assert (await as_it_is(order))["assignee"] is None
    assert await activity_of(order) == ["assigned", "assigned"]


async def test_ten_clicks_assign_once(alice, ana, acme):
    order = await an_order(acme)
    path, form = f"/acme/orders/{order.number}/assignment", {"assignee": ana.user.id}
    await asyncio.gather(*(alice.post(path, data=form) for _ in range(10)))
    assert await activity_of(order) == ["assigned"]


async def test_from_the_drawer_the_answer_is_the_drawer(alice, acme):
    order = await an_order(acme)
    dialog = (await alice.get(f"/acme/orders/{order.number}/assignment?in=drawer")).text
    assert 'hx-target="#drawer"' in dialog
    headers = {"HX-Request": "true", "HX-Target": "aside#drawer"}
    answer = await alice.post(f"/acme/orders/{order.number}/assignment", data={"assignee": ""}, headers=headers)
    assert answer.text.lstrip().startswith("<aside")


async def test_undo_from_the_drawer_answers_with_the_drawer(alice, acme):
    order = await an_order(acme, status="in_progress")
    headers = {"HX-Request": "true", "HX-Target": "aside#drawer"}
    said = toast(await alice.post(f"/acme/orders/{order.number}/delivery", headers=headers))
    assert said["target"] == "#drawer"
    assert (await alice.post(said["undo"])).text.lstrip().startswith("<aside")


async def test_somebody_from_elsewhere_cannot_be_assigned(alice, bob, acme):
    order = await an_order(acme)
    before = await as_it_is(order)
    for stranger in (bob.user.id, 424242, "me; DROP TABLE orders"):
        answer = await alice.post(f"/acme/orders/{order.number}/assignment", data={"assignee": stranger})
        assert answer.status_code == 422
    assert await as_it_is(order) == before


async def test_a_deadline_is_the_end_of_that_day_where_the_organization_is(ana, acme):
    await Organization.update({Organization.time_zone: "Europe/Oslo"}).where(Organization.id == acme.id)
    order = await an_order(acme)
    answer = await ana.post(f"/acme/orders/{order.number}/deadline", data={"day": "2026-11-24"})
    assert answer.status_code == 200 and "Tue 24 Nov 2026" in answer.text
    assert (await as_it_is(order))["due_at"] == datetime(2026, 11, 24, 22, 59, 59, tzinfo=UTC)
    dialog = (await ana.get(f"/acme/orders/{order.number}/deadline")).text
    assert 'value="2026-11-24"' in dialog
    await ana.post(f"/acme/orders/{order.number}/deadline", data={"day": ""})
    assert (await as_it_is(order))["due_at"] is None
    assert await activity_of(order) == ["deadline", "deadline"]


async def test_the_same_deadline_twice_is_one_line(ana, acme):
    order = await an_order(acme)
    for _ in range(2):
        await ana.post(f"/acme/orders/{order.number}/deadline", data={"day": "2026-12-01"})
    assert await activity_of(order) == ["deadline"]


async def test_a_day_that_is_none_comes_back_with_a_sentence(ana, acme):
    order = await an_order(acme)
    before = await as_it_is(order)
    for day in ("soon", "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-24T10:00", "'; --"):
        answer = await ana.post(f"/acme/orders/{order.number}/deadline", data={"day": day})
        assert answer.status_code == 422 and "Choose a day" in answer.text, day
    assert await as_it_is(order) == before
