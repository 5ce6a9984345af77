"""Reminding by hand: at most once an hour, with the customer's own link, only while answers are missing."""

import asyncio
import json

from dashboard import clock
from dashboard.database import rows
from dashboard.orders import reminders
from tests.meanwhile import meanwhile
from tests.orders.cast import activity_of, an_order, deliveries_of, visitor, waiting_for_intake


def said(answer):
    return json.loads(answer.headers["hx-trigger"])["toast"]["text"]


async def test_a_reminder_carries_the_private_link(ana, stranger, acme):
    order = await waiting_for_intake(acme)
    answer = await ana.post(f"/acme/orders/{order.number}/reminders")
    assert said(answer) == "Reminder queued for Ingrid Solheim."
    [mail] = await deliveries_of(order, name="intake_reminder")
    link = next(line for line in mail.payload["text"].splitlines() if "/f/" in line)
    assert (await stranger.get(link.removeprefix("https://test.local"))).status_code == 200


async def test_ten_people_at_once_remind_once(ana, acme):
    order = await waiting_for_intake(acme)
    answers = await asyncio.gather(*(ana.post(f"/acme/orders/{order.number}/reminders") for _ in range(10)))
    assert len(await deliveries_of(order, name="intake_reminder")) == 1
    assert sum("Nothing was sent" in said(answer) for answer in answers) == 9
    assert (await activity_of(order)).count("reminded") == 1


async def test_an_hour_later_there_may_be_another(ana, acme):
    from datetime import timedelta

    order, who = await waiting_for_intake(acme), await visitor(ana.user)
    for hours in (0, 1):
        now = clock.now() + timedelta(hours=hours)
        assert await reminders.remind(acme, order, "https://test.local/f/x", who, now) == "sent"


async def test_a_reminder_beside_a_cancellation_is_not_left_behind_by_it(ana, acme):
    order, who = await waiting_for_intake(acme), await visitor(ana.user)

    async def cancel() -> None:
        await rows("UPDATE orders SET status = 'cancelled' WHERE id = {}", order.id)

    said = await meanwhile(cancel, lambda: reminders.remind(acme, order, "https://test.local/f/x", who, clock.now()))
    assert said == "not waiting" and await deliveries_of(order, name="intake_reminder") == []


async def test_nobody_is_reminded_of_what_is_not_missing(ana, acme):
    order = await an_order(acme, status="intake_complete")
    assert "is not waiting for answers" in said(await ana.post(f"/acme/orders/{order.number}/reminders"))
    assert await deliveries_of(order) == []
