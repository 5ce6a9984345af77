"""A customer's identity, said by the company's own server and signed: never a bare address.

signature = hex HMAC-SHA256 of "<email, lower case>\\n<expires, unix seconds>" under the organization's secret."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from dashboard import settings, signing
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import rows, transaction
from dashboard.errors import NotAllowed
from dashboard.leads.actions import normalize

RENEW = """
    UPDATE organization SET support = support || {} WHERE id = {}
      AND coalesce((support->>'identity_version')::int, 1) = {} RETURNING id"""
LONGEST = 24 * 3600  # seconds a signature may be good for
REFUSED = "The identity is missing, wrong or too old. Nothing was answered."


def secret_of(organization: Organization) -> str:
    """What the company's server signs with; each version of it is another one."""
    purpose = f"support-identity:{organization.id}:{version_of(organization)}"
    return signing.derive(settings.current().secret_key, purpose).hex()


def version_of(organization: Organization) -> int:
    chosen: Any = organization.support or {}
    return int(chosen.get("identity_version") or 1)


async def renew(organization: Organization, version: int, by: Visitor | User, *, back: bool = False) -> bool:
    """Another secret in place of that version's: what is signed with the old one is refused from now on. `back`: the
    one before it again. Whether that was the newest; else nothing changes, so that a second press makes no third."""
    other = version - 1 if back else version + 1
    if other < 1:
        return False
    async with transaction():
        done = await rows(RENEW, {"identity_version": other}, organization.id, version)
        if done:
            title = (
                "The secret of signed customers was taken back" if back else "The secret of signed customers renewed"
            )
            await activity.record(organization, "organization", organization.id, "chat_settings", title, by=by)
    return bool(done)


def sign(organization: Organization, email: str, expires: int) -> str:
    text = f"{normalize(email) or ''}\n{expires}"
    return hmac.new(secret_of(organization).encode(), text.encode(), hashlib.sha256).hexdigest()


def proven(organization: Organization, said: Any, now: datetime) -> tuple[str, str]:
    """(address, name) of whom the identity proves, or NotAllowed."""
    if not isinstance(said, dict):
        raise NotAllowed(REFUSED)
    email, expires, signature = said.get("email"), said.get("expires"), said.get("signature")
    if not (isinstance(email, str) and isinstance(expires, int) and isinstance(signature, str)):
        raise NotAllowed(REFUSED)
    seconds = now.timestamp()
    good = hmac.compare_digest(sign(organization, email, expires).encode(), signature.encode("utf-8", "replace"))
    if not good or not seconds < expires <= seconds + LONGEST or not normalize(email):
        raise NotAllowed(REFUSED)
    name = said.get("name")
    return normalize(email) or "", name if isinstance(name, str) else ""
