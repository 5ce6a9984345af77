"""Where webhooks arrive: verify on the raw bytes, store, commit, answer. Handling comes later."""

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath

from dashboard import settings
from dashboard.accounts import credentials
from dashboard.accounts.current import Now, machine
from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.errors import NotAllowed, NotFound
from dashboard.integrations import Integrations, connect
from dashboard.integrations.signatures import BadSignature
from dashboard.webhooks import ledger, telegram

Named = tuple[object, dict[str, Any]]  # what the sender calls the event, and the event
Verify = Callable[[Integrations, bytes, Mapping[str, str], int], Named]
KNOWN_FOR = 5.0  # seconds an organization's secrets are remembered, so that a burst costs one look-up
_known: dict[str, tuple[float, int, Integrations]] = {}


async def receiver(slug: str) -> tuple[int, Integrations]:
    """The organization at a webhook address and its connections."""
    found = _known.get(slug)
    if found is None or found[0] < time.monotonic():
        organization = await row("SELECT id FROM organization WHERE slug = {}", slug)
        if organization is None:
            raise NotFound()
        its = connect(settings.current(), await credentials.of(organization["id"]))
        found = _known[slug] = (time.monotonic() + KNOWN_FOR, organization["id"], its)
        while len(_known) > 200:
            _known.pop(next(iter(_known)))
    return found[1], found[2]


async def accept(
    request: Request, slug: str, sender: str, verify: Verify, now: datetime, *, whole: bool = True
) -> Response:
    """One verified request becomes one event; a refused one is only counted. `whole`: the exact bytes are kept, else
    what `verify` made of them."""
    organization_id, outside = await receiver(slug)
    body = await request.body()
    try:
        external_id, event = verify(outside, body, request.headers, int(now.timestamp()))
        external_id, kind = ledger.named(external_id, event.get("type"))
    except BadSignature as problem:
        await ledger.refuse(organization_id, sender, problem.reason, now)
        raise NotAllowed(f"Refused: {problem.reason}.") from None
    body = body if whole else json.dumps(event).encode()
    livemode = event.get("livemode") is True
    await ledger.record(organization_id, sender, external_id, kind, body, now, livemode=livemode)
    request.app.state.in_tray.set()
    return Response({"received": True})


def by_stripe(outside: Integrations, body: bytes, headers: Mapping[str, str], now: int) -> Named:
    """Stripe signs with a secret per endpoint and names its events in the body."""
    event = outside.stripe.verify(body, headers.get("stripe-signature", ""), now)
    return event.get("id"), event


def by_resend(outside: Integrations, body: bytes, headers: Mapping[str, str], now: int) -> Named:
    """Resend signs as Svix does; the id that stays the same over retries is in a header."""
    return headers.get("svix-id"), outside.resend.verify(body, headers, now)


def by_telegram(outside: Integrations, body: bytes, headers: Mapping[str, str], now: int) -> Named:
    """Telegram proves itself by our own secret, and numbers its updates."""
    event = outside.telegram.verify(body, headers.get("x-telegram-bot-api-secret-token", ""))
    number = event.get("update_id")
    return str(number) if type(number) is int else None, telegram.kept(event)


MACHINE: dict[str, Any] = {"guards": [machine], "status_code": 200, "outside": True, "any_site": True}


@post("/webhooks/stripe/{slug:str}", name="webhooks.stripe", **MACHINE)
async def stripe(request: Request, slug: FromPath[str], now: Now) -> Response:
    """Stripe's events for one organization."""
    return await accept(request, slug, "stripe", by_stripe, now)


@post("/api/webhooks/stripe/checkout-completed", name="webhooks.stripe_first", **MACHINE)
async def stripe_first(request: Request, now: Now) -> Response:
    """The same for the first organization, at the address older set-ups use."""
    first = await Organization.select(Organization.slug).order_by(Organization.id).first()
    if first is None:
        raise NotFound()
    return await accept(request, first["slug"], "stripe", by_stripe, now)


@post("/webhooks/resend/{slug:str}", name="webhooks.resend", **MACHINE)
async def resend(request: Request, slug: FromPath[str], now: Now) -> Response:
    """What became of the mails of one organization: delivered, bounced, complained, opened, clicked."""
    return await accept(request, slug, "resend", by_resend, now)


@post("/webhooks/telegram/{slug:str}", name="webhooks.telegram", **MACHINE)
async def telegrams(request: Request, slug: FromPath[str], now: Now) -> Response:
    """Buttons that somebody pressed in the team's chat of one organization."""
    return await accept(request, slug, "telegram", by_telegram, now, whole=False)


ROUTES = [stripe, stripe_first, resend, telegrams]
