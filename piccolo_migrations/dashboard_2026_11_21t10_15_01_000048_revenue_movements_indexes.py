"""Revenue: movements of subscriptions by day, and the indexes the page needs at a million payments. Every statement may
run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:15:01:000048"
VERSION = "1.38.0"
DESCRIPTION = "Revenue: movements by day, indexes"

# Statements stand apart by an empty line.
STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS revenue_movement_once ON revenue_movement (organization, day, currency, kind)

CREATE INDEX IF NOT EXISTS orders_lead_money ON orders (organization, lead, confirmed_at) INCLUDE (status, done_at)
    WHERE confirmed_at IS NOT NULL

CREATE INDEX IF NOT EXISTS lead_came ON lead (organization, created_at DESC, id DESC) INCLUDE (source, stage)
    WHERE deleted_at IS NULL

CREATE OR REPLACE FUNCTION revenue_reports() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_movement_stale (organization, created_at)
        SELECT DISTINCT o.id, now() FROM lines l JOIN public.organization o ON o.id = l.organization;
    RETURN NULL; END $$

CREATE OR REPLACE TRIGGER revenue_added AFTER INSERT ON subscription_report
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_reports()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON subscription_report
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_reports()

CREATE OR REPLACE TRIGGER revenue_removed AFTER DELETE ON subscription_report
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_reports()

CREATE OR REPLACE FUNCTION revenue_zone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('revenue:' || new.id, 0));
    DELETE FROM public.revenue_day WHERE organization = new.id;
    INSERT INTO public.revenue_stale (organization, day, created_at)
        SELECT DISTINCT new.id, (occurred_at AT TIME ZONE 'UTC')::date, now()
        FROM public.payment WHERE organization = new.id;
    INSERT INTO public.revenue_movement_stale (organization, created_at) VALUES (new.id, now());
    RETURN NULL; END $$

INSERT INTO revenue_movement_stale (organization, created_at)
    SELECT DISTINCT organization, now() FROM subscription_report
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
