"""Whether an organization's address may send: what mail is connected, and what its provider says of the domain."""

import asyncio
import time
from email.utils import parseaddr
from typing import NamedTuple

from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.tables import Organization
from dashboard.deliveries.senders import mail_missing
from dashboard.integrations.outcomes import ProviderError

SECONDS, REMEMBER = 4.0, 60.0
_known: dict[tuple[int, str], tuple[float, str]] = {}  # asked at, status


class Sender(NamedTuple):
    """`missing`: what has to be set first. `status`: of the domain, "" where nobody says; `trouble`: why not."""

    address: str
    missing: str = ""
    status: str = ""
    trouble: str = ""

    @property
    def domain(self) -> str:
        return parseaddr(self.address)[1].rpartition("@")[2].lower()


async def sender(organization: Organization) -> Sender:
    """The address campaigns of this organization come from. Asks the provider at most once a minute; not to be called
    inside a transaction."""
    outside = await integrations_for(organization.id)
    found = Sender(organization.from_address or outside.mail.default_from)
    if missing := mail_missing(outside, found.address):
        return found._replace(missing=missing)
    if outside.mail.channel != "resend":
        return found
    asked, status = _known.get((organization.id, found.domain), (0.0, ""))
    if time.monotonic() - asked < REMEMBER and status == "verified":
        return found._replace(status=status)
    try:
        async with asyncio.timeout(SECONDS):
            domains = await outside.mail.resend.domains()
    except (ProviderError, TimeoutError):
        return found._replace(trouble="Resend did not say whether the domain is verified")
    parts = found.domain.split(".")
    above = [".".join(parts[at:]) for at in range(len(parts) - 1)]
    status = next((domains[each] for each in above if each in domains), "not_there")
    _known[organization.id, found.domain] = time.monotonic(), status
    return found._replace(status=status)
