"""Subscription and invoice events: reports, failed renewals, in any order."""

import itertools

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.payments import subscriptions
from dashboard.payments.tables import Payment
from dashboard.webhooks.tables import InboundEvent
from tests.webhooks.posting import a_checkout, an_event, drain, send

AT = 1795200000


def a_subscription(kind, id, created, status="active", amount=4900, **more):
    price = {
        "id": "price_1",
        "unit_amount": amount,
        "currency": "eur",
        "recurring": {"interval": "month", "interval_count": 1},
    }
    facts = {"id": "sub_1", "status": status, "customer": "cus_1", "items": {"data": [{"price": price, "quantity": 1}]}}
    return an_event(f"customer.subscription.{kind}", id, facts | more, created=created)


def a_failed_invoice(id="evt_f", old=False, **fields):
    where = {"subscription": "sub_1", "payment_intent": "pi_9"} if old else {
        "parent": {"subscription_details": {"subscription": "sub_1"}}, "payments": {"data": [{"payment": {"payment_intent": "pi_9"}}]},
    }  # fmt: skip
    facts = {
        "id": "in_1",
        "amount_due": 4900,
        "currency": "eur",
        "billing_reason": "subscription_cycle",
        "attempt_count": 1,
        "next_payment_attempt": AT + 9,
    }
    return an_event("invoice.payment_failed", id, facts | where | fields, created=AT)


async def test_the_life_of_a_subscription_in_any_order_gives_the_same_movements(stranger, acme):
    story = [
        a_subscription("created", "evt_1", AT, "incomplete"), a_subscription("updated", "evt_2", AT), a_subscription("updated", "evt_3", AT + 10, amount=9900),
        a_subscription("deleted", "evt_4", AT + 20, "canceled", amount=9900),
    ]  # fmt: skip
    for order in itertools.permutations(story):
        await rows("DELETE FROM subscription_report")
        await rows("DELETE FROM inbound_event")
        for event in [*order, order[0]]:
            assert (await send(stranger, event)).status_code == 200
        await drain()
        found = await subscriptions.movements(acme, clock.now().replace(year=2100))
        assert [(each["kind"], each["change"]) for each in found] == [
            ("new", 4900),
            ("expansion", 5000),
            ("churn", -9900),
        ]


async def test_a_renewal_that_fails_is_told_once_in_both_shapes_and_books_no_money(stranger, acme):
    await send(stranger, a_checkout(mode="subscription", subscription="sub_1", invoice="in_0", payment_intent=None))
    for event in (a_failed_invoice("evt_f1"), a_failed_invoice("evt_f2", old=True), a_failed_invoice("evt_f1")):
        await send(stranger, event)
    await drain()
    failures = await Payment.select(
        Payment.amount, Payment.subscription, Payment.payment_intent, Payment.invoice
    ).where(Payment.kind == "failure")
    assert failures == [{"amount": 0, "subscription": "sub_1", "payment_intent": "pi_9", "invoice": "in_1"}]
    alerts = await Delivery.select(Delivery.title).where(Delivery.key.like("alert:renewal%"))
    assert alerts == [{"title": "Renewal failed: €49.00"}]
    assert (await rows("SELECT payment_status FROM orders"))[0]["payment_status"] == "paid"


def a_declined(intent="pi_9", id="evt_p", **more):
    facts = {"id": intent, "amount": 4900, "currency": "eur", "last_payment_error": {"message": "Declined."}}
    return an_event("payment_intent.payment_failed", id, facts | more, created=AT)


async def told() -> list[str]:
    alerts = Delivery.select(Delivery.title).where(Delivery.kind == "telegram", Delivery.name == "payment_failed")
    return [each["title"] for each in await alerts]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_one_failed_renewal_is_one_alert_whichever_event_comes_first(stranger, acme, old, order):
    both = [a_declined(**({"invoice": "in_1"} if old else {})), a_failed_invoice(old=old)]
    if old:
        both[1]["data"]["object"] |= {"payment_intent": None}  # tied by the invoice alone
    for place in (*order, *order):
        await send(stranger, both[place] | {"id": f"evt_{place}"})
        await drain()
    assert len(await told()) == 1
    await send(stranger, a_failed_invoice("evt_f2", old=old, attempt_count=2))
    await send(stranger, a_declined(id="evt_p2"))
    await drain()
    assert len(await told()) == 2, "the next try is another failure, told once as well"


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0,), (1,)])
@pytest.mark.parametrize("intent", ["pi_9", None])
async def test_a_delayed_payment_that_failed_is_one_alert(stranger, acme, order, intent):
    await send(stranger, a_checkout("evt_c", payment_status="unpaid", payment_intent=intent))
    await drain()
    failed = a_checkout("evt_a", payment_status="unpaid", payment_intent=intent)
    both = [failed | {"type": "checkout.session.async_payment_failed"}, a_declined()]
    for place in order:
        await send(stranger, both[place])
        await drain()
    expected = 2 if intent is None and len(order) == 2 else 1  # nothing says that the two are one
    assert len(await told()) == expected


async def test_the_first_invoice_is_left_to_the_alert_of_its_checkout(stranger, acme):
    await send(stranger, a_failed_invoice(billing_reason="subscription_create"))
    await drain()
    assert await Delivery.count() == 0 and await Payment.count() == 1


async def test_a_subscription_whose_amount_makes_no_sense_is_kept_as_failed_with_its_reason(stranger, acme):
    await send(stranger, a_subscription("created", "evt_1", AT, amount="a lot"))
    await drain()
    event = await InboundEvent.across_organizations().first()
    assert event.state == "failed" and "whole number" in event.error
