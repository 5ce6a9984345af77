"""Which leads need a person now: reminders that are due, and the hot ones nobody owns."""

from datetime import datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import day

MOST = 50
HOT = 80  # as in the index lead_hot
# Each arm reads its own partial index.
WAITING = f"""
    (SELECT l.id, 'reminder' AS kind, l.remind_at AS at, l.remind AS assignee, l.name, l.company, l.email, l.phone,
            l.score, l.score_reasons
     FROM lead l WHERE l.organization = {{}} AND l.remind_at <= {{}} AND l.deleted_at IS NULL
     ORDER BY l.remind_at LIMIT {{}})
    UNION ALL
    (SELECT l.id, 'hot', coalesce(l.stage_at, l.created_at), NULL, l.name, l.company, l.email, l.phone, l.score,
            l.score_reasons
     FROM lead l WHERE l.organization = {{}} AND l.owner IS NULL AND l.score >= {HOT} AND l.won_at IS NULL
        AND l.lost_at IS NULL AND l.deleted_at IS NULL ORDER BY l.score DESC, l.id DESC LIMIT {{}})"""  # noqa: S608


async def needs_person(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Lines for Today, as orders.attention has them."""
    return [_line(organization, lead) for lead in await rows("{}", waiting(organization, now))]


def waiting(organization: Organization, now: datetime) -> QueryString:
    """The leads behind those lines, as a statement: Today reads it, the navigation counts it."""
    return QueryString(WAITING, organization.id, now, MOST, organization.id, MOST)


def _line(organization: Organization, lead: dict[str, Any]) -> dict[str, Any]:
    href = f"/{organization.slug}/leads/{lead['id']}"
    who = lead["name"] or lead["company"] or lead["email"] or lead["phone"] or "Nameless lead"
    facts = {
        "concerns": lead["company"] if lead["name"] else "", "href": href, "assignee": lead["assignee"],
        "at": lead["at"], "key": f"lead-{lead['kind']}-{lead['id']}",
    }  # fmt: skip
    if lead["kind"] == "reminder":
        why = f"A reminder for {day(lead['at'], organization.time_zone, weekday=True)}."
        return facts | {
            "group": "today", "icon": "calendar-clock", "tone": "warning", "title": f"Come back to {who}", "why": why,
            "label": "Done", "post": f"{href}/reminder/removal",
        }  # fmt: skip
    reasons = ", ".join(why for points, why in lead["score_reasons"] if points > 0)
    return facts | {
        "group": "today", "icon": "users", "tone": "info", "title": f"Nobody owns {who}",
        "why": f"Score {lead['score']}{': ' if reasons else ''}{reasons}."[:200], "label": "Take it",
        "post": f"{href}/ownership",
    }  # fmt: skip
