"""`backdesk stripe sync`: fetch what Stripe told while nobody listened, and handle it."""

import argparse
import sys
from datetime import datetime

from dashboard import clock
from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.tables import Organization
from dashboard.commands.surroundings import connected, moment
from dashboard.database import rows
from dashboard.formats import day, num
from dashboard.integrations.outcomes import ProviderError
from dashboard.webhooks import handlers, ledger, stripe_sync

LEFT = """
    SELECT state, count(*) AS count FROM inbound_event
    WHERE organization = {} AND sender = 'stripe' AND received_at = {} GROUP BY state"""


async def sync(options: argparse.Namespace) -> int:
    """Look for missing events of one organization or of all that are connected, store them and handle them."""
    since = moment(options.since) if options.since else None
    async with connected():
        wanted = Organization.objects().order_by(Organization.id)
        asked = await (wanted.where(Organization.slug == options.organization) if options.organization else wanted)
        if not asked:
            print("There is no such organization.", file=sys.stderr)
            return 2
        ends = [await _sync(organization, since) for organization in asked]
    if all(end is None for end in ends):
        return 2
    return 1 if any(end is False for end in ends) else 0


async def _sync(organization: Organization, since: datetime | None) -> bool | None:
    """Whether all went well; None where Stripe is not connected."""
    stripe = (await integrations_for(organization.id)).stripe
    if not stripe.configured:
        print(f"{organization.name}: Stripe is not connected: {stripe.missing}.", file=sys.stderr)
        return None
    now = clock.now()
    try:
        done = await stripe_sync.sync(organization, stripe, now, since)
    except ProviderError as problem:
        print(f"{organization.name}: {problem.message} What was found until then is kept.", file=sys.stderr)
        return False
    while await ledger.work(handlers.HANDLERS, clock.now()):
        pass
    states = {each["state"]: each["count"] for each in await rows(LEFT, organization.id, now)}
    print(
        f"{organization.name}: {num(done.seen)} events at Stripe since {day(done.since)}, {num(done.found)} of them "
        f"new: {num(states.get('handled', 0))} handled, {num(states.get('failed', 0))} failed."
    )
    if since and since < done.since:
        print("Stripe lists its events for 30 days; older ones cannot be had.")
    return not states.get("failed")
