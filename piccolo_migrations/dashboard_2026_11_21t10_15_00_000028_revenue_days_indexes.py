"""Revenue by day: its key, and the triggers that say which days have to be made anew. Every statement may run twice.

A mark is a day in UTC, so that no trigger has to know a time zone. Marks are never shared: of two transactions that
change the same day the later one leaves its own mark, whatever happened to the earlier one's in between."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:15:00:000028"
VERSION = "1.38.0"
DESCRIPTION = "Revenue by day: key and triggers"

# Statements stand apart by an empty line. Rows that go with their organization leave no mark: it is gone already.
STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS revenue_day_once ON revenue_day (organization, dimension, day, currency, value)

CREATE UNIQUE INDEX IF NOT EXISTS revenue_summary_once ON revenue_summary (organization, "user")

CREATE UNIQUE INDEX IF NOT EXISTS revenue_export_once ON revenue_export (organization)

CREATE UNIQUE INDEX IF NOT EXISTS revenue_file_once ON revenue_file (organization, first, last)

CREATE OR REPLACE FUNCTION revenue_stale(lines bigint[], also timestamptz[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.revenue_stale (organization, day, created_at)
    SELECT DISTINCT o.id, (p.occurred_at AT TIME ZONE 'UTC')::date, now()
    FROM (SELECT organization, occurred_at FROM public.payment WHERE id = ANY(lines)
          UNION ALL SELECT p.organization, a.at FROM public.payment p, unnest(also) a(at) WHERE p.id = ANY(lines)) p
    JOIN public.organization o ON o.id = p.organization $$

CREATE OR REPLACE FUNCTION revenue_lines_of_orders(orders bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(payment), '{}') FROM public.order_payment WHERE "order" = ANY(orders) $$

CREATE OR REPLACE FUNCTION revenue_lines_of_leads(leads bigint[]) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(id), '{}') FROM (
        SELECT id FROM public.payment WHERE lead = ANY(leads)
        UNION SELECT op.payment FROM public.orders o JOIN public.order_payment op ON op."order" = o.id
        WHERE o.lead = ANY(leads)) found $$

CREATE OR REPLACE FUNCTION revenue_payments() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_stale (organization, day, created_at)
        SELECT DISTINCT o.id, (l.occurred_at AT TIME ZONE 'UTC')::date, now()
        FROM lines l JOIN public.organization o ON o.id = l.organization WHERE l.kind <> 'failure';
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_payment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(array_append(public.revenue_lines_of_orders(
        ARRAY(SELECT "order" FROM public.order_payment WHERE payment = new.id)), new.id), ARRAY[old.occurred_at]);
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_order_payments() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_orders(ARRAY(SELECT DISTINCT "order" FROM lines))
        || ARRAY(SELECT payment FROM lines), '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_order_payment() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_orders(ARRAY[old."order", new."order"])
        || ARRAY[old.payment, new.payment], '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_orders(ARRAY[new.id]), '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_lead() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_leads(ARRAY[new.id]), '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_clicks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_leads(ARRAY(SELECT DISTINCT lead FROM lines)), '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_click() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM public.revenue_stale(public.revenue_lines_of_leads(ARRAY[old.lead, new.lead]), '{}');
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_zone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('revenue:' || new.id, 0));
    DELETE FROM public.revenue_day WHERE organization = new.id;
    INSERT INTO public.revenue_stale (organization, day, created_at)
        SELECT DISTINCT new.id, (occurred_at AT TIME ZONE 'UTC')::date, now()
        FROM public.payment WHERE organization = new.id;
    RETURN NULL; END $$

CREATE OR REPLACE TRIGGER revenue_added AFTER INSERT ON payment
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_payments()

CREATE OR REPLACE TRIGGER revenue_removed AFTER DELETE ON payment
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_payments()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON payment FOR EACH ROW
    WHEN ((old.kind, old.amount, old.currency, old.occurred_at, old.fee, old.fee_currency, old.lead) IS DISTINCT FROM
          (new.kind, new.amount, new.currency, new.occurred_at, new.fee, new.fee_currency, new.lead))
    EXECUTE FUNCTION revenue_payment()

CREATE OR REPLACE TRIGGER revenue_added AFTER INSERT ON order_payment
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_order_payments()

CREATE OR REPLACE TRIGGER revenue_removed AFTER DELETE ON order_payment
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_order_payments()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON order_payment FOR EACH ROW
    WHEN ((old."order", old.payment) IS DISTINCT FROM (new."order", new.payment))
    EXECUTE FUNCTION revenue_order_payment()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON orders FOR EACH ROW
    WHEN ((old.lead, old.plan, old.tier, old.assignee, old.placed_at) IS DISTINCT FROM
          (new.lead, new.plan, new.tier, new.assignee, new.placed_at))
    EXECUTE FUNCTION revenue_order()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE OF source ON lead FOR EACH ROW
    WHEN (old.source IS DISTINCT FROM new.source) EXECUTE FUNCTION revenue_lead()

CREATE OR REPLACE TRIGGER revenue_added AFTER INSERT ON campaign_click
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_clicks()

CREATE OR REPLACE TRIGGER revenue_removed AFTER DELETE ON campaign_click
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_clicks()

CREATE OR REPLACE TRIGGER revenue_changed AFTER UPDATE ON campaign_click FOR EACH ROW
    WHEN ((old.lead, old.send, old.clicked_at) IS DISTINCT FROM (new.lead, new.send, new.clicked_at))
    EXECUTE FUNCTION revenue_click()

CREATE OR REPLACE TRIGGER revenue_zone AFTER UPDATE OF time_zone ON organization FOR EACH ROW
    WHEN (old.time_zone IS DISTINCT FROM new.time_zone) EXECUTE FUNCTION revenue_zone()

INSERT INTO revenue_stale (organization, day, created_at)
    SELECT DISTINCT organization, (occurred_at AT TIME ZONE 'UTC')::date, now() FROM payment
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
