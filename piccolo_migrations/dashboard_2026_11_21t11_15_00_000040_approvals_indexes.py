"""Approvals: what happens once, and what is due. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T11:15:00:000040"
VERSION = "1.38.0"
DESCRIPTION = "Approvals: keys and indexes"

# Statements stand apart by an empty line.
STATEMENTS = r"""
CREATE INDEX IF NOT EXISTS conversation_undrafted ON conversation (last_inbound_at, id)
    WHERE needs_reply AND archived_at IS NULL AND (drafted_until IS NULL OR drafted_until < last_inbound_at)

CREATE UNIQUE INDEX IF NOT EXISTS approval_presence_once ON approval_presence (suggestion, "user")

CREATE UNIQUE INDEX IF NOT EXISTS approval_rule_name ON approval_rule (organization, name)

CREATE UNIQUE INDEX IF NOT EXISTS approval_rule_day_once ON approval_rule_day (rule, day)

CREATE UNIQUE INDEX IF NOT EXISTS approval_settings_once ON approval_settings (organization)

CREATE UNIQUE INDEX IF NOT EXISTS telegram_approver_once ON telegram_approver (organization, telegram_id)

CREATE INDEX IF NOT EXISTS suggestion_conversation_waiting ON suggestion (conversation)
    WHERE state IN ('waiting', 'queued')
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
