"""Stripe's side of a purchase, for trying things out: properly signed events posted to the running app."""

import argparse
import hashlib
import hmac
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

from dashboard.accounts import credentials
from dashboard.commands.surroundings import connected
from dashboard.database import row
from dashboard.integrations import stripe_samples
from dashboard.settings import Settings


async def post(settings: Settings, options: argparse.Namespace) -> int:
    """Sign one event as Stripe would and post it; prints the answer."""
    async with connected():
        wanted = options.organization
        found = await row(
            "SELECT id, slug FROM organization WHERE slug = {} OR {} = '' ORDER BY id LIMIT 1", wanted, wanted
        )
        secret = (await credentials.of(found["id"])).stripe_webhook_secret.split(",")[0].strip() if found else ""
    if found is None:
        print("There is no such organization yet. Open the set-up link first.", file=sys.stderr)
        return 2
    if not secret:
        print(
            "Stripe is not connected: set STRIPE_WEBHOOK_SECRET (any whsec_… you make up will do in development) "
            "and start again.", file=sys.stderr,
        )  # fmt: skip
        return 2
    purchase = options.id or secrets.token_hex(6)
    event = stripe_samples.event(
        options.event, purchase, email=options.email, name=options.name, amount=options.amount,
        currency=options.currency, plan=options.plan, now=int(time.time()),
    )  # fmt: skip
    body = json.dumps(event).encode()
    url = f"http://{settings.host}:{settings.port}/webhooks/stripe/{found['slug']}"
    try:
        status, answer = _send(url, body, signature(body, secret, int(time.time())))
    except OSError as problem:
        print(f"Backdesk does not answer at {url}: {problem}. Start it with: make run", file=sys.stderr)
        return 2
    print(f"{event['type']} {event['id']} for purchase {purchase}: {status} {answer}")
    return 0 if status == 200 else 1


def signature(body: bytes, secret: str, now: int) -> str:
    mac = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={mac}"


def _send(url: str, body: bytes, signed: str) -> tuple[int, str]:
    headers = {"Content-Type": "application/json", "Stripe-Signature": signed}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 – our own address
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 – our own address
            return response.status, response.read(500).decode(errors="replace")
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read(500).decode(errors="replace")
