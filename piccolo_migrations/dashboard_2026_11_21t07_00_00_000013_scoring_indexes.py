"""Scores: finding what changed since, and walking all leads of an organization. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000013"
VERSION = "1.38.0"
DESCRIPTION = "Scores: indexes"

STATEMENTS = """
CREATE INDEX IF NOT EXISTS lead_walk ON lead (organization, id) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_scored ON lead (organization, scored_at) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS activity_recent ON activity (created_at);
CREATE INDEX IF NOT EXISTS delivery_settled ON delivery (settled_at) WHERE settled_at IS NOT NULL AND lead IS NOT NULL;
CREATE INDEX IF NOT EXISTS delivery_clicked ON delivery (clicked_at) WHERE clicked_at IS NOT NULL AND lead IS NOT NULL;
CREATE INDEX IF NOT EXISTS consent_recent ON consent (created_at);
CREATE INDEX IF NOT EXISTS consent_withdrawn ON consent (withdrawn_at) WHERE withdrawn_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS suppression_recent ON suppression (created_at);
CREATE INDEX IF NOT EXISTS capture_of_lead ON capture (lead, submitted_at) WHERE submitted_at IS NOT NULL;
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
