"""Whom we must not write to."""

from collections.abc import Sequence

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import day

WORDS = {"unsubscribed": "Unsubscribed", "bounced": "Mail bounced", "complained": "Complained of spam"}
FIND = """
    SELECT email_normalized, reason, created_at FROM suppression
    WHERE organization = {} AND email_normalized = ANY({})"""


async def barred(organization: Organization, addresses: Sequence[str]) -> dict[str, str]:
    """Of these addresses the ones we must not write to again, with the reason in words."""
    found = await rows(FIND, organization.id, list(addresses)) if addresses else []
    return {
        each[
            "email_normalized"
        ]: f"{WORDS.get(each['reason'], 'Suppressed by hand')} on {day(each['created_at'].date())}, never added again"
        for each in found
    }
