"""Revenue: the provider's books are kept once, and the ways into them. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:05:00:000026"
VERSION = "1.38.0"
DESCRIPTION = "Revenue: keys and indexes of the provider's books"

STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS balance_line_once ON balance_line (organization, key);
CREATE INDEX IF NOT EXISTS balance_line_source ON balance_line (organization, source) WHERE kind <> '';
CREATE INDEX IF NOT EXISTS balance_line_intent ON balance_line (organization, payment_intent) WHERE payment_intent <> '';
CREATE INDEX IF NOT EXISTS balance_line_charge ON balance_line (organization, charge) WHERE charge <> '';
CREATE INDEX IF NOT EXISTS balance_line_time ON balance_line (organization, occurred_at DESC, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS provider_reading_once ON provider_reading (organization, name);
CREATE INDEX IF NOT EXISTS payment_by_hand ON payment (organization, occurred_at DESC, id DESC) WHERE provider = 'manual';
CREATE INDEX IF NOT EXISTS activity_stages ON activity (organization, created_at)
    WHERE subject_kind = 'lead' AND (data -> 'to' ->> 'stage') IS NOT NULL;
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
