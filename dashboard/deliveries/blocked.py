"""The addresses an organization does not write to, for staff: looking them up, blocking one by hand, letting one go."""

from datetime import datetime
from typing import Any

from dashboard import lists
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries.suppressed import HIDDEN, WORDS, hidden_name
from dashboard.lists import Choice, Choices, Filters, Page, Search, Sort

BY_HAND = "by_hand"
REASONS = WORDS | {BY_HAND: "Blocked by hand"}
BLOCKED = lists.List(
    page="suppressed",
    fields=(
        Search("q", "Search", "s.email_normalized LIKE {}"),
        Choices("reason", "Reason", "s.reason = ANY({})", tuple(Choice(*each) for each in REASONS.items())),
    ),
    sorts={"created": Sort("s.created_at", "created_at", "time")},
    id_column="s.id",
)
PAGE = """
    SELECT s.id, s.email_normalized AS email, s.reason, s.detail, s.created_at, l.id AS lead
    FROM suppression s LEFT JOIN lead l ON l.organization = s.organization AND l.email_normalized = s.email_normalized
    AND l.deleted_at IS NULL WHERE s.organization = {} AND {} ORDER BY {} LIMIT {}"""
BLOCK = """
    INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, {}, {}, {}, {})
    ON CONFLICT (organization, email_normalized) DO NOTHING RETURNING id"""
KNOWN = "SELECT 1 AS one FROM suppression WHERE organization = {} AND email_normalized = {}"
RELEASE = "DELETE FROM suppression WHERE organization = {} AND id = {} RETURNING email_normalized"
LEAD = "SELECT id FROM lead WHERE organization = {} AND email_normalized = {} AND deleted_at IS NULL"


async def find(organization: Organization, filters: Filters) -> Page:
    """One page, newest first. Of somebody who was forgotten only a hash is kept, and nothing is shown."""
    found = await rows(PAGE, organization.id, filters.page_where, filters.order_by, filters.of.size + 1)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find(organization, filters.first_page())
    return filters.page([_shown(each) for each in found])


async def block(organization: Organization, email: str, by: Visitor, now: datetime) -> bool:
    """Never write to this normalised address again; False when it was blocked already."""
    async with transaction():
        if await row(KNOWN, organization.id, hidden_name(organization.id, email)):
            return False
        new = await row(BLOCK, organization.id, email, BY_HAND, f"By {by.name}", now)
        if new:
            await _note(organization, email, "blocked", "blocked their address", by)
    return new is not None


async def release(organization: Organization, id: int, by: Visitor) -> str:
    """Let an address get mail again; the address, empty when it was let go already."""
    async with transaction():
        gone = await row(RELEASE, organization.id, id)
        email = gone["email_normalized"] if gone else ""
        if email:
            await _note(organization, email, "unblocked", "let their address get mail again", by)
    return email


async def _note(organization: Organization, email: str, verb: str, title: str, by: Visitor) -> None:
    """On the timeline of the person, where there is one; else on the organization's."""
    lead = await row(LEAD, organization.id, email)
    kind, id = ("lead", lead["id"]) if lead else ("organization", organization.id)
    await activity.record(organization, kind, id, verb, title if lead else f"{title}: {email}", by=by)


def _shown(line: dict[str, Any]) -> dict[str, Any]:
    hidden = line["email"].startswith(HIDDEN)
    return line | {
        "email": "Somebody who was forgotten" if hidden else line["email"], "hidden": hidden,
        "why": REASONS.get(line["reason"], "Blocked by hand"),
    }  # fmt: skip
