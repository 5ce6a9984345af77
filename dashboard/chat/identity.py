"""A customer's identity, said by the company's own server and signed: never a bare address.

signature = hex HMAC-SHA256 of "<email, lower case>\\n<expires, unix seconds>" under the organization's secret."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from dashboard import settings, signing
from dashboard.accounts.tables import Organization
from dashboard.errors import NotAllowed
from dashboard.leads.actions import normalize

LONGEST = 24 * 3600  # seconds a signature may be good for
REFUSED = "The identity is missing, wrong or too old. Nothing was answered."


def secret_of(organization: Organization) -> str:
    """What the company's server signs with. Raising identity_version in the support settings makes a new one."""
    chosen: Any = organization.support or {}
    purpose = f"support-identity:{organization.id}:{chosen.get('identity_version', 1)}"
    return signing.derive(settings.current().secret_key, purpose).hex()


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
