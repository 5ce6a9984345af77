"""Mending what differs from Stripe's books: fetch the events that never came, handle again those that failed or are
about what is missing, then read the books once more and compare."""

import asyncio
from datetime import date, datetime, timedelta
from typing import NamedTuple

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows
from dashboard.formats import start_of_day
from dashboard.integrations.stripe import Stripe
from dashboard.payments import reading, reconciliation
from dashboard.webhooks import actions, handlers, ledger, stripe_books, stripe_sync
from dashboard.webhooks.tables import InboundEvent

MOST = 500  # events handled in one go; the in-tray goes on with the rest by itself
AROUND = timedelta(days=1)
PATIENCE, LOOK = 20.0, 0.1  # seconds for events that another worker was faster to take, and between two looks

FAILED = """
    SELECT id FROM inbound_event
    WHERE organization = {} AND sender = 'stripe' AND state = 'failed' AND received_at >= {} ORDER BY id LIMIT {}"""
# Stripe's ids stand in the body as they are; only events from around then are looked at.
ABOUT = """
    SELECT id FROM inbound_event
    WHERE organization = {} AND sender = 'stripe' AND state IN ('handled', 'ignored') AND received_at >= {}
      AND EXISTS (SELECT FROM unnest({}::text[]) named WHERE position(convert_to(named, 'UTF8') IN body) > 0)
    ORDER BY id LIMIT {}"""

IN_HAND = "SELECT id FROM inbound_event WHERE organization = {} AND state = 'processing' AND sender = 'stripe' LIMIT 1"


class Repaired(NamedTuple):
    """How many events came from Stripe, how many were handled again, and how many lines still differ."""

    found: int
    replayed: int
    left: int


async def repair(
    organization: Organization, stripe: Stripe, first: date, last: date, by: Visitor, now: datetime
) -> Repaired:
    """Mend these days as far as Stripe's events go; ProviderError when Stripe cannot be asked. Safe to repeat."""
    before = [each for each in await reconciliation.latest(organization, first, last) if each.offending]
    oldest = min((each.day for each in before), default=last)
    start = start_of_day(oldest, organization.time_zone) - AROUND
    start = max(start, await reading.first_heard(organization, now))
    done = await stripe_sync.sync(organization, stripe, now, start)
    missing = {line["id"] for each in before for line in each.offending if line["why"] != "missing_there"}
    again = await rows(FAILED, organization.id, start, MOST)
    again += await rows(ABOUT, organization.id, start, sorted(missing), MOST) if missing else []
    for event in again:
        await actions.replay(await InboundEvent.get_of(organization, event["id"]), by, now)
    for _ in range(MOST):
        if not await ledger.work(handlers.HANDLERS, now):
            break
    await _until_others_are_done(organization)
    known = await reading.of(organization, stripe_books.LIST)
    await stripe_books.read(organization, stripe, now, start if known and known.complete_until else None)
    for day in {each.day for each in before}:
        await reconciliation.compare(organization, day, now)
    left = sum(len(each.offending) for each in await reconciliation.latest(organization, first, last))
    said = f"{done.found} fetched, {len(again)} handled again, {left} still different."
    await activity.record(
        organization, "organization", organization.id, "reconciled", "Revenue compared with Stripe", by=by, detail=said
    )
    return Repaired(done.found, len(again), left)


async def _until_others_are_done(organization: Organization) -> None:
    """What a worker beside us is booking at this moment belongs to the comparison too."""
    waited = 0.0
    while waited < PATIENCE and await rows(IN_HAND, organization.id):
        await asyncio.sleep(LOOK)
        waited += LOOK
