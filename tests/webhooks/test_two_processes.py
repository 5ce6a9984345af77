"""Every order of arrival over HTTP, through two processes on one database at once: the same final rows."""

import concurrent.futures
import http.client
import itertools
import random
import threading
import time

import asyncpg
import pytest

from dashboard.commands.simulate import signature
from tests import canaries
from tests.running import Running, running
from tests.test_crashes import found, until_settled
from tests.webhooks.test_orders_of_arrival import LOOSE, ORDERS, SUBSETS, alike, body

SENDERS = 8  # at once; each sends the events of one purchase, one after the other
SAMPLE = 3  # orders of arrival of each subset in `make test`
Sequence = tuple[str, bool, tuple[str, ...]]  # the purchase, whether it is a subscription, what arrives


class Wire:
    """Signed events to two processes in turn, over connections that stay open."""

    def __init__(self, ports: tuple[int, int]) -> None:
        self.ports, self._mine = ports, threading.local()

    def post(self, raw: bytes, turn: int) -> int:
        if not hasattr(self._mine, "open"):
            self._mine.open = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port in self.ports]
        connection = self._mine.open[turn % 2]
        signed = {"Stripe-Signature": signature(raw, canaries.STRIPE_HOOKS, int(time.time()))}
        connection.request("POST", "/webhooks/stripe/acme", raw, signed)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def send(self, number: int, sequence: Sequence) -> set[int]:
        """All its events in their order, then all again in another: each the other way round between the processes."""
        purchase, subscription, kinds = sequence
        again = random.Random(number).sample(kinds, len(kinds))
        arriving = [body(kind, purchase, subscription=subscription) for kind in (*kinds, *again)]
        return {self.post(raw, number + place) for place, raw in enumerate(arriving)}


async def ends(its: Running) -> dict[str, str]:
    """What is left of each purchase."""
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    try:
        [[acme]] = await connection.fetch("SELECT id FROM organization")
        asked = [await connection.fetch(sql.replace("{}", "$1"), acme) for sql in (ORDERS, LOOSE)]
        open_or_failed = await connection.fetch(
            "SELECT kind, error FROM inbound_event WHERE state NOT IN ('handled', 'ignored')"
        )
    finally:
        await connection.close()
    assert not open_or_failed, open_or_failed[:3]
    return alike(*([dict(row) for row in rows] for rows in asked))


async def compare(sequences: list[Sequence]) -> int:
    """Send them all through both processes at once; all orders of one subset must end the same. How many posts."""
    with running() as its:
        found(its)
        second = its.port + 1
        its.start()
        its.start(port=second)
        wire = Wire((its.port, second))
        with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
            answers = set().union(*pool.map(wire.send, itertools.count(), sequences))
        assert answers == {200}
        await until_settled(its, seconds=900)
        left = await ends(its)
        assert set(left) == {purchase for purchase, _, _ in sequences}
        found_ends: dict[tuple[bool, frozenset], dict[str, list]] = {}
        for purchase, subscription, kinds in sequences:
            same = found_ends.setdefault((subscription, frozenset(kinds)), {})
            same.setdefault(left[purchase], []).append(kinds)
        different = {str(key): same for key, same in found_ends.items() if len(same) > 1}
        assert not different, different
        assert len(found_ends) == 2 * len(SUBSETS)
        assert its.command("verify").returncode == 0
    return sum(2 * len(kinds) for _, _, kinds in sequences)


def sequences_of(orders: list[tuple[str, ...]]) -> list[Sequence]:
    """Each order of arrival as a single payment and as a subscription, every one a purchase of its own."""
    both = itertools.product(orders, (False, True))
    return [(f"n{number}n", subscription, kinds) for number, (kinds, subscription) in enumerate(both)]


@pytest.mark.slow
async def test_a_seeded_sample_of_the_orders_of_each_subset_ends_the_same_through_two_processes():
    chance = random.Random(20261121)
    orders = [tuple(chance.sample(subset, len(subset))) for subset in SUBSETS for _ in range(SAMPLE)]
    await compare(sequences_of(orders))


@pytest.mark.soak
async def test_every_order_of_every_subset_ends_the_same_through_two_processes():
    orders = [order for subset in SUBSETS for order in itertools.permutations(subset)]
    random.Random(1).shuffle(orders)
    began = time.monotonic()
    posts = await compare(sequences_of(orders))
    assert len(orders) == 1956
    print(
        f"2 x {len(orders)} orders of arrival, {posts} posts through two processes in {time.monotonic() - began:.0f} s"
    )
