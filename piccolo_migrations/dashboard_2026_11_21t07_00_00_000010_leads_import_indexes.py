"""Leads: the lines of a batch in their order and by their key. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000010"
VERSION = "1.38.0"
DESCRIPTION = "Leads: indexes of imports"

# On a large table built beforehand with CREATE INDEX CONCURRENTLY, each is found and left alone.
STATEMENTS = """
CREATE INDEX IF NOT EXISTS lead_batch_line_order ON lead_batch_line (batch, id);
CREATE INDEX IF NOT EXISTS lead_batch_line_key ON lead_batch_line (batch, key) WHERE key <> '';
CREATE INDEX IF NOT EXISTS lead_import_recent ON lead_import (organization, id DESC);
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
