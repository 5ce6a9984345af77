"""Leads, as far as orders need them: one row per organization and address."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.leads.tables import Lead

INSERT = """
    INSERT INTO lead
        (organization, email, email_normalized, name, company, phone, stage, source, source_data, created_at)
    VALUES ({}, {}, {}, {}, '', {}, 'new', {}, {}, now())
    ON CONFLICT (organization, email_normalized) WHERE email_normalized IS NOT NULL
    DO UPDATE SET name = CASE WHEN lead.name = '' THEN excluded.name ELSE lead.name END,
                  phone = CASE WHEN lead.phone = '' THEN excluded.phone ELSE lead.phone END
    RETURNING id"""


def normalize(email: str) -> str | None:
    """How an address is compared: trimmed and lower case; None when there is none."""
    return email.strip().lower() or None


async def find_or_create(
    organization: Organization, email: str, name: str = "", *, phone: str = "", source: str = "",
    source_data: dict[str, Any] | None = None,
) -> Lead:  # fmt: skip
    """The person behind an address. Known facts are kept, missing ones are filled in. Without an address: a new row."""
    email, name = email.strip()[:254], name.strip()[:200]
    found = await row(
        INSERT, organization.id, email, normalize(email), name, phone.strip()[:40], source[:80], source_data or {}
    )
    assert found is not None
    return await Lead.get_of(organization, found["id"])
