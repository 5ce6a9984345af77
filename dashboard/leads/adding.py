"""A lead made by hand."""

from collections.abc import Mapping
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, serialize, transaction
from dashboard.leads.stages import FIRST

MADE = (
    "SELECT subject_id AS id FROM activity WHERE organization = {} AND data ->> 'batch' = {} AND subject_kind = 'lead'"
)
INSERT = """
    INSERT INTO lead (organization, email, email_normalized, name, company, phone, phone_normalized, stage, source,
                      owner, value, currency, expected_close, tags, attributes, created_at)
    SELECT {}, f.email, f.email_normalized, f.name, f.company, f.phone, f.phone_normalized, {}, f.source, f.owner,
           f.value, f.currency, f.expected_close, ARRAY[]::bigint[], f.attributes, now()
    FROM jsonb_populate_record(NULL::lead, {}) f
    ON CONFLICT (organization, email_normalized) WHERE email_normalized IS NOT NULL DO NOTHING RETURNING id"""


async def add(organization: Organization, facts: Mapping[str, Any], once: str, by: Visitor) -> int | None:
    """Make a lead of these columns and say who did; its id. The same form's second click gives the same id; None when
    somebody has the address already."""
    async with transaction():
        await serialize(f"lead_added:{organization.id}:{once}")
        if made := await row(MADE, organization.id, once):
            return made["id"]
        found = await row(INSERT, organization.id, FIRST, dict(facts))
        if found is None:
            return None
        source = f"Source: {facts['source']}" if facts.get("source") else ""
        await activity.record(
            organization, "lead", found["id"], "added", "added the lead", by=by, detail=source, data={"batch": once}
        )
    return found["id"]
