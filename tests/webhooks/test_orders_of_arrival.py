"""Whatever arrives in whatever order, however often, through however many workers: the same final rows."""

import asyncio
import itertools
import json
import random

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.integrations import stripe_samples
from dashboard.webhooks import ledger
from dashboard.webhooks.stripe import HANDLERS

pytestmark = pytest.mark.slow

KINDS = (
    "checkout.session.completed", "invoice.paid", "payment_intent.payment_failed", "charge.refunded", "refund.created",
    "refund.updated",
)  # fmt: skip
SUBSETS = [chosen for size in range(1, len(KINDS) + 1) for chosen in itertools.combinations(KINDS, size)]
NOW = 1_795_200_000

ORDERS = """
    SELECT o.session, o.status, o.payment_status, o.amount, o.currency, o.customer_email, o.payment_intent, o.invoice,
           o.subscription, o.placed_at, o.confirmed_at, o.checkout_paid, o.checkout_failed,
           (SELECT coalesce(json_agg(json_build_array(p.kind, p.key, p.amount, p.currency, p.status, p.provisional,
                                     p.payment_intent, p.charge, p.invoice, p.occurred_at) ORDER BY p.key), '[]')
            FROM order_payment op JOIN payment p ON p.id = op.payment WHERE op."order" = o.id)::text AS money
    FROM orders o WHERE o.organization = {} ORDER BY o.session"""

LOOSE = """
    SELECT p.kind, p.key, p.amount, p.currency, p.status, p.provisional, p.occurred_at FROM payment p
    WHERE p.organization = {} AND NOT EXISTS (SELECT 1 FROM order_payment op WHERE op.payment = p.id) ORDER BY p.key"""


def body(kind: str, purchase: str, *, subscription: bool) -> bytes:
    event = stripe_samples.event(
        kind, purchase, now=NOW, subscription=subscription, refunded=1900, event_id=f"evt_{purchase}_{kind}"
    )
    return json.dumps(event).encode()


async def arrive(organization, kinds, purchase: str, *, subscription: bool = False) -> None:
    """Store the events of one purchase as the receiver would."""
    for kind in kinds:
        external_id = f"evt_{purchase}_{kind}"
        raw = body(kind, purchase, subscription=subscription)
        await ledger.record(organization.id, "stripe", external_id, kind, raw, clock.now())


async def handle_all(workers: int = 1) -> None:
    async def drain():
        while await ledger.work(HANDLERS, clock.now()):
            pass

    await asyncio.gather(*(drain() for _ in range(workers)))


async def finals(organization) -> dict[str, str]:
    """What is left of every purchase in the end."""
    return alike(await rows(ORDERS, organization.id), await rows(LOOSE, organization.id))


def alike(orders: list[dict], loose: list[dict]) -> dict[str, str]:
    """What is left of each purchase, with its own name taken out so that purchases compare."""
    found: dict[str, list] = {}
    for place, kept, name in ((0, orders, "session"), (1, loose, "key")):
        for row in kept:
            found.setdefault(row[name].rpartition("_")[2], [[], []])[place].append(row)
    return {
        name: json.dumps(rows, default=str, sort_keys=True).replace(name, "PURCHASE") for name, rows in found.items()
    }


async def compare(organization, orders_of_arrival, *, subscription: bool) -> int:
    """Let each order of arrival happen to a purchase of its own; all orders of one subset must end the same."""
    subset_of = {}
    for number, kinds in enumerate(orders_of_arrival):
        purchase = f"n{number}n"
        subset_of[purchase] = frozenset(kinds)
        await arrive(
            organization,
            [*kinds, *random.Random(number).sample(kinds, len(kinds))],
            purchase,
            subscription=subscription,
        )
        await handle_all()
    ends: dict[frozenset, dict[str, list[str]]] = {}
    for purchase, end in (await finals(organization)).items():
        ends.setdefault(subset_of[purchase], {}).setdefault(end, []).append(purchase)
    different = {tuple(sorted(subset)): found for subset, found in ends.items() if len(found) > 1}
    assert not different, different
    assert len(ends) == len({*subset_of.values()})
    failed = await rows("SELECT kind, error FROM inbound_event WHERE state NOT IN ('handled', 'ignored')")
    assert not failed, failed[:3]
    return len(subset_of)


@pytest.mark.slow
@pytest.mark.parametrize("subscription", [False, True])
async def test_every_order_of_arrival_of_every_subset_ends_the_same(acme, subscription):
    orders = [order for subset in SUBSETS for order in itertools.permutations(subset)]
    assert await compare(acme, orders, subscription=subscription) == 1956


async def test_every_order_of_arrival_of_up_to_three_events_ends_the_same(acme):
    orders = [order for subset in SUBSETS if len(subset) <= 3 for order in itertools.permutations(subset)]
    assert await compare(acme, orders, subscription=False) == 156


async def test_a_seeded_sample_of_longer_orders_ends_the_same_for_subscriptions(acme):
    chance = random.Random(1795)
    orders = [tuple(chance.sample(subset, len(subset))) for subset in SUBSETS if len(subset) >= 4 for _ in range(6)]
    await compare(acme, orders, subscription=True)


async def test_four_workers_at_once_make_one_order_of_each_purchase(acme):
    chance = random.Random(7)
    arrivals = []
    for number in range(40):
        kinds = chance.sample(KINDS, len(KINDS))
        arrivals += [(f"w{number}w", kind) for kind in kinds]
    chance.shuffle(arrivals)
    for purchase, kind in arrivals:
        await arrive(acme, [kind], purchase)
    await handle_all(workers=4)
    ends = await finals(acme)
    assert len(ends) == 40 and len(set(ends.values())) == 1, set(ends.values())
    mails = await rows("SELECT key FROM delivery WHERE kind = 'mail'")
    assert len({mail["key"] for mail in mails}) == len(mails) == len([m for m in mails if "confirmation" in m["key"]])
