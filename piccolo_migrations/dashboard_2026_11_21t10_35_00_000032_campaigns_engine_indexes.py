"""Campaigns: what the engine looks for, and fewer indexes to write. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:35:00:000032"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: the engine's indexes"

# Mails of campaigns are looked for by campaign, all others by kind, so that neither waits behind the other. The last
# ones are the first columns of another index on the same table.
STATEMENTS = """
CREATE INDEX IF NOT EXISTS delivery_single_due ON delivery (kind, due_at, id) WHERE state = 'queued' AND NOT bulk;
CREATE INDEX IF NOT EXISTS delivery_bulk_due ON delivery (organization, subject_kind, subject_id, due_at, id)
    WHERE state = 'queued' AND bulk;
DROP INDEX IF EXISTS delivery_due;
CREATE INDEX IF NOT EXISTS mail_batch_at_work ON mail_batch (organization, subject_kind, subject_id)
    WHERE state IN ('sending', 'waiting', 'paused');
CREATE INDEX IF NOT EXISTS mail_batch_list ON mail_batch (organization, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS mail_batch_ended ON mail_batch (created_at) WHERE state IN ('done', 'dissolved');
CREATE INDEX IF NOT EXISTS campaign_send_released ON campaign_send (campaign, queued_at) WHERE queued_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS campaign_send_decided ON campaign_send (campaign, id)
    WHERE state IN ('failed', 'unknown', 'suppressed', 'stopped') AND delivery IS NOT NULL;
DROP INDEX IF EXISTS campaign_send_enrollment;
DROP INDEX IF EXISTS campaign_send_organization;
DROP INDEX IF EXISTS delivery_organization
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
