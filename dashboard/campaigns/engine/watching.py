"""Looking after campaigns that run: a pause when too many mails come back, and the end when all is sent."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import launching
from dashboard.campaigns.tables import Campaign
from dashboard.database import row, rows, serialize, transaction

AT_LEAST = 200  # mails sent before a share says anything
BOUNCED, COMPLAINED = 20, 1000  # one in so many: 5 %, 0.1 %
LEFT = ["sent", "delivered", "bounced", "complained"]
PEOPLE = 10_000
COUNT = """
    SELECT count(*) AS n FROM (SELECT 1 FROM campaign_send WHERE organization = {} AND campaign = {} AND state = ANY({})
                               AND queued_at >= {} LIMIT {}) s"""
OPEN = """
    SELECT EXISTS (SELECT FROM campaign_send WHERE campaign = {} AND state IN ('waiting', 'due'))
        OR EXISTS (SELECT FROM campaign_send WHERE campaign = {} AND state = 'queued') AS open"""
FINISH_PEOPLE = """
    UPDATE enrollment SET state = 'finished', ended_at = {} WHERE id IN (
        SELECT id FROM enrollment WHERE campaign = {} AND state = 'active' LIMIT {}) RETURNING id"""
FINISH = """
    UPDATE campaign SET state = 'done', why = '', finished_at = {} WHERE id = {} AND state = 'running'
    AND filled_at IS NOT NULL AND NOT enrols RETURNING id"""


async def too_many(campaign: dict[str, Any]) -> str:
    """Why it has to be paused, in words; empty while all is well. Counts what was sent since the launch, or since it
    was resumed."""
    since = campaign["watched_from"] or campaign["launched_at"]
    bounced = await _count(campaign, ["bounced"], since, 1_000_000)
    complained = await _count(campaign, ["complained"], since, 1_000_000)
    if not bounced and not complained:
        return ""
    most = max(AT_LEAST, bounced * BOUNCED, complained * COMPLAINED)
    sent = await _count(campaign, LEFT, since, most)
    if sent < AT_LEAST:
        return ""
    if bounced * BOUNCED > sent:
        return f"Paused by itself: {bounced} of {sent} mails bounced, more than 5 %."
    if complained * COMPLAINED > sent:
        return f"Paused by itself: {complained} of {sent} mails were marked as spam, more than 0.1 %."
    return ""


async def pause_where_needed(campaign: dict[str, Any], organization: Organization, now: datetime) -> bool:
    """Pause it with an alert when too many mails came back; whether that was now."""
    why = await too_many(campaign)
    if why:
        await launching.pause(await Campaign.get_of(organization, campaign["id"]), None, now, why)
    return bool(why)


async def finish(campaign: dict[str, Any], organization: Organization, now: datetime) -> bool:
    """The end, when nothing of it is left to be sent; whether something moved."""
    if campaign["filled_at"] is None or campaign["enrols"]:
        return False
    found = await row(OPEN, campaign["id"], campaign["id"])
    if found is None or found["open"]:
        return False
    async with transaction():
        await serialize(f"campaign:{campaign['id']}")
        found = await row(OPEN, campaign["id"], campaign["id"])
        if found is None or found["open"]:
            return False
        if await rows(FINISH_PEOPLE, now, campaign["id"], PEOPLE):
            return True
        if await row(FINISH, now, campaign["id"]) is None:
            return False
        await activity.record(organization, "campaign", campaign["id"], "finished", "Finished", actor="system")
    return True


async def _count(campaign: dict[str, Any], states: list[str], since: datetime, most: int) -> int:
    found = await row(COUNT, campaign["organization"], campaign["id"], states, since, most)
    return found["n"] if found else 0
