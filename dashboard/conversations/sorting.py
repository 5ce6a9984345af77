"""Keeping the inbox tidy: read and unread, archived, given to somebody. One conversation or all behind a filter."""

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from piccolo.querystring import QueryString

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.conversations import listing
from dashboard.database import rows, transaction

# In the order of their ids, so that two of these never wait for each other.
CHANGE = """
    WITH before AS (SELECT id, {column} AS was FROM conversation WHERE organization = {{}} AND id = ANY({{}})
                    AND {column} IS DISTINCT FROM {{}}::{kind} ORDER BY id FOR UPDATE)
    UPDATE conversation c SET {column} = {{}} FROM before WHERE c.id = before.id
    RETURNING c.id, to_jsonb(before.was) AS was, to_jsonb(c.{column}) AS became"""
# Archiving twice is archiving once, whenever it was.
ARCHIVE = """
    UPDATE conversation SET archived_at = {} WHERE organization = {} AND id = ANY({}) AND archived_at IS NULL
    RETURNING id, NULL AS was, to_jsonb(archived_at) AS became"""
ASSIGN, UNREAD, BACK = (
    CHANGE.format(column=column, kind=kind)
    for column, kind in (("assignee", "bigint"), ("unread", "boolean"), ("archived_at", "timestamptz"))
)
TAKE_BACK = """
    WITH batch AS (SELECT subject_id, data FROM activity
                   WHERE organization = {} AND subject_kind = 'conversation' AND data ->> 'batch' = {}),
         same AS (SELECT c.id, b.data FROM conversation c JOIN batch b ON b.subject_id = c.id
                  WHERE c.organization = {} AND to_jsonb(c) -> (b.data ->> 'column') = b.data -> 'to'
                  ORDER BY c.id FOR UPDATE OF c)
    UPDATE conversation c SET
        archived_at = CASE WHEN s.data ->> 'column' = 'archived_at' THEN (s.data ->> 'from')::timestamptz
                           ELSE c.archived_at END,
        assignee = CASE WHEN s.data ->> 'column' = 'assignee' THEN (s.data ->> 'from')::bigint ELSE c.assignee END
    FROM same s WHERE c.id = s.id RETURNING c.id"""

# Whoever waits and lost the suggestion while it was archived gets another one.
DRAFT = """
    UPDATE conversation c SET drafted_until = NULL, draft_attempts = 0
    WHERE c.id = ANY({}) AND c.needs_reply AND c.archived_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM suggestion s WHERE s.conversation = c.id AND s.state IN ('waiting', 'queued'))"""


class Sorted(NamedTuple):
    """How many changed, and the name under which to take it back."""

    changed: int
    batch: str


async def archive(organization: Organization, meant: QueryString, by: Visitor, now: datetime) -> Sorted:
    """Out of the inbox, until the person writes again."""
    so_far = Sorted(0, secrets.token_urlsafe(12))
    async for ids in listing.batches(organization, meant):
        async with transaction():
            done = await rows(ARCHIVE, now, organization.id, ids)
            await _record(organization, done, "archived_at", "archived", "Archived", so_far.batch, by)
        so_far = so_far._replace(changed=so_far.changed + len(done))
    return so_far


async def bring_back(organization: Organization, meant: QueryString, by: Visitor) -> Sorted:
    """Into the inbox again."""
    return await _change(organization, meant, BACK, "archived_at", None, "unarchived", "Back in the inbox", by)


async def assign(organization: Organization, meant: QueryString, person: User | None, by: Visitor) -> Sorted:
    """Give them to somebody of the team, or to nobody."""
    to, title = (person.id, f"Assigned to {person.name or person.email}") if person else (None, "Assigned to nobody")
    return await _change(organization, meant, ASSIGN, "assignee", to, "assigned", title, by)


async def mark(organization: Organization, meant: QueryString, *, unread: bool) -> int:
    """Read or unread, for the whole team; how many changed. It leaves no line on their timelines."""
    changed = 0
    async for ids in listing.batches(organization, meant):
        async with transaction():
            done = await rows(UNREAD, organization.id, ids, unread, unread)
            if done:
                await activity.changed(organization, "conversations")
        changed += len(done)
    return changed


async def take_back(organization: Organization, batch: str, by: Visitor) -> int:
    """Undo one of these, but where a conversation has changed since. How many."""
    async with transaction():
        back = await rows(TAKE_BACK, organization.id, batch, organization.id)
        lines: list[tuple[int, dict[str, Any]]] = [(each["id"], {}) for each in back]
        await activity.record_all(organization, "conversation", lines, "undone", "Taken back", by=by)
        await rows(DRAFT, [each["id"] for each in back])
        if back:
            await activity.changed(organization, "conversations")
    return len(back)


def only(id: int) -> QueryString:
    """The condition for one conversation, for what is usually done to many."""
    return QueryString("c.id = {}", id)


async def _change(
    organization: Organization, meant: QueryString, sql: str, column: str, to: Any, verb: str, title: str, by: Visitor
) -> Sorted:
    so_far = Sorted(0, secrets.token_urlsafe(12))
    async for ids in listing.batches(organization, meant):
        async with transaction():
            done = await rows(sql, organization.id, ids, to, to)
            await _record(organization, done, column, verb, title, so_far.batch, by)
            if sql is BACK:
                await rows(DRAFT, [each["id"] for each in done])
        so_far = so_far._replace(changed=so_far.changed + len(done))
    return so_far


async def _record(
    organization: Organization, done: list[dict[str, Any]], column: str, verb: str, title: str, batch: str, by: Visitor
) -> None:
    lines = [
        (each["id"], {"batch": batch, "column": column, "from": each["was"], "to": each["became"]}) for each in done
    ]
    await activity.record_all(organization, "conversation", lines, verb, title, by=by)
    if done:
        await activity.changed(organization, "conversations")
