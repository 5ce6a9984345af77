"""How long an organization keeps people it never sold to nor heard from again."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.erasure import actions
from dashboard.errors import Invalid

LEAST, MOST = 30, 3650  # days
CAN_COME_BACK = timedelta(days=30)  # a deleted lead
CHUNK = 200
AT_ONCE = 10 * 60  # seconds of one night
CAP = 10_001
NOBODYS = """
    NOT EXISTS (SELECT FROM orders o WHERE o.lead = l.id) AND NOT EXISTS (SELECT FROM payment p WHERE p.lead = l.id)"""
# Nothing was bought, and nothing written, said or done by anybody since then.
SILENT = f"""
    l.organization = {{}} AND l.deleted_at IS NULL AND l.erased_at IS NULL AND l.created_at < {{}} AND l.won_at IS NULL
    AND coalesce(l.last_contact_at, l.created_at) < {{}} AND coalesce(l.remind_at, l.created_at) < {{}} AND {NOBODYS}
    AND NOT EXISTS (SELECT FROM delivery d WHERE d.lead = l.id AND d.created_at >= {{}})
    AND NOT EXISTS (SELECT FROM capture c WHERE c.lead = l.id AND c.created_at >= {{}})
    AND NOT EXISTS (SELECT FROM enrollment e WHERE e.lead = l.id AND e.state = 'active')
    AND NOT EXISTS (SELECT FROM activity a WHERE a.organization = l.organization AND a.subject_kind = 'lead'
                    AND a.subject_id = l.id AND a.created_at >= {{}} AND a.actor IN ('staff', 'customer'))"""  # noqa: S608 – our own words
DELETED = f"""
    l.organization = {{}} AND l.deleted_at < {{}} AND l.merged_into IS NULL AND l.erased_at IS NULL AND {NOBODYS}"""

# As long as the organization still wants that: somebody may change their mind while the night's work goes on.
WANTED = "{} AND EXISTS (SELECT FROM organization o WHERE o.id = l.organization AND o.retention -> 'leads' = {})"
KEEP = "UPDATE organization SET retention = retention - 'leads' || {} WHERE id = {}"
DONE = "SELECT count(*) AS n FROM lead WHERE id = ANY({}) AND erased_at IS NOT NULL"


def parse(typed: str) -> int:
    """Days from the settings form, 0 for never; Invalid for anything else."""
    given = typed.strip()
    days = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else -1
    if given and not LEAST <= days <= MOST:
        raise Invalid({"keep_leads": f"Write a number of days from {LEAST} to {MOST}, or nothing to keep them."})
    return max(days, 0)


def days_of(organization: Organization) -> int:
    """After how many silent days a lead is forgotten; 0 for never."""
    retention: Any = organization.retention
    days = (retention or {}).get("leads")
    return max(LEAST, days) if isinstance(days, int) and days else 0


async def set_days(organization: Organization, days: int, by: Visitor) -> None:
    """Keep silent leads so many days, 0 for ever. The same again changes nothing."""
    if days == days_of(organization):
        return
    async with transaction():
        await rows(KEEP, {"leads": days} if days else {}, organization.id)
        title = f"Leads are forgotten after {days} silent days" if days else "Leads are kept for ever"
        await activity.record(organization, "organization", organization.id, "changed", title, by=by)
    await organization.refresh()


def silent(organization: int, days: int, now: datetime) -> QueryString:
    """The condition for leads (`l`) that retention takes."""
    before = now - timedelta(days=days)
    return QueryString(SILENT, organization, *[before] * 6)


async def count(organization: Organization, days: int, now: datetime) -> int:
    """How many leads would be forgotten tonight, up to CAP."""
    if not days:
        return 0
    found = await row(
        "SELECT count(*) AS n FROM (SELECT FROM lead l WHERE {} LIMIT {}) f", silent(organization.id, days, now), CAP
    )
    return found["n"] if found else 0


async def forget(now: datetime, clock: Callable[[], float] = time.monotonic) -> dict[str, int]:
    """Forget the leads of every organization that have been silent for too long, and those deleted 30 days ago of whom
    the books know nothing. What is left over tonight is tomorrow's."""
    until, counts = clock() + AT_ONCE, {"retention": 0, "deleted": 0}
    for organization in await Organization.objects().order_by(Organization.id):
        due = {"deleted": QueryString(DELETED, organization.id, now - CAN_COME_BACK)}
        if days := days_of(organization):
            stored: Any = organization.retention
            due["retention"] = QueryString(WANTED, silent(organization.id, days, now), json.dumps(stored["leads"]))
        for cause, condition in due.items():
            while clock() < until:
                found = await rows("SELECT l.id FROM lead l WHERE {} ORDER BY l.id LIMIT {}", condition, CHUNK)
                ids = [each["id"] for each in found]
                if ids:
                    await actions.erase(organization, ids, cause, now, still=condition)
                    counts[cause] += (await rows(DONE, ids))[0]["n"]
                if len(ids) < CHUNK:
                    break
    return counts
