"""Leads: those that were deleted and can come back. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T13:00:00:000059"
VERSION = "1.38.0"
DESCRIPTION = "Leads: those that were deleted"

STATEMENTS = """
CREATE INDEX IF NOT EXISTS lead_deleted ON lead (organization, deleted_at DESC, id DESC)
    WHERE deleted_at IS NOT NULL AND merged_into IS NULL AND erased_at IS NULL;
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
