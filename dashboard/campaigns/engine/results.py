"""What became of mails in the out-tray, copied into the ledger, and what a provider says later."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import rows

PAUSED = "The campaign is paused"  # why its deliveries were taken back: they are queued again when it goes on
MOST = 5_000
PULL = """
    WITH news AS (
        SELECT s.id, d.state, d.why, d.settled_at FROM campaign_send s JOIN delivery d ON d.id = s.delivery
        WHERE s.campaign = {} AND s.state = 'queued' AND d.state NOT IN ('queued', 'sending', 'held')
        LIMIT {} FOR UPDATE OF s SKIP LOCKED)
    UPDATE campaign_send s SET
        state = CASE WHEN n.state <> 'cancelled' THEN n.state WHEN n.why = {} THEN 'due' ELSE 'stopped' END,
        reason = CASE WHEN n.state = 'cancelled' AND n.why = {} THEN '' ELSE left(n.why, 200) END,
        queued_at = CASE WHEN n.state = 'cancelled' AND n.why = {} THEN NULL ELSE s.queued_at END,
        settled_at = CASE WHEN n.state = 'cancelled' AND n.why = {} THEN NULL ELSE coalesce(n.settled_at, {}) END
    FROM news n WHERE s.id = n.id AND s.state = 'queued' RETURNING s.id"""
# What people decide in the Outbox about mails that had come to an end.
DECIDED = """
    WITH news AS (
        SELECT s.id, s.state AS was, d.state, d.why, d.settled_at
        FROM campaign_send s JOIN delivery d ON d.id = s.delivery
        WHERE s.campaign = {} AND s.state IN ('failed', 'unknown', 'suppressed', 'stopped') AND d.state <> s.state
        AND NOT (s.state = 'stopped' AND d.state = 'cancelled') LIMIT {})
    UPDATE campaign_send s SET
        state = CASE WHEN n.state IN ('queued', 'sending', 'held') THEN 'queued'
                WHEN n.state = 'cancelled' THEN 'stopped' ELSE n.state END,
        reason = left(n.why, 200), settled_at = n.settled_at
    FROM news n WHERE s.id = n.id AND s.state = n.was RETURNING s.id"""
WITH_SENDS = """
    SELECT DISTINCT campaign FROM (SELECT campaign FROM campaign_send WHERE state IN
        ('failed', 'unknown', 'suppressed', 'stopped') AND delivery IS NOT NULL LIMIT 100000) s"""
TOLD = """
    UPDATE campaign_send SET state = {}, reason = {}, settled_at = coalesce(settled_at, {})
    WHERE delivery = {} AND state = ANY({}) RETURNING id, organization, campaign, enrollment"""
FACTS = {
    "opened": "UPDATE campaign_send SET opened_at = least(opened_at, {}) WHERE delivery = {} RETURNING organization",
    "clicked": "UPDATE campaign_send SET clicked_at = least(clicked_at, {}) WHERE delivery = {} RETURNING organization",
}
# A later report moves a mail up this ladder, never down.
RANK = ("queued", "unknown", "sent", "failed", "suppressed", "delivered", "bounced", "complained")


async def pull(campaign: int, organization: Organization, now: datetime) -> int:
    """Copy the outcomes of a campaign's deliveries; how many were new."""
    moved = await rows(PULL, campaign, MOST, PAUSED, PAUSED, PAUSED, PAUSED, now)
    if moved:
        await activity.changed(organization, "campaigns")
    return len(moved)


async def pull_decided(campaign: int) -> int:
    """Copy what somebody decided about deliveries that had come to an end; how many."""
    return len(await rows(DECIDED, campaign, MOST))


async def told(delivery: int, state: str, why: str, at: datetime) -> dict[str, Any] | None:
    """A provider's report about the mail of this delivery; its row of the ledger, if that was news to it. Inside the
    transaction that writes it into the delivery."""
    below = list(RANK[: RANK.index(state)])
    moved = await rows(TOLD, state, why[:200], at, delivery, below)
    if moved:
        await activity.changed(moved[0]["organization"], "campaigns")
    return moved[0] if moved else None


async def delayed(delivery: int, why: str) -> None:
    """Say of a mail that is on its way why it takes so long."""
    await rows("UPDATE campaign_send SET reason = {} WHERE delivery = {} AND state = 'sent'", why[:200], delivery)


async def seen(delivery: int, fact: str, at: datetime) -> None:
    """It was "opened" or "clicked", says the provider."""
    for each in await rows(FACTS[fact], at, delivery):
        await activity.changed(each["organization"], "campaigns")
