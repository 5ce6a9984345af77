"""What a sender does: sign exact bytes and post them; and what the worker does: empty the in-tray."""

import json
from datetime import datetime

import stripe as sdk

from dashboard import clock
from dashboard.webhooks import handlers, ledger
from tests.canaries import STRIPE_HOOKS


def an_event(kind="product.updated", id="evt_1", fields=None, **more):
    """A Stripe event as small as it may be."""
    return {
        "id": id, "object": "event", "type": kind, "livemode": False, "created": 1795200000,
        "data": {"object": {"id": "obj_1"} | (fields or {})},
    } | more  # fmt: skip


def a_checkout(id="evt_1", session="cs_1", **fields):
    """A paid checkout session of €129.00."""
    facts = {
        "id": session, "object": "checkout.session", "mode": "payment", "payment_status": "paid", "amount_total": 12900,
        "currency": "eur", "created": 1795200000, "payment_intent": f"pi_{session}", "metadata": {},
        "customer_details": {"email": "ingrid@solheim.example", "name": "Ingrid Solheim"},
    }  # fmt: skip
    return an_event("checkout.session.completed", id, facts | fields)


def signature(body: bytes, secret=STRIPE_HOOKS, at: int | None = None) -> str:
    """The header by the SDK's own signer; for bytes it cannot decode, by the same rule."""
    at = int(clock.now().timestamp()) if at is None else at
    try:
        return sdk.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=at)
    except UnicodeDecodeError:
        import hashlib
        import hmac

        return f"t={at},v1={hmac.new(secret.encode(), b'%d.' % at + body, hashlib.sha256).hexdigest()}"


async def send(client, event, *, to="/webhooks/stripe/acme", header=None, at=None, secret=STRIPE_HOOKS):
    """Post an event, or exact bytes, properly signed unless told otherwise."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    headers = {"Content-Type": "application/json"}
    given = signature(body, secret, at) if header is None else header
    if given is not False:
        headers["Stripe-Signature"] = given
    return await client.post(to, content=body, headers=headers)


async def drain(now: datetime | None = None, known=handlers.HANDLERS) -> int:
    """Handle everything that is due at `now`; how many tries that were."""
    tries = 0
    while await ledger.work(known, now or clock.now()):
        tries += 1
    return tries
