"""Revenue: what the funnel reads of leads. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:15:02:000068"
VERSION = "1.38.0"
DESCRIPTION = "Revenue: an index of the funnel"

STATEMENTS = """
CREATE INDEX IF NOT EXISTS lead_arrived ON lead (organization, created_at DESC, id DESC) INCLUDE (source, stage, stage_at)
    WHERE deleted_at IS NULL;
DROP INDEX IF EXISTS lead_came;
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
