"""Finding the leads that look like the same person, in the background, a hundred at a time."""

import json
import time
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.leads import merging
from dashboard.leads.duplicates import FIND, in_order, judge

LEAST = 40  # weaker than that is shown beside one lead, but not worth a list
MOST_OF_ONE = 3  # so many likely ones of one lead; where more bear a name, the name tells nothing
CHUNK = 100
AT_ONCE = 8 * 60  # seconds of one run; the next one goes on where it came to
OVERLAP = timedelta(minutes=10)  # a transaction that was under way may show its rows late

GIVEN = """
    WITH given AS (SELECT id, organization, coalesce(email_normalized, '') AS email, phone_normalized AS phone, name,
                          company
                   FROM lead WHERE organization = {} AND id = ANY({}) AND deleted_at IS NULL AND erased_at IS NULL)"""
KEEP = """
    INSERT INTO lead_pair (organization, low, high, strength, why, created_at)
    SELECT {}, w.low, w.high, w.strength, w.why, now()
    FROM unnest({}::bigint[], {}::bigint[], {}::int[], {}::text[]) AS w (low, high, strength, why)
    WHERE NOT EXISTS (SELECT FROM lead_distinct d WHERE d.low = w.low AND d.high = w.high)
    ON CONFLICT (low, high) DO UPDATE SET strength = excluded.strength, why = excluded.why"""
FORGET = "DELETE FROM lead_pair WHERE low = ANY({}) OR high = ANY({})"
FORGET_GONE = """
    DELETE FROM lead_pair p USING lead l WHERE l.id IN (p.low, p.high) AND l.deleted_at IS NOT NULL RETURNING p.id"""
NEW = "SELECT id FROM lead WHERE organization = {} AND id > {} AND deleted_at IS NULL ORDER BY id LIMIT {}"
CHANGED = """
    SELECT DISTINCT l.id FROM activity a JOIN lead l ON l.id = a.subject_id
    WHERE a.created_at > {} AND a.organization = {} AND a.subject_kind = 'lead' AND a.verb <> 'scored'
      AND l.deleted_at IS NULL AND l.id <= {} ORDER BY l.id LIMIT 10000"""
REMEMBER = "INSERT INTO setting (name, value) VALUES ({}, {}) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


async def find(now: datetime) -> dict[str, int]:
    """Compare every new lead, and every one something happened to, with all others. What reached a lead while it was
    merged follows it."""
    until = time.monotonic() + AT_ONCE
    gone = await rows(FORGET_GONE)
    counts = {"compared": 0, "pairs": 0, "forgotten": len(gone), "moved": await merging.gather()}
    for each in await Organization.select(Organization.id).order_by(Organization.id):
        organization, name = each["id"], f"duplicates:{each['id']}"
        found = await row("SELECT value FROM setting WHERE name = {}", name)
        come: dict[str, Any] = json.loads(found["value"]) if found else {"lead": 0, "at": now.isoformat()}
        since = datetime.fromisoformat(come["at"]) - OVERLAP
        changed = [line["id"] for line in await rows(CHANGED, since, organization, come["lead"])]
        for start in range(0, len(changed), CHUNK):
            counts["pairs"] += await look(organization, changed[start : start + CHUNK])
        counts["compared"] += len(changed)
        come["at"] = now.isoformat()
        while time.monotonic() < until:
            new = [line["id"] for line in await rows(NEW, organization, come["lead"], CHUNK)]
            counts["pairs"] += await look(organization, new) if new else 0
            counts["compared"] += len(new)
            come["lead"] = new[-1] if new else come["lead"]
            await rows(REMEMBER, name, json.dumps(come))
            if len(new) < CHUNK:
                break
    return counts


async def look(organization: int, leads: list[int]) -> int:
    """Find the pairs of these leads anew, CHUNK at a time; how many there are."""
    pairs: dict[tuple[int, int], dict[str, Any]] = {}
    by_lead: dict[int, list[dict[str, Any]]] = {}
    for found in await rows(GIVEN + FIND, organization, leads):
        if (judged := judge(found)) and judged["strength"] >= LEAST:
            by_lead.setdefault(found["given"], []).append(judged)
    for given, alike in by_lead.items():
        strong = [each for each in alike if each["strength"] > LEAST]
        weak = [each for each in alike if each["strength"] <= LEAST]
        for each in [*in_order(strong)[:MOST_OF_ONE], *(weak if len(weak) <= 2 else [])]:
            low, high = sorted((given, each["id"]))
            pairs[low, high] = each
    async with transaction():
        await rows(FORGET, leads, leads)
        low, high = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        strengths, reasons = [e["strength"] for e in pairs.values()], [e["why"] for e in pairs.values()]
        await rows(KEEP, organization, low, high, strengths, reasons)
    return len(pairs)
