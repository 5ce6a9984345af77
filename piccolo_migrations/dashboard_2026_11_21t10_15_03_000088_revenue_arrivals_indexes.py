"""Revenue, leads by day: the key, and the triggers that say what has to be made anew. Every statement may run twice.

Like the marks of revenue_stale these are never shared. What happens to a lead's orders or on its timeline marks the lead
and not its day: when that day changes at the same moment, the mark still means the right one. Where most rows say nothing
of a step (orders not paid, the timeline) the trigger stands on the row, and such a row costs nothing."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:15:03:000088"
VERSION = "1.38.0"
DESCRIPTION = "Revenue: leads by day, key and triggers"

# Statements stand apart by an empty line. Rows that go with their organization leave no mark: it is gone already.
STATEMENTS = """
CREATE UNIQUE INDEX IF NOT EXISTS revenue_arrival_once ON revenue_arrival (organization, day, source)

CREATE OR REPLACE FUNCTION revenue_arrivals() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_arrival_stale (organization, day, created_at)
        SELECT DISTINCT o.id, (l.created_at AT TIME ZONE 'UTC')::date, now()
        FROM lines l JOIN public.organization o ON o.id = l.organization;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_arrival() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_arrival_stale (organization, day, created_at)
        SELECT DISTINCT new.organization, (came AT TIME ZONE 'UTC')::date, now()
        FROM unnest(ARRAY[old.created_at, new.created_at]) came;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_arrival_order() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_arrival_stale (organization, lead, created_at)
        SELECT DISTINCT o.id, lead, now() FROM public.organization o, unnest(ARRAY[old.lead, new.lead]) lead
        WHERE o.id = coalesce(new.organization, old.organization) AND lead IS NOT NULL;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_arrival_move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_arrival_stale (organization, lead, created_at)
        SELECT DISTINCT o.id, lead, now() FROM public.organization o, unnest(ARRAY[old.subject_id, new.subject_id]) lead
        WHERE o.id = coalesce(new.organization, old.organization) AND lead IS NOT NULL;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_arrival_stages() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.revenue_arrival_stale (organization, created_at)
        SELECT DISTINCT o.id, now() FROM lines l JOIN public.organization o ON o.id = l.organization;
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION revenue_arrival_zone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('revenue:' || new.id, 0));
    DELETE FROM public.revenue_arrival WHERE organization = new.id;
    INSERT INTO public.revenue_arrival_stale (organization, created_at) VALUES (new.id, now());
    RETURN NULL; END $$

CREATE OR REPLACE TRIGGER revenue_arrival_added AFTER INSERT ON lead
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_arrivals()

CREATE OR REPLACE TRIGGER revenue_arrival_removed AFTER DELETE ON lead
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_arrivals()

CREATE OR REPLACE TRIGGER revenue_arrival_changed AFTER UPDATE OF created_at, source, stage, stage_at, deleted_at ON lead
    FOR EACH ROW WHEN ((old.created_at, old.source, old.stage, old.stage_at, old.deleted_at) IS DISTINCT FROM
                       (new.created_at, new.source, new.stage, new.stage_at, new.deleted_at))
    EXECUTE FUNCTION revenue_arrival()

CREATE OR REPLACE TRIGGER revenue_arrival_added AFTER INSERT ON orders FOR EACH ROW
    WHEN (new.lead IS NOT NULL AND new.confirmed_at IS NOT NULL) EXECUTE FUNCTION revenue_arrival_order()

CREATE OR REPLACE TRIGGER revenue_arrival_removed AFTER DELETE ON orders FOR EACH ROW
    WHEN (old.lead IS NOT NULL AND old.confirmed_at IS NOT NULL) EXECUTE FUNCTION revenue_arrival_order()

CREATE OR REPLACE TRIGGER revenue_arrival_changed AFTER UPDATE ON orders FOR EACH ROW
    WHEN ((old.lead, old.confirmed_at, old.status, old.done_at) IS DISTINCT FROM
          (new.lead, new.confirmed_at, new.status, new.done_at))
    EXECUTE FUNCTION revenue_arrival_order()

CREATE OR REPLACE TRIGGER revenue_arrival_added AFTER INSERT ON activity FOR EACH ROW
    WHEN (new.subject_kind = 'lead' AND ((new.data -> 'to' ->> 'stage') IS NOT NULL OR new.data ->> 'batch' LIKE 'undo:%'))
    EXECUTE FUNCTION revenue_arrival_move()

CREATE OR REPLACE TRIGGER revenue_arrival_removed AFTER DELETE ON activity FOR EACH ROW
    WHEN (old.subject_kind = 'lead' AND ((old.data -> 'to' ->> 'stage') IS NOT NULL OR old.data ->> 'batch' LIKE 'undo:%'))
    EXECUTE FUNCTION revenue_arrival_move()

CREATE OR REPLACE TRIGGER revenue_arrival_changed AFTER UPDATE ON activity FOR EACH ROW
    WHEN ((old.subject_kind = 'lead' OR new.subject_kind = 'lead') AND
          (old.subject_kind, old.subject_id, old.data, old.created_at) IS DISTINCT FROM
          (new.subject_kind, new.subject_id, new.data, new.created_at))
    EXECUTE FUNCTION revenue_arrival_move()

CREATE OR REPLACE TRIGGER revenue_arrival_added AFTER INSERT ON lead_stage
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_arrival_stages()

CREATE OR REPLACE TRIGGER revenue_arrival_changed AFTER UPDATE ON lead_stage
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_arrival_stages()

CREATE OR REPLACE TRIGGER revenue_arrival_removed AFTER DELETE ON lead_stage
    REFERENCING OLD TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION revenue_arrival_stages()

CREATE OR REPLACE TRIGGER revenue_arrival_zone AFTER UPDATE OF time_zone ON organization FOR EACH ROW
    WHEN (old.time_zone IS DISTINCT FROM new.time_zone) EXECUTE FUNCTION revenue_arrival_zone()

INSERT INTO revenue_arrival_stale (organization, created_at) SELECT DISTINCT organization, now() FROM lead
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
