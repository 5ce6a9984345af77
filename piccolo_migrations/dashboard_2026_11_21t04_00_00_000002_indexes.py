"""Uniqueness that makes things happen once, and the indexes of the pages. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T04:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "Keys and indexes"

STATEMENTS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE UNIQUE INDEX IF NOT EXISTS membership_once ON membership ("user", organization);
CREATE UNIQUE INDEX IF NOT EXISTS credential_once ON credential (organization, name);
CREATE UNIQUE INDEX IF NOT EXISTS channel_test_once ON channel_test (organization, channel);
CREATE INDEX IF NOT EXISTS app_session_expiry ON app_session (expires_at);
CREATE INDEX IF NOT EXISTS activity_subject ON activity (organization, subject_kind, subject_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS activity_batch ON activity (organization, (data ->> 'batch'))
    WHERE data ->> 'batch' IS NOT NULL;
CREATE INDEX IF NOT EXISTS note_subject ON note (organization, subject_kind, subject_id, created_at DESC);
CREATE UNIQUE INDEX IF NOT EXISTS lead_address ON lead (organization, email_normalized) WHERE email_normalized IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS payment_key ON payment (organization, provider, key);
CREATE INDEX IF NOT EXISTS payment_intent_reference ON payment (organization, payment_intent) WHERE payment_intent <> '';
CREATE INDEX IF NOT EXISTS payment_charge_reference ON payment (organization, charge) WHERE charge <> '';
CREATE INDEX IF NOT EXISTS payment_invoice_reference ON payment (organization, invoice) WHERE invoice <> '';
CREATE INDEX IF NOT EXISTS payment_session_reference ON payment (organization, session) WHERE session <> '';
CREATE INDEX IF NOT EXISTS payment_subscription_reference ON payment (organization, subscription) WHERE subscription <> '';
CREATE INDEX IF NOT EXISTS payment_time ON payment (organization, occurred_at DESC, id DESC);
CREATE UNIQUE INDEX IF NOT EXISTS form_slug ON form (organization, slug);
CREATE UNIQUE INDEX IF NOT EXISTS form_version_once ON form_version (form, number);
CREATE UNIQUE INDEX IF NOT EXISTS run_once ON run (job, period);
CREATE INDEX IF NOT EXISTS run_history ON run (job, started_at DESC);
CREATE INDEX IF NOT EXISTS saved_view_page ON saved_view (organization, page);
CREATE INDEX IF NOT EXISTS delivery_due ON delivery (kind, due_at, id) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS delivery_held ON delivery (created_at) WHERE state = 'held';
CREATE INDEX IF NOT EXISTS delivery_leases ON delivery (lease_until) WHERE state = 'sending';
CREATE INDEX IF NOT EXISTS delivery_list ON delivery (organization, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS delivery_state_list ON delivery (organization, state, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS delivery_subject ON delivery (organization, subject_kind, subject_id);
CREATE INDEX IF NOT EXISTS delivery_provider ON delivery (provider_id) WHERE provider_id <> '';
CREATE INDEX IF NOT EXISTS delivery_search ON delivery USING gin (lower(recipient || ' ' || title) gin_trgm_ops);
CREATE UNIQUE INDEX IF NOT EXISTS suppression_address ON suppression (organization, email_normalized);
CREATE UNIQUE INDEX IF NOT EXISTS orders_number ON orders (organization, number);
CREATE UNIQUE INDEX IF NOT EXISTS orders_session ON orders (organization, session) WHERE session IS NOT NULL;
CREATE INDEX IF NOT EXISTS orders_list ON orders (organization, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_status_list ON orders (organization, status, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_payment_list ON orders (organization, payment_status, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_assignee_list ON orders (organization, assignee, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_plan_list ON orders (organization, plan, placed_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_customer_list ON orders (organization, customer_name COLLATE "C", id);
CREATE INDEX IF NOT EXISTS orders_open ON orders (organization, placed_at DESC, id DESC)
    WHERE status NOT IN ('done', 'cancelled');
CREATE INDEX IF NOT EXISTS orders_lead_list ON orders (lead, placed_at DESC);
CREATE INDEX IF NOT EXISTS orders_intent ON orders (organization, payment_intent) WHERE payment_intent <> '';
CREATE INDEX IF NOT EXISTS orders_invoice ON orders (organization, invoice) WHERE invoice <> '';
CREATE INDEX IF NOT EXISTS orders_subscription ON orders (organization, subscription) WHERE subscription <> '';
CREATE INDEX IF NOT EXISTS orders_waiting_intake ON orders (intake_requested_at) WHERE status = 'intake_pending';
CREATE INDEX IF NOT EXISTS orders_due ON orders (organization, due_at) WHERE status IN ('intake_complete', 'in_progress');
CREATE INDEX IF NOT EXISTS orders_upsell ON orders (done_at) WHERE status = 'done' AND upsold_at IS NULL;
ALTER TABLE orders ADD COLUMN IF NOT EXISTS search text
    GENERATED ALWAYS AS (lower(customer_name || ' ' || customer_email || ' ' || plan_name)) STORED;
CREATE INDEX IF NOT EXISTS orders_search ON orders USING gin (search gin_trgm_ops);
CREATE INDEX IF NOT EXISTS deliverable_follow_up ON deliverable (delivered_at)
    WHERE is_report AND followed_up_at IS NULL AND delivered_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS inbound_event_due ON inbound_event (due_at, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS inbound_event_leases ON inbound_event (lease_until) WHERE state = 'processing';
CREATE INDEX IF NOT EXISTS inbound_event_list ON inbound_event (organization, received_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS inbound_event_state_list ON inbound_event (organization, state, received_at DESC, id DESC);
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
