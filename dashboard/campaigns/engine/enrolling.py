"""Taking leads into a campaign: each once, with a row of the ledger for every step."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from piccolo.querystring import QueryString

from dashboard import crash
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import audience
from dashboard.campaigns.engine.windows import OWN_ZONE, Window, window, zone_of
from dashboard.database import row, rows

CHUNK = 5_000
ZONE = f"CASE WHEN {OWN_ZONE} = ANY({{}}) THEN {OWN_ZONE} ELSE '' END"  # without one the organization's counts
# A trial takes a share of the people, by a draw that comes out the same whenever it is repeated. `-` waits for the end.
VARIANT = """CASE WHEN {} THEN CASE
    WHEN abs(hashint8extended(l.id, {})) % 10000 < {} * 50 THEN 'a'
    WHEN abs(hashint8extended(l.id, {})) % 10000 < {} * 100 THEN 'b' ELSE '-' END ELSE 'a' END"""
WHO = "l.organization = {} AND l.deleted_at IS NULL AND l.email_normalized IS NOT NULL"
ENROLL = f"""
    WITH chosen AS MATERIALIZED (SELECT l.id FROM lead l WHERE {WHO} AND {{}} ORDER BY l.id LIMIT {{}}),
    entered AS (
        INSERT INTO enrollment (organization, campaign, lead, state, reason, variant, zone, entered_at, created_at)
        SELECT l.organization, {{}}, l.id, 'active', '', {VARIANT}, {ZONE}, {{}}, {{}}
        FROM chosen JOIN lead l USING (id)
        ON CONFLICT (campaign, lead) DO NOTHING RETURNING id, organization, campaign, lead),
    sends AS (
        INSERT INTO campaign_send (organization, campaign, step, enrollment, lead, state, reason, due_at, created_at)
        SELECT e.organization, e.campaign, s.id, e.id, e.lead, CASE WHEN s.due_at <= {{}} THEN 'due' ELSE 'waiting' END,
               '', s.due_at, {{}}
        FROM entered e CROSS JOIN unnest({{}}::bigint[], {{}}::timestamptz[]) s(id, due_at) RETURNING 1)
    SELECT (SELECT max(id) FROM chosen) AS last, (SELECT count(*) FROM chosen) AS chosen,
           (SELECT count(*) FROM entered) AS entered"""  # noqa: S608 – our own words
ADVANCE = "UPDATE campaign SET filled_through = {}, filled_at = {} WHERE id = {} AND filled_at IS NULL"
STEPS = "SELECT id, day FROM campaign_step WHERE campaign = {} ORDER BY position, id"


async def fill(campaign: dict[str, Any], organization: Organization, now: datetime) -> int:
    """The next part of the audience as it is at the launch; how many leads were looked at. In a transaction that also
    moves on, so that whoever takes over goes on there."""
    where = QueryString(
        "{} AND l.created_at <= {} AND l.id > {}", await _meant(campaign, organization, now),
        campaign["launched_at"], campaign["filled_through"],
    )  # fmt: skip
    if campaign["new_only"]:
        where = QueryString("FALSE")
    found = await _enroll(campaign, organization, where, CHUNK, now)
    full = found["chosen"] >= CHUNK
    through = found["last"] if found["chosen"] else campaign["filled_through"]
    await rows(ADVANCE, through, None if full else now, campaign["id"])
    crash.point("audience.filled")
    return found["chosen"]


async def welcome(campaign: dict[str, Any], organization: Organization, now: datetime) -> int:
    """Leads that came to match since: for sequences that go on taking people in. How many."""
    where = QueryString(
        "{} AND NOT EXISTS (SELECT FROM enrollment e WHERE e.campaign = {} AND e.lead = l.id)",
        await _meant(campaign, organization, now), campaign["id"],
    )  # fmt: skip
    if campaign["new_only"]:
        where = QueryString("{} AND l.created_at > {}", where, campaign["launched_at"])
    return (await _enroll(campaign, organization, where, CHUNK, now))["entered"]


async def enroll(organization: Organization, campaign: int, leads: list[int], now: datetime) -> int:
    """Take these leads into a campaign that runs or is paused; how many were new in it. Those without an address and
    those who are in it already are left out. Call it inside a transaction."""
    found = await row(
        "SELECT * FROM campaign WHERE organization = {} AND id = {} AND state IN ('running', 'paused') FOR SHARE",
        organization.id, campaign,
    )  # fmt: skip
    if found is None or not leads:
        return 0
    where = QueryString("l.id = ANY({})", leads)
    return (await _enroll(found, organization, where, len(leads), now))["entered"]


async def _meant(campaign: dict[str, Any], organization: Organization, now: datetime) -> QueryString:
    filters = await audience.read(organization, campaign["audience"], campaign["launched_by"] or 0, now)
    # A condition that cannot be read any more, such as a question that is gone, must not mean everybody.
    return QueryString("FALSE") if filters.misunderstood else filters.where


async def _enroll(
    campaign: dict[str, Any], organization: Organization, where: QueryString, most: int, now: datetime
) -> dict[str, Any]:  # fmt: skip
    steps = await rows(STEPS, campaign["id"])
    # Day 0 is now; the organization's days are counted, and the person's window moves a mail within its day.
    zone, hours = zone_of("", organization.time_zone), window(campaign)
    due = [due_at(now, each["day"], zone, hours) for each in steps]
    found = await row(
        ENROLL, organization.id, where, most, campaign["id"], *drawn(campaign), zones_of(campaign), now, now, now, now,
        [each["id"] for each in steps], due,
    )  # fmt: skip
    assert found is not None
    if found["entered"]:
        await activity.changed(organization, "campaigns")
        await activity.changed(organization, "leads")
    return found


def drawn(campaign: dict[str, Any]) -> tuple[bool, int, int, int, int]:
    """The values of VARIANT. Once a trial is decided nobody is drawn any more: who comes in then is one of the rest,
    who get the winner."""
    trial = campaign["trial"] if isinstance(campaign["trial"], dict) else {}
    share = 0 if trial.get("winner") else int(trial.get("share") or 0)
    return bool(trial.get("subject")), campaign["id"], share, campaign["id"], share


def zones_of(campaign: dict[str, Any]) -> list[str]:
    """The values of ZONE: the zones that count, none where the hours are ours for everybody."""
    return sorted(available_timezones()) if campaign["zone"] == "recipient" else []


def due_at(entered: datetime, days: int, zone: Any, hours: Window) -> datetime:
    """When the step of that day is due for somebody who came in then."""
    return entered if days == 0 else hours.on_day(entered, days, zone)
