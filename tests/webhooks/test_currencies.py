"""Currencies without decimals, with three, and one nobody knows: kept as Stripe wrote them."""

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.integrations import stripe_samples
from dashboard.payments.tables import Payment
from tests.webhooks.posting import drain, send


def story(currency: str, amount: int) -> list[dict]:
    now = int(clock.now().timestamp()) - 90_000
    kinds = ("checkout.session.completed", "refund.updated", "charge.dispute.created")
    return [
        stripe_samples.event(kind, "a", now=now, currency=currency, amount=amount, refunded=100, event_id=f"evt_{kind}")
        for kind in kinds
    ]


@pytest.mark.parametrize(
    ("currency", "amount", "shown", "refunded"),
    [
        ("jpy", 1500, "JPY\u00a01,500", "−JPY\u00a0100"), ("kwd", 12345, "KWD\u00a012.345", "−KWD\u00a00.100"),
        ("isk", 150000, "ISK\u00a01,500.00", "−ISK\u00a01.00"),
        ("xxq", 1234, "1,234 XXQ (minor units)", "−100 XXQ (minor units)"),
    ],
)  # fmt: skip
async def test_amounts_stay_whole_minor_units_and_are_shown_as_the_currency_has_them(
    stranger, alice, acme, currency, amount, shown, refunded
):
    for event in story(currency, amount):
        assert (await send(stranger, event)).status_code == 200
    await drain()
    lines = await Payment.select(Payment.kind, Payment.amount, Payment.currency).order_by(Payment.id)
    assert [(each["kind"], each["amount"]) for each in lines] == [
        ("charge", amount), ("refund", -100), ("dispute", -amount),
    ]  # fmt: skip
    assert {each["currency"] for each in lines} == {currency.upper()}
    page = (await alice.get("/acme/orders/1")).text
    assert shown in page and refunded in page
    mails = await Delivery.select(Delivery.payload).where(Delivery.kind == "mail")
    assert mails and shown in mails[0]["payload"]["text"]


async def test_a_currency_nobody_knows_is_flagged_on_the_revenue_page(stranger, alice, acme):
    for event in story("xxq", 1234)[:1]:
        await send(stranger, event)
    await drain()
    page = (await alice.get("/acme/revenue")).text
    assert "XXQ is not a currency we know" in page and "1,234 XXQ (minor units)" in page


async def test_a_currency_that_is_none_at_all_leaves_the_event_failed_with_its_reason(stranger, acme):
    await send(stranger, story("not a currency, but a sentence", 100)[1])
    await drain()
    [event] = await rows("SELECT state, error FROM inbound_event")
    assert event["state"] == "failed" and event["error"] and await Payment.count() == 0
