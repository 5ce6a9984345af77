"""Whom we must not write to. Of a person who was erased only a keyed hash of the address is kept, so that they stay
suppressed, and nobody can read who they were."""

import hmac
from collections.abc import Sequence

from dashboard import settings, signing
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import day

WORDS = {"unsubscribed": "Unsubscribed", "bounced": "Mail bounced", "complained": "Complained of spam"}
HIDDEN = "erased:"  # then the hash, in place of an address
FIND = """
    SELECT email_normalized, reason, created_at FROM suppression
    WHERE organization = {} AND email_normalized = ANY({})"""
# HMAC-SHA-256 in SQL: the two values are the pads, the key is in no statement.
NAMES = """{address}, '{hidden}' || encode(sha256({{}}::bytea || sha256({{}}::bytea
    || convert_to({organization} || ':' || {address}, 'UTF8'))), 'hex')"""


async def barred(organization: Organization, addresses: Sequence[str]) -> dict[str, str]:
    """Of these addresses the ones we must not write to again, with the reason in words."""
    hidden = {hidden_name(organization.id, address): address for address in addresses}
    found = await rows(FIND, organization.id, [*addresses, *hidden]) if addresses else []
    said = {
        hidden.get(each["email_normalized"], each["email_normalized"]): (
            f"{WORDS.get(each['reason'], 'Suppressed by hand')} on {day(each['created_at'].date())}, never added again"
        )
        for each in found
    }
    return {address: said[address] for address in addresses if address in said}


def names_of(address: str, organization: str) -> str:
    """The two names an address may stand under in suppression.email_normalized, as SQL for `IN (…)`. The arguments are
    SQL too; its two values are `pads()`."""
    return NAMES.format(address=address, organization=organization, hidden=HIDDEN)


def hidden_name(organization: int, address: str) -> str:
    """What stands for the normalised address of an erased person."""
    return HIDDEN + fingerprint(organization, address).hex()


def fingerprint(organization: int, address: str) -> bytes:
    """A hash of a normalised address that only this installation can make."""
    return hmac.digest(_key(), f"{organization}:{address}".encode(), "sha256")


def pads() -> tuple[bytes, bytes]:
    """The key as HMAC mixes it in: outer and inner."""
    block = _key().ljust(64, b"\0")
    return bytes(byte ^ 0x5C for byte in block), bytes(byte ^ 0x36 for byte in block)


def _key() -> bytes:
    return signing.derive(settings.current().secret_key, "addresses")
