"""Campaigns: who stopped, and why, is found without looking at everybody. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T13:25:00:000064"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: those who stopped, by reason"

STATEMENT = """
CREATE INDEX IF NOT EXISTS enrollment_stopped ON enrollment (campaign, reason, id) WHERE state = 'stopped'
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        await engine_finder()._run_in_new_connection(STATEMENT)

    manager.add_raw(run)
    return manager
