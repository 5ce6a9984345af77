"""Leads that look like the same person, on the page of duplicates until somebody decides."""

from datetime import datetime
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.errors import NotFound
from dashboard.leads.pairing import look
from dashboard.leads.parting import UNDO

SHOWN = 50

LISTED = """
    SELECT p.id, p.low, p.high, p.strength, p.why,
           coalesce(nullif(a.name, ''), nullif(a.company, ''), nullif(a.email, ''), 'No name') AS low_who,
           coalesce(nullif(b.name, ''), nullif(b.company, ''), nullif(b.email, ''), 'No name') AS high_who,
           a.email AS low_email, b.email AS high_email, a.company AS low_company, b.company AS high_company
    FROM lead_pair p JOIN lead a ON a.id = p.low JOIN lead b ON b.id = p.high
    WHERE p.organization = {} AND a.deleted_at IS NULL AND b.deleted_at IS NULL
    ORDER BY p.strength DESC, p.id DESC LIMIT {}"""
COUNT = """
    SELECT count(*) AS n FROM (SELECT FROM lead_pair p JOIN lead a ON a.id = p.low JOIN lead b ON b.id = p.high
                               WHERE p.organization = {} AND a.deleted_at IS NULL AND b.deleted_at IS NULL
                               LIMIT 1001) f"""
MERGED = """
    SELECT m.id, m.winner, m.created_at, u.name AS by_name,
           coalesce(nullif(w.name, ''), nullif(w.company, ''), nullif(w.email, ''), 'No name') AS winner_who,
           coalesce(nullif(l.name, ''), nullif(l.company, ''), nullif(l.email, ''), 'No name') AS loser_who
    FROM lead_merge m JOIN lead w ON w.id = m.winner JOIN lead l ON l.id = m.loser LEFT JOIN app_user u ON u.id = m.by
    WHERE m.organization = {} AND m.undone_at IS NULL AND m.created_at > {} AND w.erased_at IS NULL
      AND l.merged_into = m.winner
    ORDER BY m.id DESC LIMIT 20"""
APART = """
    INSERT INTO lead_distinct (organization, low, high, "by", created_at)
    SELECT {}, a.id, b.id, {}, now() FROM lead a JOIN lead b ON b.organization = a.organization
    WHERE a.organization = {} AND a.id = {} AND b.id = {} AND a.deleted_at IS NULL AND b.deleted_at IS NULL
    ON CONFLICT (low, high) DO UPDATE SET low = excluded.low RETURNING id"""
MAYBE = "DELETE FROM lead_distinct WHERE organization = {} AND low = {} AND high = {} RETURNING id"


async def listed(organization: Organization) -> tuple[list[dict[str, Any]], int]:
    """The likeliest pairs, and how many there are, up to 1,001."""
    counted = await row(COUNT, organization.id)
    return await rows(LISTED, organization.id, SHOWN), counted["n"] if counted else 0


async def merged_lately(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Merges that can still be undone, the newest first."""
    return await rows(MERGED, organization.id, now - UNDO)


async def tell_apart(organization: Organization, one: int, other: int, by: Visitor) -> None:
    """Somebody says they are not the same person; they are not proposed again. Repeating it changes nothing."""
    low, high = sorted((one, other))
    async with transaction():
        if one == other or not await rows(APART, organization.id, by.id, organization.id, low, high):
            raise NotFound("One of these leads is not there any more.")
        await rows("DELETE FROM lead_pair WHERE low = {} AND high = {}", low, high)
        await activity.changed(organization, "leads")


async def take_back(organization: Organization, one: int, other: int) -> None:
    """They may be the same after all, and are proposed again."""
    low, high = sorted((one, other))
    if await rows(MAYBE, organization.id, low, high):
        await look(organization.id, [low])
        await activity.changed(organization, "leads")
