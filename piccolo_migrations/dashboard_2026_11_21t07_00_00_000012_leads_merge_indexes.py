"""Leads: how the same person is found twice, and the keys of pairs and merges. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T07:00:00:000012"
VERSION = "1.38.0"
DESCRIPTION = "Leads: keys that find duplicates"

# mailbox(): one mailbox behind several spellings of an address. lead_keys(): for every two words of a name the
# beginning of one and the initial of the other, and the beginning of the company with each initial, within the
# organization; leads that share a key are compared by trigrams. (Trigrams of a million names alone take a second to look up; these keys a few milliseconds.)
STATEMENTS = """
CREATE OR REPLACE FUNCTION mailbox(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT CASE WHEN split_part($1, '@', 2) IN ('gmail.com', 'googlemail.com')
        THEN replace(split_part(split_part($1, '@', 1), '+', 1), '.', '') || '@gmail.com'
        ELSE split_part(split_part($1, '@', 1), '+', 1) || '@' || split_part($1, '@', 2) END $$;
CREATE OR REPLACE FUNCTION lead_keys(organization bigint, name text, company text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH word AS MATERIALIZED (
        SELECT w, n FROM regexp_split_to_table(
            public.fold(CASE WHEN trim(name) <> '' THEN name ELSE company END), '[\\s,.;:&/()''"_-]+'
        ) WITH ORDINALITY AS s (w, n) WHERE w <> '' ORDER BY n LIMIT 4)
    SELECT coalesce(array_agg(DISTINCT organization || ':' || key), '{}') FROM (
        SELECT left(a.w, 4) || coalesce(' ' || left(b.w, 1), '') AS key FROM word a LEFT JOIN word b ON a.n <> b.n
        UNION ALL
        SELECT left(public.fold(trim(company)), 8) || '@' || left(w, 1) FROM word
        WHERE trim(name) <> '' AND trim(company) <> '') keys $$;
CREATE INDEX IF NOT EXISTS lead_alike ON lead USING gin (lead_keys(organization, name, company)) WHERE deleted_at IS NULL;
CREATE INDEX IF NOT EXISTS lead_mailbox ON lead (organization, mailbox(email_normalized))
    WHERE deleted_at IS NULL AND mailbox(email_normalized) <> email_normalized;
CREATE INDEX IF NOT EXISTS lead_phone_end ON lead (organization, right(phone_normalized, 9))
    WHERE deleted_at IS NULL AND length(phone_normalized) >= 7;
CREATE UNIQUE INDEX IF NOT EXISTS lead_pair_once ON lead_pair (low, high);
CREATE INDEX IF NOT EXISTS lead_pair_list ON lead_pair (organization, strength DESC, id DESC);
CREATE INDEX IF NOT EXISTS erasure_unfinished ON erasure (id) WHERE finished_at IS NULL;
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
