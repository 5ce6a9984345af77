"""A Stripe on loopback that has told of purchases, and its own books of them."""

from contextlib import asynccontextmanager
from dataclasses import replace

from dashboard import clock, settings
from dashboard.integrations import stripe_samples
from tests.canaries import STRIPE_KEY
from tests.partners.provider import Provider, provider

PURCHASE = ("checkout.session.completed", "charge.refunded", "refund.created", "refund.updated")


@asynccontextmanager
async def stripe():
    """The provider; every organization's first one is connected to it for the length of the block."""
    before = settings.current()
    async with provider() as partner:
        settings.use(replace(before, stripe_secret_key=STRIPE_KEY, stripe_api_base=partner.url))
        try:
            yield partner
        finally:
            settings.use(before)


def tells(partner: Provider, event: dict) -> dict:
    """Stripe has this event in its list, whoever heard of it."""
    partner.objects[event["id"]] = event
    return event


def purchase(partner: Provider, name: str, kinds=PURCHASE, *, days: float = 1, **facts) -> list[dict]:
    """The events of one purchase some days ago, in Stripe's list."""
    now = int(clock.now().timestamp() - days * 86_400)
    return [
        tells(partner, stripe_samples.event(kind, name, now=now, event_id=f"evt_{name}_{nr}", **facts))
        for nr, kind in enumerate(kinds)
    ]


async def no_pause(seconds: float) -> None:
    """Waiting is the partner's wish, not ours."""
