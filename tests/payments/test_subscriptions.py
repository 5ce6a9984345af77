"""Recurring revenue: reading subscriptions of both shapes, and movements that do not depend on the order of arrival."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.database import rows
from dashboard.payments import subscriptions

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def item(amount, interval="month", count=1, quantity=1, currency="eur", **more):
    recurring = {"interval": interval, "interval_count": count, "usage_type": "licensed"} | more
    return {
        "price": {"id": "price_1", "unit_amount": amount, "currency": currency, "recurring": recurring},
        "quantity": quantity,
    }


def subscription(*items, status="active", **more):
    return {"id": "sub_1", "status": status, "items": {"data": list(items)}} | more


@pytest.mark.parametrize(
    ("items", "monthly"),
    [
        ([item(4900)], 4900),
        ([item(4900, quantity=3)], 14700),
        ([item(120_000, "year")], 10_000),
        ([item(30_000, "month", 3)], 10_000),
        ([item(700, "week")], 3042),  # 700 * 365 / 84 = 3041.67
        ([item(100, "day")], 3042),
        ([item(4900), item(120_000, "year")], 14_900),
        ([item(4900), item(None)], 4900),  # a tier has no amount of its own
        ([item(4900), item(5, usage_type="metered")], 4900),
        ([item(0)], 0),
    ],
)
def test_a_price_of_any_interval_becomes_a_month_s_worth(items, monthly):
    said = subscriptions.read(subscription(*items))
    assert (said.monthly, said.currency, said.price) == (monthly, "EUR", "price_1")


def test_the_older_shape_with_one_plan_says_the_same():
    old = {
        "status": "active",
        "quantity": 2,
        "plan": {"id": "plan_1", "amount": 900, "currency": "jpy", "interval": "month", "interval_count": 1},
    }
    assert subscriptions.read(old) == ("active", 1800, "JPY", "plan_1")


def discount(id="di_1", new=False, **coupon):
    coupon = {"duration": "forever", "percent_off": None, "amount_off": None} | coupon
    return {"id": id, "source": {"type": "coupon", "coupon": coupon}} if new else {"id": id, "coupon": coupon}


@pytest.mark.parametrize(
    ("items", "more", "monthly"),
    [
        ([item(10_000)], {"discount": discount(percent_off=25.5)}, 7450),
        ([item(10_000)], {"discounts": [discount(new=True, percent_off=20)]}, 8000),
        ([item(10_000)], {"discount": discount(percent_off=20), "discounts": [discount(percent_off=20)]}, 8000),
        ([item(10_000)], {"discount": discount(percent_off=20), "discounts": ["di_1"]}, 8000),
        ([item(10_000)], {"discounts": ["di_1"], "discount": None}, 10_000),
        ([item(10_000)], {"discounts": [{"id": "di_1", "source": {"coupon": "spring"}}]}, 10_000),
        ([item(10_000)], {"discount": discount(percent_off=50, duration="once")}, 10_000),
        ([item(10_000)], {"discount": discount(percent_off=100, duration="repeating")}, 0),
        ([item(120_000, "year")], {"discount": discount(amount_off=24_000)}, 8000),
        ([item(1_000)], {"discount": discount(amount_off=5_000)}, 0),
        ([item(10_000) | {"discounts": [discount(percent_off=10)]}, item(5_000)], {}, 14_000),
        ([item(10_000)], {"discounts": [discount(percent_off=10), discount("di_2", amount_off=1_000)]}, 8000),
    ],
)
def test_discounts_of_both_shapes_are_taken_off(items, more, monthly):
    assert subscriptions.read(subscription(*items, **more)).monthly == monthly


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "trialing", "unpaid", "canceled", "paused"])
def test_only_what_pays_counts(status):
    assert subscriptions.read(subscription(item(4900), status=status)).monthly == 0
    assert subscriptions.read(subscription(item(4900), status="past_due")).monthly == 4900
    assert subscriptions.read(subscription(item(4900), pause_collection={"behavior": "void"})).monthly == 0


@pytest.mark.parametrize(
    "wrong", [item(-1), item(1.5), item("9"), item(2**53), item(9, quantity=-1), item(9, "fortnight"), item(9, count=0)]
)
def test_amounts_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="subscription"):
        subscriptions.read(subscription(wrong))


async def test_every_order_of_arrival_with_repeats_gives_the_same_movements(acme):
    story = [
        ("incomplete", 4900, 0),
        ("active", 4900, 0),
        ("active", 9900, 30),
        ("active", 2900, 60),
        ("canceled", 2900, 90),
        ("active", 4900, 120),
    ]
    expected = [("new", 4900), ("expansion", 5000), ("contraction", -7000), ("churn", -2900), ("reactivation", 4900)]
    for order in itertools.islice(itertools.permutations(range(len(story))), 0, None, 29):
        await rows("DELETE FROM subscription_report")
        for place in [*order, order[0], order[-1]]:
            status, amount, days = story[place]
            said = subscriptions.read(subscription(item(amount), status=status))
            await subscriptions.report(
                acme, f"evt_{place}", "sub_1", said, customer="", occurred_at=BEGAN + timedelta(days=days)
            )
        found = await subscriptions.movements(acme, LATER)
        assert [(each["kind"], each["change"]) for each in found] == expected
    assert [each["kind"] for each in await subscriptions.movements(acme, BEGAN + timedelta(days=31))] == [
        "new",
        "expansion",
    ]


async def test_another_organization_s_reports_are_not_read(acme, borealis):
    said = subscriptions.read(subscription(item(4900)))
    assert await subscriptions.report(borealis, "evt_1", "sub_1", said, customer="", occurred_at=BEGAN)
    assert not await subscriptions.report(borealis, "evt_1", "sub_1", said, customer="", occurred_at=BEGAN)
    assert await subscriptions.movements(acme, LATER) == []
