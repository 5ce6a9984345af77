"""Links that work once: set-up, reset, invitation, sign-in. Random, stored hashed, alive only once they are sent."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from dashboard import clock, settings, signing
from dashboard.accounts.sessions import digest
from dashboard.accounts.tables import OneTimeToken
from dashboard.errors import NotFound

LIFETIME = {
    "setup": timedelta(days=1),
    "password_reset": timedelta(hours=1),
    "sign_in_link": timedelta(minutes=15),
    "second_step": timedelta(minutes=10),
    "invitation": timedelta(days=7),
}
OVER = "This link has been used or is too old. Ask for a new one."
PATHS = {"setup": "setup", "password_reset": "reset", "sign_in_link": "signin/link", "invitation": "invitation"}


async def prepare(purpose: str, now: datetime, **facts: Any) -> OneTimeToken:
    """A row for a link to come. There is no secret yet: it is made when the mail goes out."""
    token = OneTimeToken(purpose=purpose, created_at=now, expires_at=now + LIFETIME[purpose], **facts)
    await token.save()
    return token


async def secret_for(token: OneTimeToken) -> str:
    """Make the secret now; only its hash is stored, and one made before stops working."""
    secret = secrets.token_urlsafe(32)
    await OneTimeToken.update({OneTimeToken.token_hash: digest(secret)}).where(OneTimeToken.id == token.id)
    return secret


async def issue(token: OneTimeToken) -> str:
    """The whole address with a secret made now, for a link that is shown instead of mailed."""
    return f"{settings.current().base_url}/{PATHS[token.purpose]}/{await secret_for(token)}"


async def link_for_mail(token_id: int) -> str:
    """The address for the mail being sent. A retry gets the same one, or the provider would refuse its idempotency key:
    so it is derived, not drawn, and nothing but SECRET_KEY can derive it. NotFound once it could open nothing."""
    token = await OneTimeToken.objects().where(OneTimeToken.id == token_id).first()
    if token is None or token.used_at is not None or token.expires_at <= clock.now():
        raise NotFound("The link of this mail was used, is too old, or a newer one has replaced it.")
    key = signing.derive(settings.current().secret_key, "one-time")
    secret = hmac.new(key, f"{token.id}:{token.created_at.timestamp()}".encode(), sha256).hexdigest()
    await OneTimeToken.update({OneTimeToken.token_hash: digest(secret)}).where(OneTimeToken.id == token_id)
    return f"{settings.current().base_url}/{PATHS[token.purpose]}/{secret}"


async def look(purpose: str, secret: str, now: datetime) -> OneTimeToken | None:
    """The living token behind a link, without using it up: for the page a GET shows."""
    found = (
        await OneTimeToken.objects()
        .where(OneTimeToken.token_hash == digest(secret), OneTimeToken.purpose == purpose)
        .first()
    )
    return found if found and found.used_at is None and found.expires_at > now else None


async def find(purpose: str, secret: str, now: datetime) -> OneTimeToken:
    """The same, or NotFound with a sentence for the person who followed the link."""
    found = await look(purpose, secret, now)
    if found is None:
        raise NotFound(OVER)
    return found


async def use(purpose: str, secret: str, now: datetime) -> OneTimeToken:
    """Use the link up; of many at once exactly one succeeds, the others get NotFound."""
    won = (
        await OneTimeToken.update({OneTimeToken.used_at: now})
        .where(
            OneTimeToken.token_hash == digest(secret), OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_null(), OneTimeToken.expires_at > now,
        )
        .returning(OneTimeToken.id)
    )  # fmt: skip
    if not won:
        raise NotFound(OVER)
    return await OneTimeToken.objects().get(OneTimeToken.id == won[0]["id"])  # type: ignore[return-value]


async def void(*purposes: str, user: int | None = None, email: str = "") -> None:
    """Kill links that are out there: the password changed, or a newer one is on its way."""
    whose = OneTimeToken.user == user if user else OneTimeToken.email == email
    await OneTimeToken.delete().where(OneTimeToken.purpose.is_in(list(purposes)), OneTimeToken.used_at.is_null(), whose)
