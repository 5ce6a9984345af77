"""Campaigns: what Today asks for. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T12:35:00:000050"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: those that wait for a person"

STATEMENTS = """
CREATE INDEX IF NOT EXISTS campaign_paused ON campaign (organization, id DESC) WHERE state = 'paused';
CREATE INDEX IF NOT EXISTS campaign_not_begun ON campaign (organization, id DESC)
    WHERE state = 'draft' AND why <> '' AND deleted_at IS NULL;
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
