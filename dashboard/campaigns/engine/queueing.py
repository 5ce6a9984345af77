"""From due to the out-tray: only as many as are sent soon, so that a pause is quick, and other mail does not wait."""

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from dashboard import crash
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import rendering
from dashboard.campaigns.engine import mails, sorting, trials
from dashboard.campaigns.engine.stopping import REASON
from dashboard.campaigns.engine.windows import window, zone_of
from dashboard.database import row, rows, transaction

DEPTH = 4_000  # mails of one campaign in the out-tray
AT_ONCE = 1_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOCK = """
    SELECT c.* FROM campaign c WHERE c.id = {} AND c.state = 'running'
    AND pg_try_advisory_xact_lock(hashtextextended({}, 0))"""
ROOM = "SELECT count(*) AS n FROM (SELECT 1 FROM campaign_send WHERE campaign = {} AND state = 'queued' LIMIT {}) q"
RELEASED = """
    SELECT count(*) AS n FROM (SELECT 1 FROM campaign_send WHERE campaign = {} AND queued_at > {} LIMIT {}) q"""
# The step before: not two mails in a row because a campaign was paused or a limit was low.
PICK = f"""
    SELECT s.id, s.step, s.enrollment, s.delivery, e.variant, e.zone, e.state AS person, l.id AS lead, l.name,
        l.company, l.email, l.attributes, {REASON} AS reason, before.state AS before, before.left_at, before.day AS
        before_day, c.clicked, c.replied, c.bought, l.tags, coalesce(
            (SELECT x.reason FROM suppression x WHERE x.organization = l.organization
             AND x.email_normalized = l.email_normalized), '') AS barred
    FROM campaign_send s JOIN enrollment e ON e.id = s.enrollment JOIN lead l ON l.id = s.lead
    JOIN campaign_step t ON t.id = s.step
    LEFT JOIN LATERAL (
        SELECT p.state, coalesce(p.queued_at, p.settled_at) AS left_at, u.day FROM campaign_send p
        JOIN campaign_step u ON u.id = p.step
        WHERE {{}} AND p.enrollment = s.enrollment AND u.position < t.position
        AND p.state NOT IN ('skipped', 'stopped', 'suppressed') ORDER BY u.position DESC LIMIT 1) before ON TRUE
    LEFT JOIN LATERAL (
        SELECT bool_or(p.clicked_at IS NOT NULL) AS clicked, bool_or(p.replied_at IS NOT NULL) AS replied,
            EXISTS (SELECT FROM orders o WHERE o.lead = s.lead AND o.status <> 'cancelled') AS bought
        FROM campaign_send p WHERE p.enrollment = s.enrollment) c ON {{}}
    WHERE s.campaign = {{}} AND s.state IN ('waiting', 'due') AND s.due_at <= {{}}
    ORDER BY s.due_at, s.id LIMIT {{}} FOR UPDATE OF s"""  # noqa: S608 – our own words
# A key that is there already was taken back by a pause, or failed and is wanted again: the same mail goes on.
QUEUE = """
    WITH given AS (SELECT * FROM unnest({}::bigint[], {}::text[], {}::text[], {}::bigint[], {}::text[])
                       g(send, recipient, title, lead, payload)),
    put AS (
        INSERT INTO delivery (organization, key, kind, name, subject_kind, subject_id, lead, recipient, title, payload,
            state, why, attempt, due_at, lease_token, unclear_via, resends, provider_id, bulk, created_at)
        SELECT {}, 'campaign:' || send, 'mail', 'campaign', 'campaign', {}, lead, recipient, title, payload::jsonb,
            'queued', '', 0, {}, '', '', 0, '', true, {} FROM given
        ON CONFLICT (key) DO UPDATE SET state = 'queued', why = '', due_at = excluded.due_at, settled_at = NULL,
            resends = delivery.resends + (delivery.state = 'failed')::int, batch = NULL,
            attempt = CASE WHEN delivery.state = 'failed' THEN 0 ELSE delivery.attempt END
        WHERE delivery.state IN ('cancelled', 'failed') RETURNING id, key)
    UPDATE campaign_send s SET state = 'queued', delivery = put.id, queued_at = {}, reason = '', settled_at = NULL
    FROM put WHERE s.id = split_part(put.key, ':', 2)::bigint RETURNING s.id"""
# It is in the out-tray in another state, by somebody's hand: what came of it is copied from there.
ALREADY = """
    UPDATE campaign_send s SET state = 'queued', delivery = d.id, queued_at = {}, reason = ''
    FROM delivery d WHERE s.id = ANY({}) AND s.state IN ('waiting', 'due') AND d.key = 'campaign:' || s.id"""
