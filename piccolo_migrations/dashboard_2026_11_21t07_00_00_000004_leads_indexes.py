"""Leads: search that forgives accents and typing, keys, and the indexes of the list. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "Leads: keys and indexes"

STATEMENTS = """
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE OR REPLACE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, $1)) $$;
UPDATE lead SET phone_normalized = regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^00', '') WHERE phone <> '' AND phone_normalized = '';
CREATE UNIQUE INDEX IF NOT EXISTS lead_stage_once ON lead_stage (organization, key);
CREATE UNIQUE INDEX IF NOT EXISTS tag_once ON tag (organization, lower(name));
CREATE UNIQUE INDEX IF NOT EXISTS lead_attribute_once ON lead_attribute (organization, key);
CREATE UNIQUE INDEX IF NOT EXISTS score_signal_once ON score_signal (organization, key, label);
CREATE UNIQUE INDEX IF NOT EXISTS lead_distinct_once ON lead_distinct (low, high);
ALTER TABLE lead ADD COLUMN IF NOT EXISTS search text
    GENERATED ALWAYS AS (public.fold(name || ' ' || company || ' ' || email || ' ' || phone_normalized)) STORED;
CREATE INDEX IF NOT EXISTS lead_search ON lead USING gin (search gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS note_search ON note USING gin (public.fold(text) gin_trgm_ops) WHERE subject_kind = 'lead';
CREATE INDEX IF NOT EXISTS lead_created_list ON lead (organization, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_name_list ON lead (organization, name COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_score_list ON lead (organization, score DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_value_list ON lead (organization, value DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_contact_list
    ON lead (organization, coalesce(last_contact_at, '1970-01-01 00:00:00+00'::timestamptz) DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_stage_list ON lead (organization, stage, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_owner_list ON lead (organization, owner, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_tags ON lead USING gin (tags) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_attributes ON lead USING gin (attributes jsonb_path_ops) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_phone ON lead (organization, phone_normalized) WHERE phone_normalized <> '' AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_merged ON lead (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX IF NOT EXISTS lead_gone ON lead (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS lead_remind ON lead (organization, remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS lead_unscored ON lead (id) WHERE scored_at IS NULL AND deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_batch_due ON lead_batch (id) WHERE state IN ('waiting', 'working', 'undoing');
CREATE INDEX IF NOT EXISTS lead_batch_recent ON lead_batch (organization, created_at DESC);
CREATE INDEX IF NOT EXISTS lead_batch_lines ON lead_batch_line (batch, outcome, id);
CREATE INDEX IF NOT EXISTS lead_batch_of_lead ON lead_batch_line (lead);
CREATE INDEX IF NOT EXISTS lead_import_mapping ON lead_import (organization, columns_key, id DESC);
CREATE INDEX IF NOT EXISTS capture_abandoned ON capture (created_at) WHERE submitted_at IS NULL;
CREATE UNIQUE INDEX IF NOT EXISTS erasure_once ON erasure (organization, lead);
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
