"""Which campaigns need a person now: those that are paused, by themselves or by somebody, and those that could not
begin at their time."""

from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.campaigns import numbers
from dashboard.campaigns.numbers import COMING
from dashboard.database import rows
from dashboard.formats import num

MOST = 50
NOT_BEGUN, BY_ITSELF = "It did not start: ", "Paused by itself: "
# Each arm reads its own partial index.
WAITING = """
    (SELECT c.id, c.name, c.state, c.why, c.changed_at, c.created_at FROM campaign c
     WHERE c.organization = {} AND c.state = 'paused' ORDER BY c.id DESC LIMIT {})
    UNION ALL
    (SELECT c.id, c.name, c.state, c.why, c.changed_at, c.created_at FROM campaign c
     WHERE c.organization = {} AND c.state = 'draft' AND c.why <> '' AND c.deleted_at IS NULL
     ORDER BY c.id DESC LIMIT {})"""
SINCE = """
    SELECT w.*, coalesce(last.created_at, w.changed_at, w.created_at) AS at, last.actor
    FROM ({}) w LEFT JOIN LATERAL (
        SELECT a.created_at, a.actor FROM activity a WHERE a.organization = {} AND a.subject_kind = 'campaign'
        AND a.subject_id = w.id AND a.verb IN ('paused', 'not_begun') ORDER BY a.created_at DESC, a.id DESC LIMIT 1)
    last ON TRUE"""


async def needs_person(organization: Organization) -> list[dict[str, Any]]:
    """Lines for Today, as orders.attention has them."""
    found = await rows(SINCE, waiting(organization), organization.id)
    figures = await numbers.of_campaigns(organization, [each["id"] for each in found])
    return [_line(organization, each, figures[each["id"]].of(COMING)) for each in found]


def waiting(organization: Organization) -> QueryString:
    """The campaigns behind those lines, as a statement: Today reads it, the navigation counts it."""
    return QueryString(WAITING, organization.id, MOST, organization.id, MOST)


def _line(organization: Organization, campaign: dict[str, Any], coming: int) -> dict[str, Any]:
    href = f"/{organization.slug}/campaigns/{campaign['id']}"
    facts = {
        "key": f"campaign-{campaign['id']}", "icon": "megaphone", "concerns": campaign["name"], "href": href,
        "at": campaign["at"], "assignee": None,
    }  # fmt: skip
    if campaign["state"] == "draft":
        return facts | {
            "group": "now", "tone": "danger", "title": "Campaign did not start", "label": "Mend it", "post": "",
            "why": campaign["why"].removeprefix(NOT_BEGUN), "href": f"{href}/edit",
        }  # fmt: skip
    mails = f"{num(coming)} mail{'' if coming == 1 else 's'} {'waits' if coming == 1 else 'wait'}."
    why = f"{(campaign['why'] or 'Paused').rstrip('.')}. {mails}"
    if campaign["actor"] == "system":
        return facts | {
            "group": "now", "tone": "danger", "title": "Campaign paused by itself", "label": "Review", "post": "",
            "why": why.removeprefix(BY_ITSELF),
        }  # fmt: skip
    return facts | {
        "group": "later", "tone": "warning", "title": "Campaign is paused", "why": why, "label": "Resume",
        "post": f"{href}/resumption",
    }  # fmt: skip
