"""Whatever Stripe tells in whatever order, however often, and whenever its books are read: the same journal, to the
last column."""

import copy
import json
import random

import pytest

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.integrations import stripe_samples
from dashboard.payments import balance
from dashboard.webhooks import ledger, stripe_books
from tests.webhooks.posting import drain

NOW = 1_795_200_000
JOURNAL = """
    SELECT to_jsonb(p) - ARRAY['id', 'created_at', 'lead', 'organization']
           || jsonb_build_object('person', p.lead IS NOT NULL, 'order', o.session, 'money', o.payment_status) AS line
    FROM payment p LEFT JOIN order_payment op ON op.payment = p.id LEFT JOIN orders o ON o.id = op."order"
    WHERE p.organization = {} ORDER BY p.key"""


def event(kind: str, name: str, at: int = 0, /, **changes) -> dict:
    """One of Stripe's events, `at` seconds into the story; `changes` are fields of its object."""
    known = {key: changes.pop(key) for key in ("amount", "subscription", "refunded", "status") if key in changes}
    made = stripe_samples.event(kind, name, now=NOW + at, **known)
    made["data"]["object"] |= changes
    return made


def refund(kind: str, name: str, number: int, at: int, amount: int, status: str) -> dict:
    return event(kind, name, at, id=f"re_{name}_{number}", amount=amount, status=status, created=NOW + number)


def once_paid(name: str) -> list[dict]:
    """A payment with a decline before it, a refund, a refund that failed, and a dispute that was won."""
    partly = {"amount_refunded": 1000, "refunded": False}
    return [
        event("checkout.session.completed", name), event("payment_intent.payment_failed", name, -60),
        refund("refund.created", name, 1, 10, 1000, "pending"), refund("refund.updated", name, 1, 20, 1000, "succeeded"),
        refund("refund.created", name, 2, 30, 500, "pending"), refund("refund.failed", name, 2, 40, 500, "failed"),
        event("charge.refunded", name, 21, **partly),
        event("charge.dispute.created", name, 50, created=NOW + 50),
        event("charge.dispute.updated", name, 60, created=NOW + 50, status="under_review"),
        event("charge.dispute.closed", name, 70, created=NOW + 50, status="won"),
        event("charge.dispute.funds_reinstated", name, 71, created=NOW + 50, status="won"),
    ]  # fmt: skip


def lost(name: str) -> list[dict]:
    """An inquiry that became a dispute and was lost, after a refund known by its charge alone."""
    return [
        event("checkout.session.completed", name), event("charge.refunded", name, 9, amount_refunded=700),
        event("charge.refunded", name, 19, amount_refunded=900),
        event("charge.dispute.created", name, 50, created=NOW + 50, status="warning_needs_response"),
        event("charge.dispute.updated", name, 60, created=NOW + 50, status="needs_response", amount=4000),
        event("charge.dispute.closed", name, 70, created=NOW + 50, status="lost", amount=4000),
    ]  # fmt: skip


def subscribed(name: str) -> list[dict]:
    """The first invoice in the present shape, in the older one and without its payments, one that failed in both, and
    a charge that lists its refunds."""
    paid = event("invoice.paid", name, 0, subscription=True)
    old, bare = copy.deepcopy(paid), copy.deepcopy(paid)
    for each in (old, bare):
        each["data"]["object"].pop("payments")
    old["data"]["object"] |= {
        "parent": None, "subscription": f"sub_{name}", "payment_intent": f"pi_{name}", "charge": f"ch_{name}",
    }  # fmt: skip
    failed = event("invoice.payment_failed", name, 99, subscription=True, id=f"in_{name}_2", billing_reason="manual")
    failed["data"]["object"]["payments"]["data"][0]["payment"]["payment_intent"] = f"pi_{name}_2"
    failed_old = copy.deepcopy(failed)
    failed_old["data"]["object"].pop("payments")
    failed_old["data"]["object"] |= {"parent": None, "subscription": f"sub_{name}", "payment_intent": f"pi_{name}_2"}
    listed = [{"id": f"re_{name}", "amount": 900, "currency": "eur", "status": "succeeded", "created": NOW + 9}]
    return [
        event("checkout.session.completed", name, 0, subscription=True), paid, old, bare, failed, failed_old,
        event("charge.refunded", name, 10, amount_refunded=900, refunds={"data": listed}),
        refund("refund.updated", name, 9, 12, 900, "succeeded")
        | {"data": {"object": listed[0] | {"charge": f"ch_{name}"}}},
    ]  # fmt: skip


