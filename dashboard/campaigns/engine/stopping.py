"""Whom a campaign does not write to any more. One list of reasons, asked when a mail becomes due, again in the
transaction that queues it, and now and then of everybody who is still in."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns import conditions, leaving
from dashboard.database import rows, transaction

SWEEP = 5_000
# For `e` enrollment, `l` lead and two values: whether it is a sequence, and whether a reply stops it. What was so
# before somebody came in stops nothing: an earlier customer may be written to.
REASON = """CASE
    WHEN l.merged_into IS NOT NULL THEN 'merged'
    WHEN l.deleted_at IS NOT NULL OR l.erased_at IS NOT NULL THEN 'deleted'
    WHEN EXISTS (SELECT FROM suppression x WHERE x.organization = l.organization
                 AND x.email_normalized = l.email_normalized AND x.created_at >= e.entered_at) THEN
        (SELECT CASE WHEN x.reason IN ('unsubscribed', 'bounced', 'complained') THEN x.reason ELSE 'suppressed' END
         FROM suppression x WHERE x.organization = l.organization AND x.email_normalized = l.email_normalized)
    WHEN NOT {} THEN ''
    WHEN {} AND EXISTS (SELECT FROM campaign_send r WHERE r.enrollment = e.id AND r.replied_at IS NOT NULL)
        THEN 'replied'
    WHEN EXISTS (SELECT FROM orders o WHERE o.lead = l.id AND o.placed_at >= e.entered_at AND o.status <> 'cancelled')
        THEN 'bought'
    WHEN l.won_at >= e.entered_at THEN 'won'
    WHEN l.lost_at >= e.entered_at THEN 'lost'
    ELSE '' END"""
DUE = f"""
    SELECT id, reason FROM (
        SELECT DISTINCT e.id, {REASON} AS reason FROM (
            SELECT s.enrollment, s.lead FROM campaign_send s
            WHERE s.campaign = {{}} AND s.state IN ('waiting', 'due') AND s.due_at <= {{}}
            ORDER BY s.due_at, s.id LIMIT {{}}) s
        JOIN enrollment e ON e.id = s.enrollment JOIN lead l ON l.id = s.lead WHERE e.state = 'active') found
    WHERE reason <> ''"""  # noqa: S608 – our own words
EVERYBODY = f"""
    SELECT e.id, {REASON} AS reason, EXISTS (SELECT FROM campaign_send s WHERE s.enrollment = e.id
                                             AND s.state IN ('waiting', 'due', 'queued')) AS open
    FROM (SELECT e.* FROM enrollment e WHERE e.campaign = {{}} AND e.state = 'active' AND e.id > {{}}
          ORDER BY e.id LIMIT {{}}) e JOIN lead l ON l.id = e.lead ORDER BY e.id"""  # noqa: S608
FINISH = """
    UPDATE enrollment SET state = 'finished', ended_at = {} WHERE id = ANY({}) AND state = 'active'
    AND NOT EXISTS (SELECT FROM campaign_send s WHERE s.enrollment = enrollment.id
                    AND s.state IN ('waiting', 'due', 'queued'))"""

_looked_at: dict[int, int] = {}  # campaign → the enrollment the sweep has come to; it begins anew in another process


def rules(campaign: dict[str, Any], steps: list[dict[str, Any]]) -> tuple[bool, bool]:
    """The two values of REASON. A sequence with a mail for those who replied is not stopped by a reply."""
    return campaign["kind"] == "sequence", conditions.stops_at_reply(steps)


async def stop_due(
    campaign: dict[str, Any], organization: Organization, how: tuple[bool, bool], most: int, now: datetime
) -> int:  # fmt: skip
    """End those among the next mails' people who must not be written to; how many."""
    return await _stop(organization, await rows(DUE, *how, campaign["id"], now, most), now)


async def sweep(campaign: dict[str, Any], organization: Organization, how: tuple[bool, bool], now: datetime) -> int:
    """Look at the next few thousand people of a campaign: end those who must not be written to, although nothing is due
    for them, and those who have had everything. Round and round; how many ended."""
    after = _looked_at.get(campaign["id"], 0)
    found = await rows(EVERYBODY, *how, campaign["id"], after, SWEEP)
    _looked_at[campaign["id"]] = found[-1]["id"] if len(found) == SWEEP else 0
    stopped = await _stop(organization, [each for each in found if each["reason"]], now)
    done = [each["id"] for each in found if not each["open"] and not each["reason"]]
    if done:
        await rows(FINISH, now, done)
    return stopped + len(done)


async def _stop(organization: Organization, found: list[dict[str, Any]], now: datetime) -> int:
    by_reason: dict[str, list[int]] = defaultdict(list)
    for each in found:
        by_reason[each["reason"]].append(each["id"])
    stopped = 0
    for reason, ids in by_reason.items():
        async with transaction():
            stopped += len(await leaving.stop(organization, ids, reason, now))
    return stopped
