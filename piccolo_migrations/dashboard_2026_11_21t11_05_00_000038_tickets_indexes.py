"""Tickets: what is due next, kept by the database, and indexes. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T11:05:00:000038"
VERSION = "1.38.0"
DESCRIPTION = "Tickets: due times and indexes"

# Statements stand apart by an empty line.
STATEMENTS = r"""
ALTER TABLE ticket ADD COLUMN IF NOT EXISTS due_at timestamptz GENERATED ALWAYS AS (
    CASE WHEN status <> 'open' THEN TIMESTAMPTZ '2999-01-01 00:00:00+00'
         WHEN first_replied_at IS NULL THEN coalesce(first_reply_due_at, TIMESTAMPTZ '2999-01-01 00:00:00+00')
         ELSE coalesce(solve_due_at, TIMESTAMPTZ '2999-01-01 00:00:00+00') END) STORED

ALTER TABLE ticket ADD COLUMN IF NOT EXISTS search text GENERATED ALWAYS AS (
    lower(number::text || ' ' || subject)) STORED

CREATE INDEX IF NOT EXISTS ticket_due ON ticket (organization, due_at, id)

CREATE INDEX IF NOT EXISTS ticket_search ON ticket USING gin (search gin_trgm_ops)

CREATE INDEX IF NOT EXISTS ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL

CREATE INDEX IF NOT EXISTS ticket_solved ON ticket (organization, solved_at DESC, id DESC) WHERE solved_at IS NOT NULL

CREATE INDEX IF NOT EXISTS ticket_order ON ticket (organization, order_id) WHERE order_id IS NOT NULL

CREATE UNIQUE INDEX IF NOT EXISTS ticket_promise_once ON ticket_promise (organization, priority)

CREATE UNIQUE INDEX IF NOT EXISTS holiday_once ON holiday (organization, day)

CREATE UNIQUE INDEX IF NOT EXISTS canned_reply_once ON canned_reply (organization, lower(title))
    WHERE archived_at IS NULL

CREATE UNIQUE INDEX IF NOT EXISTS ticket_presence_once ON ticket_presence (ticket, "user")

CREATE INDEX IF NOT EXISTS conversation_search
    ON conversation USING gin (lower(name || ' ' || email) gin_trgm_ops)

CREATE INDEX IF NOT EXISTS conversation_reply_address ON conversation (organization, channel, email)
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
