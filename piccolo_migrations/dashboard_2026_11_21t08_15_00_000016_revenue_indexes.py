"""Revenue: what is booked once, and the indexes of its figures. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T08:15:00:000016"
VERSION = "1.38.0"
DESCRIPTION = "Revenue: keys and indexes"

STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS subscription_report_once ON subscription_report (organization, key);
CREATE INDEX IF NOT EXISTS subscription_report_history ON subscription_report (organization, subscription, occurred_at, rank, id);
CREATE UNIQUE INDEX IF NOT EXISTS cost_once ON cost (organization, key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS cost_day ON cost (organization, spent_on DESC, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS reconciliation_once ON reconciliation (organization, day, currency);
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
