"""Finding what Stripe told us and we never heard: its own list of events, laid into the same in-tray.

What is here already is left alone. A checkout found late makes its order and its mails as a late webhook would: each
mail has a key, so nobody gets one twice."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.integrations.outcomes import ProviderError
from dashboard.integrations.stripe import Stripe
from dashboard.integrations.stripe_lists import pages
from dashboard.payments import reading
from dashboard.webhooks import handlers, ledger

LIST = "events"
KEPT = timedelta(days=30)  # as long as Stripe lists its events
AT_ONCE = 20  # types Stripe takes in one question

KNOWN = "SELECT external_id FROM inbound_event WHERE organization = {} AND key = ANY({})"


class Synced(NamedTuple):
    """What a look at Stripe's list came to."""

    since: datetime
    seen: int
    found: int


def types() -> list[str]:
    """The types of events something here is done with."""
    return sorted(name.removeprefix("stripe:") for name in handlers.HANDLERS if name.startswith("stripe:"))


async def sync(
    organization: Organization, stripe: Stripe, now: datetime, since: datetime | None = None,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Synced:  # fmt: skip
    """Store every event since then that is not here; without a time since the last look. ProviderError when Stripe
    cannot be asked: what was found until then is kept, and the next look begins at the same place."""
    oldest = now - KEPT
    edge = max(oldest, await reading.first_heard(organization, now))
    since = max(since, oldest) if since else await reading.begin(organization, LIST, now, KEPT)
    seen = found = 0
    try:
        every = types()
        for first in range(0, len(every), AT_ONCE):
            async for page in pages(partial(stripe.events, since, every[first : first + AT_ONCE]), pause):
                seen += len(page)
                found += await _store_missing(organization, stripe, page, now)
    except ProviderError as problem:
        await reading.fail(organization, LIST, now, problem.message)
        raise
    whole = since <= edge
    await reading.finish(organization, LIST, since, now, now, seen=seen, found=found, whole=whole)
    return Synced(since, seen, found)


async def _store_missing(organization: Organization, stripe: Stripe, page: list[dict[str, Any]], now: datetime) -> int:
    """How many of a page were new. The events of the other mode are not ours."""
    ours = {event["id"]: event for event in page if stripe.live is None or event.get("livemode") is stripe.live}
    keys = [f"{organization.id}:stripe:{id}" for id in ours]
    known = {each["external_id"] for each in await rows(KNOWN, organization.id, keys)}
    found = 0
    for id, event in ours.items():
        if id not in known:
            external_id, kind = ledger.named(id, event.get("type"))
            found += await ledger.record(
                organization.id, "stripe", external_id, kind, json.dumps(event).encode(), now,
                livemode=event.get("livemode") is True,
            )  # fmt: skip
    return found
