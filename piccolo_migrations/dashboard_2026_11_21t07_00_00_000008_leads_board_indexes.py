"""Leads: the lanes of the board, a person's mails, and whom Today shows. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000008"
VERSION = "1.38.0"
DESCRIPTION = "Leads: indexes of the board"

# On a large table built beforehand with CREATE INDEX CONCURRENTLY, each is found and left alone.
STATEMENTS = """
CREATE INDEX IF NOT EXISTS lead_board
    ON lead (organization, stage, coalesce(stage_at, created_at) DESC, id DESC) INCLUDE (value, currency) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_hot ON lead (organization, score DESC, id DESC)
    WHERE owner IS NULL AND score >= 80 AND won_at IS NULL AND lost_at IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS delivery_of_lead ON delivery (lead, created_at DESC, id DESC) WHERE lead IS NOT NULL;
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split(";\n"):
            if statement.strip():
                await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
