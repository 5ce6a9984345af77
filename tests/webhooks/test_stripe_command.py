"""`backdesk stripe sync`, as a process of its own."""

import asyncio

import pytest

from tests import canaries
from tests.partners.provider import provider
from tests.payments.at_stripe import purchase
from tests.running import Running, running

pytestmark = pytest.mark.slow
OWNER = ("--email", "alice@acme.example", "--name", "Alice Arden", "--organization", "Acme")


@pytest.fixture
def desk():
    """An installation with Acme, and nothing running."""
    with running("stripe") as its:
        made = its.command("create-owner", *OWNER, BACKDESK_PASSWORD=canaries.PASSWORD)
        assert made.returncode == 0, made.stderr
        yield its


async def test_the_command_finds_what_is_missing_handles_it_and_says_how_much_that_was(desk):
    async with provider() as partner:
        purchase(partner, "one")
        purchase(partner, "two", days=3)
        env = {"STRIPE_SECRET_KEY": canaries.STRIPE_KEY, "STRIPE_API_BASE": partner.url}
        first = await in_thread(desk, "stripe", "sync", "--since", "2020-01-01", **env)
        assert first.returncode == 0, first.stderr
        assert "8 events at Stripe" in first.stdout and "8 of them new: 8 handled, 0 failed" in first.stdout
        assert "older ones cannot be had" in first.stdout
        again = await in_thread(desk, "stripe", "sync", **env)
        assert "0 of them new" in again.stdout and again.returncode == 0
        partner.mode("stripe", "401")
        refused = await in_thread(desk, "stripe", "sync", **env)
        assert refused.returncode == 1 and "Check STRIPE_SECRET_KEY" in refused.stderr


async def test_without_a_key_or_a_day_it_says_what_is_missing(desk):
    nothing = await in_thread(desk, "stripe", "sync")
    assert nothing.returncode == 2 and "Stripe is not connected: STRIPE_SECRET_KEY is not set" in nothing.stderr
    no_day = await in_thread(desk, "stripe", "sync", "--since", "yesterday")
    assert no_day.returncode == 2 and "'yesterday' is no day" in no_day.stderr
    nobody = await in_thread(desk, "stripe", "sync", "--organization", "nobody")
    assert nobody.returncode == 2 and "no such organization" in nobody.stderr


async def in_thread(desk: Running, *arguments: str, **env: str):
    """The partner lives in this loop, so the command may not block it."""
    return await asyncio.to_thread(desk.command, *arguments, **env)
