"""Leads: the words search knows, kept by triggers, and indexes for filters. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000006"
VERSION = "1.38.0"
DESCRIPTION = "Leads: words and filters"

# Statements stand apart by an empty line. What is not a letter parts words; letters beyond Latin stay what they are.
STATEMENTS = r"""
CREATE OR REPLACE FUNCTION containing(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT '%' || regexp_replace(public.fold($1), '([\\%_])', '\\\1', 'g') || '%' $$

CREATE OR REPLACE FUNCTION beginning(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT regexp_replace(public.fold($1), '([\\%_])', '\\\1', 'g') || '%' $$

CREATE OR REPLACE FUNCTION lead_words(text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT DISTINCT w FROM regexp_split_to_table(public.fold($1), '[\u0001-\u0060\u007b-\u00bf]+') w
          WHERE length(w) BETWEEN 3 AND 40 $$

CREATE INDEX IF NOT EXISTS lead_word_exact ON lead_word (organization, word)

CREATE INDEX IF NOT EXISTS lead_word_similar ON lead_word USING gin (word gin_trgm_ops)

INSERT INTO lead_word (organization, word, created_at, seen_at)
    SELECT DISTINCT l.organization, w, now(), now()
    FROM lead l, public.lead_words(l.name || ' ' || l.company || ' ' || l.email) w
    WHERE l.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM lead_word)

CREATE OR REPLACE FUNCTION lead_words_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.lead_word (organization, word, created_at, seen_at)
        SELECT DISTINCT n.organization, w, now(), now()
        FROM added n, public.lead_words(n.name || ' ' || n.company || ' ' || n.email) w
        WHERE NOT EXISTS (SELECT 1 FROM public.lead_word x WHERE x.organization = n.organization AND x.word = w);
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION lead_words_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.lead_word (organization, word, created_at, seen_at)
        SELECT new.organization, w, now(), now()
        FROM public.lead_words(new.name || ' ' || new.company || ' ' || new.email) w
        WHERE NOT EXISTS (SELECT 1 FROM public.lead_word x WHERE x.organization = new.organization AND x.word = w);
    RETURN NULL; END $$

CREATE OR REPLACE FUNCTION note_words_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.lead_word (organization, word, created_at, seen_at)
        SELECT new.organization, w, now(), now() FROM public.lead_words(new.text) w
        WHERE NOT EXISTS (SELECT 1 FROM public.lead_word x WHERE x.organization = new.organization AND x.word = w);
    RETURN NULL; END $$

CREATE OR REPLACE TRIGGER lead_words_added AFTER INSERT ON lead
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION lead_words_added()

CREATE OR REPLACE TRIGGER lead_words_changed AFTER UPDATE OF name, company, email ON lead FOR EACH ROW
    WHEN ((old.name, old.company, old.email) IS DISTINCT FROM (new.name, new.company, new.email))
    EXECUTE FUNCTION lead_words_changed()

CREATE OR REPLACE TRIGGER note_words_changed AFTER INSERT OR UPDATE OF text ON note FOR EACH ROW
    WHEN (new.subject_kind = 'lead') EXECUTE FUNCTION note_words_changed()

CREATE STATISTICS IF NOT EXISTS note_words ON (public.fold(text)) FROM note

ANALYZE note

CREATE INDEX IF NOT EXISTS lead_source_list
    ON lead (organization, public.fold(source), created_at DESC, id DESC) WHERE deleted_at IS NULL

CREATE INDEX IF NOT EXISTS lead_close_list ON lead (organization, expected_close)
    WHERE expected_close IS NOT NULL AND deleted_at IS NULL
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
