"""Taking people out of campaigns, and letting them back in: the person, and the mails that have not left yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict

UNSUBSCRIBED, BY_HAND = "unsubscribed", "by_hand"
WORDS = {
    UNSUBSCRIBED: "Unsubscribed", BY_HAND: "Stopped by hand for this person", "replied": "Replied", "bought": "Bought",
    "won": "Won", "lost": "Lost", "bounced": "A mail bounced", "complained": "Marked a mail as spam",
    "suppressed": "This address was blocked by hand", "deleted": "The lead was deleted",
    "merged": "The lead became one with another",
}  # fmt: skip
SHORT = {  # why people stopped, as the campaign's page names it
    "replied": "Replied", "bought": "Bought", UNSUBSCRIBED: "Unsubscribed", "bounced": "Bounced",
    "complained": "Complained", "won": "Won", "lost": "Lost", BY_HAND: "By hand", "deleted": "Deleted",
    "merged": "Merged", "suppressed": "Blocked", "campaign": "Campaign stopped",
}  # fmt: skip
BACK_IN = timedelta(hours=1)  # after that what was skipped is too old to be sent

# Locks in one order, people then mails then deliveries, so that two who stop the same person never wait in a circle.
STOP = """
    UPDATE enrollment SET state = 'stopped', reason = {}, ended_at = {} WHERE id IN (
        SELECT id FROM enrollment WHERE organization = {} AND id = ANY({}) AND state = 'active' ORDER BY id FOR UPDATE)
    RETURNING id, campaign, lead"""
LOCK = """
    SELECT id, state, delivery FROM campaign_send WHERE enrollment = ANY({}) AND state IN ('waiting', 'due', 'queued')
    ORDER BY id FOR UPDATE"""
CANCEL = """
    UPDATE delivery SET state = 'cancelled', why = {}, settled_at = {}
    WHERE id = ANY({}) AND state IN ('queued', 'held') RETURNING id"""
SETTLE = """
    UPDATE campaign_send SET state = 'stopped', reason = {}, settled_at = {}
    WHERE id = ANY({}) AND (state IN ('waiting', 'due') OR delivery = ANY({}))"""
RETURN = """
    UPDATE enrollment e SET state = 'active', reason = '', ended_at = NULL WHERE e.id IN (
        SELECT e.id FROM enrollment e JOIN campaign c ON c.id = e.campaign
        WHERE e.organization = {} AND e.id = ANY({}) AND e.state = 'stopped' AND e.reason = {} AND e.ended_at > {}
        AND c.state IN ('running', 'paused') ORDER BY e.id FOR UPDATE OF e)
    RETURNING id, campaign, lead"""
AGAIN = """
    UPDATE campaign_send SET state = 'waiting', reason = '', settled_at = NULL
    WHERE enrollment = ANY({}) AND state = 'stopped' AND reason = {}"""


async def stop(organization: Organization, enrollments: Sequence[int], reason: str, now: datetime) -> list[dict]:
    """End these where they are active: nothing more is sent, a mail that is being handed over at this moment excepted.
    Those that were ended: id, campaign, lead. Call it inside a transaction."""
    ended = await rows(STOP, reason, now, organization.id, list(enrollments)) if enrollments else []
    if not ended:
        return []
    open_mails = await rows(LOCK, [each["id"] for each in ended])
    queued = [each["delivery"] for each in open_mails if each["delivery"]]
    cancelled = await rows(CANCEL, WORDS[reason], now, queued) if queued else []
    await rows(
        SETTLE, WORDS[reason], now, [each["id"] for each in open_mails], [each["id"] for each in cancelled]
    )  # fmt: skip
    for topic in ("campaigns", "outbox", "leads"):
        await activity.changed(organization, topic)
    return ended


async def let_back(organization: Organization, enrollments: Sequence[int], reason: str, now: datetime) -> list[dict]:
    """Go on with those that ended for this reason within the last hour, in campaigns that still run. Mails that were
    due meanwhile follow. Call it inside a transaction."""
    back = await rows(RETURN, organization.id, list(enrollments), reason, now - BACK_IN) if enrollments else []
    if back:
        await rows(AGAIN, [each["id"] for each in back], WORDS[reason])
        for topic in ("campaigns", "leads"):
            await activity.changed(organization, topic)
    return back


async def stop_by_hand(organization: Organization, lead: int, enrollment: int, by: Visitor, now: datetime) -> str:
    """Somebody of the team takes one lead out of one campaign; the campaign's name. Repeating it changes nothing."""
    async with transaction():
        name = await _named(organization, lead, enrollment)
        if await stop(organization, [enrollment], BY_HAND, now):
            await activity.record(organization, "lead", lead, "campaign_stopped", f"stopped “{name}” for them", by=by)
    return name


async def resume_by_hand(organization: Organization, lead: int, enrollment: int, by: Visitor, now: datetime) -> str:
    """Take that back within the hour; the campaign's name, or Conflict."""
    async with transaction():
        name = await _named(organization, lead, enrollment)
        if not await let_back(organization, [enrollment], BY_HAND, now):
            active = await row("SELECT 1 AS one FROM enrollment WHERE id = {} AND state = 'active'", enrollment)
            if not active:
                raise Conflict("It is too late to take that back, or the campaign has ended. Nothing was changed.")
            return name
        await activity.record(organization, "lead", lead, "campaign_resumed", f"went on with “{name}”", by=by)
    return name


async def _named(organization: Organization, lead: int, enrollment: int) -> str:
    found = await row(
        "SELECT c.name FROM enrollment e JOIN campaign c ON c.id = e.campaign "
        "WHERE e.organization = {} AND e.lead = {} AND e.id = {}", organization.id, lead, enrollment,
    )  # fmt: skip
    if found is None:
        raise Conflict("This person is not in that campaign any more. Nothing was changed.")
    return found["name"]
