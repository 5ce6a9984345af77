"""Blocked addresses: the order of their page. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:45:01:000054"
VERSION = "1.38.0"
DESCRIPTION = "Blocked addresses: the index of their list"

STATEMENT = "CREATE INDEX IF NOT EXISTS suppression_list ON suppression (organization, created_at DESC, id DESC)"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        await engine_finder()._run_in_new_connection(STATEMENT)

    manager.add_raw(run)
    return manager