def books(name: str) -> list[dict]:
    """What Stripe's own books have about all that."""
    lines = [
        ("charge", f"ch_{name}", 4900, 172), ("refund", f"re_{name}_1", -1000, 0), ("refund", f"re_{name}", -900, 7),
        ("dispute", f"dp_{name}", -4900, 1500),
    ]  # fmt: skip
    return [
        {
            "id": f"txn_{name}_{nr}", "type": kind, "reporting_category": kind, "amount": amount, "currency": "eur",
            "fee": fee, "exchange_rate": None, "created": NOW,
            "source": {"id": source, "currency": "eur", "amount": abs(amount), "payment_intent": f"pi_{name}"},
        }
        for nr, (kind, source, amount, fee) in enumerate(lines)
    ]  # fmt: skip


async def happen(organization: Organization, name: str, steps: list[dict | None]) -> list[str]:
    """Let one purchase happen in this order (None: the books are read) and give what is left of it."""
    for nr, step in enumerate(steps):
        if step is None:
            changed = await balance.store(organization, books(name), clock.now())
            await stripe_books.apply_fees(organization, [each["source"] for each in changed])
        else:
            raw = json.dumps(step).encode()
            await ledger.record(organization.id, "stripe", f"evt_{name}_{nr}", step["type"], raw, clock.now())
            await drain()
    failed = await rows("SELECT kind, error FROM inbound_event WHERE state NOT IN ('handled', 'ignored')")
    assert not failed, failed
    left = [json.dumps(each["line"], sort_keys=True) for each in await rows(JOURNAL, organization.id)]
    for table in ("order_payment", "payment", "orders", "delivery", "inbound_event", "balance_line", "activity"):
        await rows(f"DELETE FROM {table}")
    return left


async def compare(organization: Organization, story, orders: int, seed: int) -> list[str]:
    """So many seeded orders of arrival, each with some steps repeated, all end as the order of their time does."""
    chance = random.Random(seed)
    in_order: list[dict | None] = [*story("p"), None]
    expected = await happen(organization, "p", in_order)
    for _ in range(orders):
        steps = [*in_order, *chance.sample(in_order, 3)]
        chance.shuffle(steps)
        assert await happen(organization, "p", steps) == expected, [each and each["type"] for each in steps]
    return expected


STORIES = [once_paid, lost, subscribed]


@pytest.mark.parametrize("story", STORIES)
async def test_a_sample_of_all_orders_of_arrival_ends_in_the_same_journal(acme, story):
    await compare(acme, story, 6, 1)


@pytest.mark.slow
@pytest.mark.parametrize("story", STORIES)
async def test_many_orders_of_arrival_end_in_the_same_journal(acme, story):
    await compare(acme, story, 80, 2)


async def test_the_journal_is_what_was_told(acme):
    """So that the comparison above compares something."""
    lines = [json.loads(line) for line in await happen(acme, "p", [*once_paid("p"), None])]
    said = {line["key"]: (line["amount"], line["status"], line["fee"], line["money"]) for line in lines}
    assert said == {
        "charge:pi_p": (4900, "succeeded", 172, "partially_refunded"),
        "failed:pi_p": (0, "failed", None, "partially_refunded"),
        "re_p_1": (-1000, "succeeded", 0, "partially_refunded"), "re_p_2": (0, "failed", None, "partially_refunded"),
        "dp_p": (0, "won", 1500, "partially_refunded"),
    }  # fmt: skip
    lines = [json.loads(line) for line in await happen(acme, "p", [*lost("p"), None])]
    said = {line["key"]: (line["amount"], line["status"], line["provisional"], line["money"]) for line in lines}
    assert said == {
        "charge:pi_p": (4900, "succeeded", False, "refunded"), "charge:ch_p": (-900, "succeeded", True, "refunded"),
        "dp_p": (-4000, "lost", False, "refunded"),
    }  # fmt: skip
    lines = [json.loads(line) for line in await happen(acme, "p", [*subscribed("p"), None])]
    said = {line["key"]: (line["amount"], line["fee"], line["order"]) for line in lines}
    assert said == {
        "charge:pi_p": (4900, 172, "cs_test_p"), "failed:pi_p_2": (0, None, "cs_test_p"), "re_p": (-900, 7, "cs_test_p"),
    }  # fmt: skip
