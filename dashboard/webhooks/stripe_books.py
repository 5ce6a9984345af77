"""Reading Stripe's own books, and what follows from them: fees in the journal, and days that match or do not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from dashboard.accounts.tables import Organization
from dashboard.database import rows, transaction
from dashboard.integrations.outcomes import ProviderError, Refused
from dashboard.integrations.stripe import Stripe
from dashboard.integrations.stripe_lists import pages
from dashboard.orders import money
from dashboard.payments import balance, journal, reading, reconciliation
from dashboard.payments.tables import Payment
from dashboard.webhooks.stripe import invoice_references

LIST = "balance"
FIRST_TIME = timedelta(days=90)  # how far back an installation begins
AT_ONCE = 20  # invoices that are looked up in one reading

# Invoices whose event named no payment, so that nothing ties them to the books.
LOOSE = """
    SELECT id, invoice FROM payment
    WHERE organization = {} AND provider = 'stripe' AND kind = 'charge' AND invoice <> '' AND payment_intent = ''
      AND charge = '' AND occurred_at >= {} ORDER BY occurred_at DESC LIMIT {}"""


class Read(NamedTuple):
    """What a reading of the books came to: lines seen, those that were new or had changed, and the days compared."""

    seen: int
    changed: int
    days: list[date]


async def read(
    organization: Organization, stripe: Stripe, now: datetime, since: datetime | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Read:  # fmt: skip
    """Read the books since then, or since the last reading; write the fees to the journal and compare the days that
    may have changed. ProviderError when Stripe cannot be asked; what was read until then is kept."""
    edge = max(now - FIRST_TIME, await reading.first_heard(organization, now))
    start = since or await reading.begin(organization, LIST, now, FIRST_TIME)
    seen, changed = 0, []
    try:
        async for page in pages(partial(stripe.balance_transactions, start, now), pause):
            seen += len(page)
            changed += await balance.store(organization, page, now)
        await _tie_invoices(organization, stripe, start)
    except ProviderError as problem:
        await reading.fail(organization, LIST, now, problem.message)
        raise
    await apply_fees(organization, [each["source"] for each in changed])
    days = await reconciliation.days_to_compare(organization, changed, now)
    for day in days:
        await reconciliation.compare(organization, day, now)
    whole = start <= edge
    await reading.finish(organization, LIST, start, now, now, seen=seen, found=len(changed), whole=whole)
    return Read(seen, len(changed), days)


async def apply_fees(organization: Organization, sources: list[str]) -> None:
    """What the books say of fees, in the journal; a few hundred at a time, so that nobody waits long."""
    for first in range(0, len(sources), 500):
        async with transaction():
            await journal.lock(organization)
            await balance.apply_fees(organization, sources[first : first + 500])


async def _tie_invoices(organization: Organization, stripe: Stripe, since: datetime) -> None:
    """Ask which payment paid an invoice whose event did not say. An invoice Stripe does not know stays as it is."""
    for loose in await rows(LOOSE, organization.id, since, AT_ONCE):
        try:
            said = invoice_references(await stripe.retrieve("invoice", loose["invoice"], ("payments",)))
        except Refused:
            continue
        intent, charge = said["payment_intent"], said["charge"]
        if not intent and not charge:
            continue
        async with transaction():
            await journal.lock(organization)
            same = Payment.payment_intent == intent if intent else Payment.charge == charge
            if await Payment.exists().where(Payment.organization == organization.id, Payment.kind == "charge", same):
                continue
            line = await Payment.get_of(organization, loose["id"])
            line = await journal.book_charge(
                organization, amount=line.amount, currency=line.currency, occurred_at=line.occurred_at,
                invoice=line.invoice, payment_intent=intent, charge=charge,
            )  # fmt: skip
            if order := await money.order_of(organization, line):
                await money.settle(organization, order)
