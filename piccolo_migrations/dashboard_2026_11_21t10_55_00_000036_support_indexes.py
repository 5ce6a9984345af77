"""Knowledge, conversations, assistant, tickets, suggestions: keys, search and indexes. Every statement may run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:55:00:000036"
VERSION = "1.38.0"
DESCRIPTION = "Support: keys, search and indexes"

# Statements stand apart by an empty line.
STATEMENTS = r"""
CREATE OR REPLACE FUNCTION stemmed(language text, said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT CASE language
        WHEN 'english' THEN to_tsvector('pg_catalog.english', public.fold(said))
        WHEN 'german' THEN to_tsvector('pg_catalog.german', public.fold(said))
        WHEN 'french' THEN to_tsvector('pg_catalog.french', public.fold(said))
        WHEN 'spanish' THEN to_tsvector('pg_catalog.spanish', public.fold(said))
        ELSE to_tsvector('pg_catalog.simple', public.fold(said)) END $$

ALTER TABLE article_section ADD COLUMN IF NOT EXISTS search tsvector GENERATED ALWAYS AS (
    setweight(public.stemmed(language, heading), 'A') || setweight(public.stemmed(language, title), 'B')
    || setweight(public.stemmed(language, keywords), 'C') || setweight(public.stemmed(language, text), 'D')) STORED

CREATE INDEX IF NOT EXISTS article_section_search ON article_section USING gin (search)

CREATE INDEX IF NOT EXISTS article_section_similar
    ON article_section USING gin (public.fold(title || ' ' || heading) gin_trgm_ops)

CREATE INDEX IF NOT EXISTS article_section_list ON article_section (organization, article, position)

CREATE UNIQUE INDEX IF NOT EXISTS article_section_once ON article_section (article, anchor)

CREATE UNIQUE INDEX IF NOT EXISTS article_once ON article (organization, slug)

CREATE INDEX IF NOT EXISTS article_list ON article (organization, category, title, id)

CREATE UNIQUE INDEX IF NOT EXISTS article_version_once ON article_version (article, number)

CREATE UNIQUE INDEX IF NOT EXISTS synonym_once ON synonym (organization, said)

CREATE UNIQUE INDEX IF NOT EXISTS knowledge_word_once ON knowledge_word (organization, word)

CREATE INDEX IF NOT EXISTS knowledge_word_similar ON knowledge_word USING gin (word gin_trgm_ops)

CREATE INDEX IF NOT EXISTS conversation_visitor ON conversation (visitor_hash) WHERE visitor_hash IS NOT NULL

CREATE UNIQUE INDEX IF NOT EXISTS conversation_public ON conversation (public_id) WHERE public_id <> ''

CREATE INDEX IF NOT EXISTS conversation_list ON conversation (organization, last_message_at DESC, id DESC)
    WHERE archived_at IS NULL

CREATE INDEX IF NOT EXISTS conversation_archive ON conversation (organization, last_message_at DESC, id DESC)
    WHERE archived_at IS NOT NULL

CREATE INDEX IF NOT EXISTS conversation_waiting ON conversation (organization, needs_reply_since, id)
    WHERE needs_reply AND archived_at IS NULL

CREATE UNIQUE INDEX IF NOT EXISTS message_once ON message (conversation, key)

CREATE UNIQUE INDEX IF NOT EXISTS message_number ON message (conversation, number)

CREATE INDEX IF NOT EXISTS message_mail ON message (organization, mail_id) WHERE mail_id <> ''

CREATE UNIQUE INDEX IF NOT EXISTS prompt_version_once ON prompt_version (organization, name, fingerprint)

CREATE UNIQUE INDEX IF NOT EXISTS prompt_version_number ON prompt_version (organization, name, number)

CREATE INDEX IF NOT EXISTS assistant_call_list ON assistant_call (organization, created_at DESC, id DESC)

CREATE UNIQUE INDEX IF NOT EXISTS assistant_day_once ON assistant_day (organization, day)

CREATE UNIQUE INDEX IF NOT EXISTS ticket_number ON ticket (organization, number)

CREATE INDEX IF NOT EXISTS ticket_list ON ticket (organization, created_at DESC, id DESC)

CREATE INDEX IF NOT EXISTS ticket_status_list ON ticket (organization, status, id DESC)

CREATE UNIQUE INDEX IF NOT EXISTS ticket_once ON ticket (conversation) WHERE status <> 'closed' AND merged_into IS NULL

CREATE UNIQUE INDEX IF NOT EXISTS suggestion_once ON suggestion (message) WHERE state IN ('waiting', 'queued')

CREATE INDEX IF NOT EXISTS suggestion_waiting ON suggestion (organization, created_at, id) WHERE state = 'waiting'

CREATE INDEX IF NOT EXISTS suggestion_due ON suggestion (due_at, id) WHERE state = 'queued'

CREATE INDEX IF NOT EXISTS suggestion_decided ON suggestion (organization, decided_at DESC, id DESC)
    WHERE decided_at IS NOT NULL
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for statement in STATEMENTS.split("\n\n"):
            await engine._run_in_new_connection(statement)

    manager.add_raw(run)
    return manager
