"""Where webhooks arrive: verify on the raw bytes, store, commit, answer. Handling comes later."""

import time

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
from dashboard.webhooks import ledger

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


async def accept_stripe(request: Request, slug: str, now: Now) -> Response:
    organization_id, outside = await receiver(slug)
    body = await request.body()
    try:
        event = outside.stripe.verify(body, request.headers.get("stripe-signature", ""), int(now.timestamp()))
        external_id, kind = ledger.named(event.get("id"), event.get("type"))
    except BadSignature as problem:
        await ledger.refuse(organization_id, "stripe", problem.reason, now)
        raise NotAllowed(f"Refused: {problem.reason}.") from None
    livemode = event.get("livemode") is True
    await ledger.record(organization_id, "stripe", external_id, kind, body, now, livemode=livemode)
    request.app.state.in_tray.set()
    return Response({"received": True})


@post(
    "/webhooks/stripe/{slug:str}",
    name="webhooks.stripe",
    guards=[machine],
    status_code=200,
    outside=True,
    any_site=True,
)
async def stripe(request: Request, slug: FromPath[str], now: Now) -> Response:
    """Stripe's events for one organization."""
    return await accept_stripe(request, slug, now)


@post(
    "/api/webhooks/stripe/checkout-completed", name="webhooks.stripe_first", guards=[machine], status_code=200,
    outside=True, any_site=True,
)  # fmt: skip
async def stripe_first(request: Request, now: Now) -> Response:
    """The same for the first organization, at the address older set-ups use."""
    first = await Organization.select(Organization.slug).order_by(Organization.id).first()
    if first is None:
        raise NotFound()
    return await accept_stripe(request, first["slug"], now)


ROUTES = [stripe, stripe_first]
