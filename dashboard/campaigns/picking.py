"""Drafts whose recipients were picked by hand in the list of leads, and picking more of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import editor
from dashboard.database import rows
from dashboard.errors import Conflict
from dashboard.lists.values import MOST_VALUES

MOST = MOST_VALUES  # people; more are better meant by a filter
DRAFTS = """
    SELECT id, name, audience, revision FROM campaign
    WHERE organization = {} AND state = 'draft' AND deleted_at IS NULL AND audience LIKE 'ids=%'
    ORDER BY id DESC LIMIT 50"""


async def drafts(organization: Organization) -> list[dict[str, Any]]:
    """Those drafts, the newest first, each with the ids that were picked so far as `leads`."""
    found = await rows(DRAFTS, organization.id)
    return [each | {"leads": ids} for each in found if (ids := _ids(each["audience"])) is not None]


async def pick(
    organization: Organization, draft: dict[str, Any], leads: Sequence[int], by: Visitor, now: datetime
) -> int:  # fmt: skip
    """Add these leads to the audience of one of `drafts`; how many were new. Conflict when they get too many, or when
    somebody else has changed it meanwhile."""
    every = list(dict.fromkeys([*draft["leads"], *leads]))
    await editor.set_audience(organization, draft["id"], draft["revision"], audience(every), by, now)
    return len(every) - len(draft["leads"])


def audience(leads: Sequence[int]) -> str:
    """The query string that means these leads and nobody else. Conflict when they are too many."""
    if len(leads) > MOST:
        raise Conflict(
            f"More than {MOST} people are better chosen by a filter, in the draft itself. Nothing was changed."
        )
    return urlencode([("ids", lead) for lead in leads])


def _ids(query: str) -> list[int] | None:
    """Whom the query string means, None where it says anything else than ids."""
    pairs = parse_qsl(query, keep_blank_values=True)
    whole = all(name == "ids" and value.isascii() and value.isdecimal() for name, value in pairs)
    return [int(value) for _, value in pairs] if whole else None
