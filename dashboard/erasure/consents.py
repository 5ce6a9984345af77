"""What a person agreed to, and no longer does."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import NotFound

OF_LEAD = """
    SELECT id, text, source, given_at, withdrawn_at FROM consent WHERE organization = {} AND lead = {}
    ORDER BY given_at DESC, id DESC LIMIT 100"""
WITHDRAW = """
    UPDATE consent SET withdrawn_at = {} WHERE organization = {} AND lead = {} AND id = {} AND withdrawn_at IS NULL
    RETURNING source"""
# Without any other consent nothing is sent to them any more that they did not ask for.
SUPPRESS = """
    INSERT INTO suppression (organization, email_normalized, reason, detail, created_at)
    SELECT l.organization, l.email_normalized, 'unsubscribed', 'Consent withdrawn', {} FROM lead l
    WHERE l.organization = {} AND l.id = {} AND l.email_normalized IS NOT NULL
    AND NOT EXISTS (SELECT FROM consent c WHERE c.lead = l.id AND c.withdrawn_at IS NULL)
    ON CONFLICT (organization, email_normalized) DO NOTHING"""


async def of_lead(organization: Organization, lead: int) -> list[dict[str, Any]]:
    """The newest first: text word for word, source, given_at, withdrawn_at."""
    return await rows(OF_LEAD, organization.id, lead)


async def withdraw(organization: Organization, lead: int, id: int, now: datetime, by: Visitor) -> None:
    """They agree no longer; with the last consent offers and campaigns end for them, too. Repeating it changes nothing;
    NotFound for a consent that is not theirs."""
    if id >= 2**63 or id not in {each["id"] for each in await of_lead(organization, lead)}:
        raise NotFound("There is no such consent.")
    async with transaction():
        gone = await row(WITHDRAW, now, organization.id, lead, id)
        if gone:
            title = "noted that a consent was withdrawn"
            await activity.record(organization, "lead", lead, "consent_withdrawn", title, by=by, detail=gone["source"])
            await rows(SUPPRESS, now, organization.id, lead)
            await rows("UPDATE lead SET scored_at = NULL WHERE id = {}", lead)
