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
    DO UPDATE SET
        name = CASE WHEN lead.name = '' AND lead.merged_into IS NULL THEN excluded.name ELSE lead.name END,
        phone = CASE WHEN lead.phone = '' AND lead.merged_into IS NULL THEN excluded.phone ELSE lead.phone END,
        phone_normalized = CASE WHEN lead.phone = '' AND lead.merged_into IS NULL
            THEN excluded.phone_normalized ELSE lead.phone_normalized END,
        deleted_at = CASE WHEN lead.merged_into IS NULL THEN NULL ELSE lead.deleted_at END
    RETURNING id, merged_into"""
# The one that took it in is who is meant: what is known is filled in there, and it comes back where it was deleted.
TAKEN_IN = """
    UPDATE lead SET name = CASE WHEN name = '' AND merged_into IS NULL THEN {} ELSE name END,
        phone = CASE WHEN phone = '' AND merged_into IS NULL THEN {} ELSE phone END,
        phone_normalized = CASE WHEN phone = '' AND merged_into IS NULL THEN {} ELSE phone_normalized END,
        deleted_at = CASE WHEN merged_into IS NULL THEN NULL ELSE deleted_at END
    WHERE organization = {} AND id = {} RETURNING id, merged_into"""


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
    while found and found["merged_into"]:
        found = await row(TAKEN_IN, name, phone, digits(phone), organization.id, found["merged_into"])
    assert found is not None
    return await Lead.get_of(organization, found["id"])


FILL_IN = """
    UPDATE lead SET
        company = CASE WHEN company = '' THEN {} ELSE company END, attributes = {}::jsonb || attributes,
        tags = tags || ARRAY(SELECT t.id FROM tag t
                             WHERE t.organization = lead.organization AND t.id = ANY({}) AND t.id <> ALL(lead.tags)),
        owner = coalesce(owner, (SELECT m."user" FROM membership m JOIN app_user u ON u.id = m."user"
                                 WHERE m.organization = lead.organization AND m."user" = {} AND u.disabled_at IS NULL)),
        scored_at = NULL
    WHERE organization = {} AND id = {} RETURNING created_at = now() AS fresh"""


async def fill_in(
    organization: Organization, id: int, *, company: str = "", owner: int | None = None, tags: list[int] | None = None,
    attributes: dict[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Add what a lead does not have yet: what is known stays, tags are added, an owner is given where there is none.
    Tags and people that are gone by now are left out. True for a lead that this transaction has made."""
    company = " ".join(company.split())[:200]
    found = await row(FILL_IN, company, attributes or {}, tags or [], owner, organization.id, id)
    return bool(found and found["fresh"])