LATER = "UPDATE campaign_send SET state = 'waiting', reason = {}, due_at = {} WHERE id = ANY({})"
SETTLE = "UPDATE campaign_send SET state = {}, reason = {}, settled_at = {} WHERE id = ANY({})"
VARIANTS = "UPDATE enrollment SET variant = {} WHERE id = ANY({})"
DUE = """
    UPDATE campaign_send SET state = 'due' WHERE id IN (
        SELECT id FROM campaign_send WHERE campaign = {} AND state = 'waiting' AND due_at <= {} LIMIT {}
        FOR UPDATE SKIP LOCKED) RETURNING id"""


async def queue(
    id: int, organization: Organization, steps: list[dict[str, Any]], how: tuple[bool, bool], now: datetime
) -> int:  # fmt: skip
    """Queue the next due mails of a campaign, as many as the limits and the out-tray allow; how many rows moved. Only
    one worker at a time, and none while it is launched, paused or stopped."""
    async with transaction():
        campaign = await row(LOCK, id, f"campaign:{id}")
        if campaign is None:
            return 0
        room = await _room(campaign, now)
        open_now = window(campaign).opens(now, zone_of("", organization.time_zone)) <= now
        if room <= 0 or not (open_now or campaign["zone"] == "recipient"):
            return await mark(id, now)
        at_once = min(AT_ONCE, room)
        several = len(steps) > 1
        found = await rows(PICK, *how, several, any(step["condition"] for step in steps), id, now, at_once)
        if not found:
            return 0
        known = {step["id"]: step for step in steps}
        moved = await _write(
            sorting.sort(found, campaign, organization, known, now), campaign, organization, known, now
        )
        await activity.changed(organization, "campaigns")
    crash.point("mails.queued")
    return moved


async def mark(id: int, now: datetime) -> int:
    """Say of mails whose day has come that they are due, while something else keeps them back."""
    return len(await rows(DUE, id, now, AT_ONCE))


async def _room(campaign: dict[str, Any], now: datetime) -> int:
    """How many more may be queued at this moment."""
    rooms = [DEPTH - (await _count(ROOM, campaign["id"], DEPTH))]
    for most, within in ((campaign["per_hour"], HOUR), (campaign["per_day"], DAY)):
        if most and rooms[0] > 0:
            rooms.append(most - await _count(RELEASED, campaign["id"], now - within, most))
    return min(rooms)


async def _count(sql: str, *values: Any) -> int:
    found = await row(sql, *values)
    return found["n"] if found else 0


async def _write(
    found: sorting.Sorted, campaign: dict[str, Any], organization: Organization, steps: dict[int, dict[str, Any]],
    now: datetime,
) -> int:  # fmt: skip
    for (words, at), ids in found.later.items():
        await rows(LATER, words, at, ids)
    for (state, words), ids in found.ended.items():
        await rows(SETTLE, state, words, now, ids)
    queued = await _put(campaign, organization, steps, found.leaving, now)
    return queued + sum(len(ids) for ids in (*found.later.values(), *found.ended.values()))


async def _put(
    campaign: dict[str, Any], organization: Organization, steps: dict[int, dict[str, Any]],
    leaving: list[dict[str, Any]], now: datetime,
) -> int:  # fmt: skip
    if not leaving:
        return 0
    winner = trials.winner(campaign)
    columns: tuple[list[Any], ...] = ([], [], [], [], [])
    told: dict[str, list[int]] = defaultdict(list)
    known = await mails.texts_of(organization.id, (step["version"] for step in steps.values()))
    for each in leaving:
        version = steps[each["step"]]["version"]
        texts = known[version]
        variant = each["variant"]
        if variant == "-" and each["first"]:
            variant = winner
            told[variant].append(each["enrollment"])
        other = variant == "b" and each["first"]
        values = rendering.values(each, organization)
        kept = mails.payload(campaign, version, each["id"], texts, values, other=other)
        if organization.from_address:
            kept["from"] = organization.from_address
        title = mails.title(mails.subject_of(campaign, texts, other=other), values)
        made = (each["id"], each["email"][:254], title[:250], each["lead"], json.dumps(kept))
        for column, value in zip(columns, made, strict=True):
            column.append(value)
    for variant, ids in told.items():
        await rows(VARIANTS, variant, ids)
    put = await rows(QUEUE, *columns, organization.id, campaign["id"], now, now, now)
    if len(put) < len(leaving):
        done = Counter(each["id"] for each in put)
        await rows(ALREADY, now, [each["id"] for each in leaving if not done[each["id"]]])
    await activity.changed(organization, "outbox")
    return len(leaving)
