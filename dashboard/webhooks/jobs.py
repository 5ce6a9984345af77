"""What the in-tray forgets."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import Unavailable
from dashboard.integrations.outcomes import ProviderError
from dashboard.integrations.stripe import Stripe
from dashboard.webhooks import stripe_books, stripe_sync

USUAL = 90  # days; an organization may set its own in `retention`
LEAST = 30  # days; far beyond the time in which a sender repeats itself

FORGET = """
    DELETE FROM inbound_event WHERE id IN (
        SELECT id FROM inbound_event
        WHERE organization = {} AND received_at < {} AND state IN ('handled', 'ignored') ORDER BY received_at LIMIT 500)
    AND state IN ('handled', 'ignored') RETURNING id"""


async def forget_old(now: datetime) -> dict[str, int]:
    """Delete events that were handled or ignored long ago, and old counts of refused requests. Failed ones stay."""
    forgotten = 0
    for organization in await Organization.objects().order_by(Organization.id):
        before = now - timedelta(days=_days(organization))
        while gone := await rows(FORGET, organization.id, before):
            forgotten += len(gone)
        await rows("DELETE FROM refused_count WHERE organization = {} AND hour < {}", organization.id, before)
    return {"events": forgotten}


def _days(organization: Organization) -> int:
    retention: Any = organization.retention  # jsonb arrives as Python values
    days = retention.get("events")
    return max(LEAST, days) if isinstance(days, int) else USUAL


async def sync_stripe(now: datetime) -> dict[str, int]:
    """Look for events of Stripe's that never arrived, for every organization that is connected."""

    async def look(organization: Organization, stripe: Stripe) -> dict[str, int]:
        done = await stripe_sync.sync(organization, stripe, now)
        return {"events": done.seen, "found": done.found}

    return await _ask_stripe(look)


async def read_stripe_books(now: datetime) -> dict[str, int]:
    """Read Stripe's own books, for every organization that is connected: fees, and days that match or do not."""

    async def read(organization: Organization, stripe: Stripe) -> dict[str, int]:
        done = await stripe_books.read(organization, stripe, now)
        return {"lines": done.seen, "changed": done.changed, "days": len(done.days)}

    return await _ask_stripe(read)


async def _ask_stripe(step: Callable[[Organization, Stripe], Awaitable[dict[str, int]]]) -> dict[str, int]:
    """One that cannot be asked does not hold up the others, but the run fails with its reason."""
    counts, problem = Counter[str]({"asked": 0}), None
    for organization in await Organization.objects().order_by(Organization.id):
        stripe = (await integrations_for(organization.id)).stripe
        if not stripe.configured:
            continue
        try:
            counts.update({"asked": 1} | await step(organization, stripe))
        except ProviderError as met:
            problem = met
    if problem:
        raise Unavailable(problem.message)
    return dict(counts)
