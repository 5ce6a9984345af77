"""Campaigns: what happens once, and the indexes of the ledger. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T09:00:00:000020"
VERSION = "1.38.0"
DESCRIPTION = "Campaigns: keys and indexes"

STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS mail_template_version_once ON mail_template_version (template, number);
CREATE INDEX IF NOT EXISTS campaign_list ON campaign (organization, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS campaign_at_work ON campaign (id) WHERE state IN ('scheduled', 'running');
CREATE UNIQUE INDEX IF NOT EXISTS campaign_step_once ON campaign_step (campaign, position);
CREATE UNIQUE INDEX IF NOT EXISTS enrollment_once ON enrollment (campaign, lead);
CREATE INDEX IF NOT EXISTS enrollment_active ON enrollment (campaign, id) WHERE state = 'active';
CREATE UNIQUE INDEX IF NOT EXISTS campaign_send_once ON campaign_send (enrollment, step);
CREATE INDEX IF NOT EXISTS campaign_send_due ON campaign_send (campaign, due_at, id) WHERE state IN ('waiting', 'due');
CREATE INDEX IF NOT EXISTS campaign_send_away ON campaign_send (campaign, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS campaign_send_list ON campaign_send (organization, campaign, id DESC);
CREATE INDEX IF NOT EXISTS campaign_send_state_list ON campaign_send (organization, campaign, state, id DESC);
CREATE INDEX IF NOT EXISTS campaign_send_delivery ON campaign_send (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX IF NOT EXISTS campaign_send_lead ON campaign_send (lead, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS campaign_link_once ON campaign_link (campaign, md5(url));
CREATE INDEX IF NOT EXISTS campaign_click_lead ON campaign_click (lead, clicked_at DESC);
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
