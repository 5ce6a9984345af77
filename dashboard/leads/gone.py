"""Leads that were deleted and can come back: until they are forgotten, which is after 30 days at the earliest."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

SHOWN = 50
# What was merged is part of another lead, and is parted from it on its page. Behind the lead with an id, or all.
LISTED = """
    SELECT l.id, l.email, l.company, l.deleted_at, l.name,
           coalesce(nullif(l.name, ''), nullif(l.company, ''), nullif(l.email, ''), nullif(l.phone, ''),
                    'Nameless lead') AS who
    FROM lead l WHERE l.organization = {} AND l.deleted_at IS NOT NULL AND l.merged_into IS NULL
      AND l.erased_at IS NULL AND (l.deleted_at, l.id) < (
          SELECT coalesce(max(x.deleted_at), 'infinity'), coalesce(max(x.id), 0) FROM lead x
          WHERE x.organization = {} AND x.id = {} AND x.deleted_at IS NOT NULL)
    ORDER BY l.deleted_at DESC, l.id DESC LIMIT {}"""


async def listed(organization: Organization, behind: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Those deleted last, or those deleted before the lead `behind`; and behind whom there are more, 0 for none."""
    found = await rows(LISTED, organization.id, organization.id, behind, SHOWN + 1)
    return found[:SHOWN], found[SHOWN - 1]["id"] if len(found) > SHOWN else 0
