"""Who would get what and when, before anything is sent: the audience, person by person."""

from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.campaigns import placeholders, reaching, rendering
from dashboard.campaigns.engine.windows import window, zone_of
from dashboard.database import rows
from dashboard.deliveries.mails import one_line

SIZE = 50
PEOPLE = """
    SELECT l.id, l.name, l.company, l.email, l.attributes, l.source_data,
           CASE WHEN l.email_normalized IS NULL THEN 'No address'
                WHEN {} THEN 'Unsubscribed, bounced or complained' ELSE '' END AS out,
           (SELECT c.name FROM enrollment e JOIN campaign c ON c.id = e.campaign
            WHERE e.lead = l.id AND e.state = 'active' AND c.id <> {} AND c.state IN ('running', 'paused')
            ORDER BY e.id LIMIT 1) AS elsewhere
    FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id > {} AND {} ORDER BY l.id LIMIT {}"""


async def some(
    organization: Organization,
    campaign: dict[str, Any],
    steps: list[dict[str, Any]],
    me: int,
    after: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """SIZE people of the audience behind the lead `after`, and one more where there are more: each with `out` (why they
    get nothing, or ""), `subject` of their first mail and `at`, the moment from which it may leave."""
    filters = await reaching.filters_of(organization, campaign, me, now)
    if filters.misunderstood:
        return []
    out: QueryString = await reaching.barred(organization)
    found = await rows(PEOPLE, out, campaign["id"], organization.id, after, filters.where, SIZE + 1)
    subject = placeholders.read(steps[0]["subject"] if steps else "")
    hours, start = window(campaign), max(campaign["starts_at"] or now, now)
    for each in found:
        values = rendering.values(each, organization)
        each["subject"] = one_line(subject.fill(values))
        own = _zone(each) if campaign["zone"] == "recipient" else ""
        each["at"] = hours.opens(start, zone_of(own, organization.time_zone))
    return found


def _zone(lead: dict[str, Any]) -> str:
    for kept in (lead["attributes"], lead["source_data"]):
        if isinstance(kept, dict) and isinstance(kept.get("time_zone"), str):
            return kept["time_zone"]
    return ""
