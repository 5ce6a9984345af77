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


TODAY = clock.now().timestamp()  # one moment for all, so that purchases made alike are alike


def purchase(partner: Provider, name: str, kinds=PURCHASE, *, days: float = 1, **facts) -> list[dict]:
    """The events of one purchase some days ago, in Stripe's list."""
    now = int(TODAY - days * 86_400)
    return [
        tells(partner, stripe_samples.event(kind, name, now=now, event_id=f"evt_{name}_{nr}", **facts))
        for nr, kind in enumerate(kinds)
    ]


async def no_pause(seconds: float) -> None:
    """Waiting is the partner's wish, not ours."""


def booked(
    partner: Provider, name: str, kind: str = "charge", amount: int = 4900, currency: str = "eur", *, days: float = 1,
    settled: tuple[int, str] | None = None, rate: float | None = None, fee: int = 0, **more,
) -> dict:  # fmt: skip
    """Stripe's books have a line about the charge, refund or dispute of a purchase, and Stripe the thing itself.
    `amount` is signed and in the currency of the customer, `settled` what it was turned into."""
    created = int(clock.now().timestamp() - days * 86_400)
    source = {"charge": f"ch_{name}", "refund": f"re_{name}", "dispute": f"dp_{name}"}[kind]
    partner.objects.setdefault(source, {
        "id": source, "object": kind, "amount": abs(amount), "currency": currency, "payment_intent": f"pi_{name}",
        "charge": f"ch_{name}", "created": created,
    } | ({"amount_captured": abs(amount)} if kind == "charge" else {}))  # fmt: skip
    value, money = settled or (amount, currency)
    type = more.pop("type", {"dispute": "adjustment"}.get(kind, kind))
    return other(
        partner, type, value, money, days=days,
        **{"reporting_category": kind, "source": source, "exchange_rate": rate, "fee": fee} | more,
    )  # fmt: skip


def other(partner: Provider, type: str, amount: int, currency: str = "eur", *, days: float = 1, **more) -> dict:
    """A line of Stripe's books of any type."""
    facts = {
        "id": f"txn_{sum(key.startswith('txn_') for key in partner.objects)}", "object": "balance_transaction",
        "type": type, "amount": amount, "currency": currency, "fee": 0, "exchange_rate": None, "source": None,
        "reporting_category": type, "created": int(clock.now().timestamp() - days * 86_400), "status": "available",
    }  # fmt: skip
    made = facts | more
    return tells(partner, made | {"net": made["amount"] - made["fee"]})
