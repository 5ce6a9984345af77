"""Finding the person behind an address, or making them: one row per organization and address."""

import re
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row
from dashboard.leads.tables import Lead

INSERT = """
    INSERT INTO lead
        (organization, email, email_normalized, name, company, phone, phone_normalized, stage, source, source_data,
         created_at)
    VALUES ({}, {}, {}, {}, '', {}, {}, 'new', {}, {}, now())
    ON CONFLICT (organization, email_normalized) WHERE email_normalized IS NOT NULL
    DO UPDATE SET name = CASE WHEN lead.name = '' THEN excluded.name ELSE lead.name END,
                  phone = CASE WHEN lead.phone = '' THEN excluded.phone ELSE lead.phone END,
                  phone_normalized =
                      CASE WHEN lead.phone = '' THEN excluded.phone_normalized ELSE lead.phone_normalized END,
                  deleted_at = CASE WHEN lead.merged_into IS NULL THEN NULL ELSE lead.deleted_at END
    RETURNING coalesce(merged_into, id) AS id"""


def normalize(email: str) -> str | None:
    """How an address is compared: trimmed and lower case; None when there is none."""
    return email.strip().lower() or None


def digits(phone: str) -> str:
    """How a telephone number is compared: its digits, with 00 for international left out."""
    return re.sub(r"[^0-9]", "", phone).removeprefix("00")[:40]


async def find_or_create(
    organization: Organization, email: str, name: str = "", *, phone: str = "", source: str = "",
    source_data: dict[str, Any] | None = None,
) -> Lead:  # fmt: skip
    """The person behind an address. Known facts are kept, missing ones are filled in; somebody who was deleted is back,
    an address that was merged into another lead leads there. Without an address: a new row."""
    email, name, phone = email.strip()[:254], name.strip()[:200], phone.strip()[:40]
    found = await row(
        INSERT, organization.id, email, normalize(email), name, phone, digits(phone), source[:80], source_data or {}
    )
    assert found is not None
    return await Lead.get_of(organization, found["id"])
