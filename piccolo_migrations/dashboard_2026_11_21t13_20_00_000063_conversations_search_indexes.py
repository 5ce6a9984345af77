"""Conversations: found by their subject and by what was said in them. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T13:20:00:000063"
VERSION = "1.38.0"
DESCRIPTION = "Conversations: search in subjects and messages"

# On a large table built beforehand with CREATE INDEX CONCURRENTLY, each is found and left alone.
STATEMENTS = """
CREATE INDEX IF NOT EXISTS conversation_said
    ON conversation USING gin (lower(name || ' ' || email || ' ' || subject) gin_trgm_ops);
CREATE INDEX IF NOT EXISTS message_said ON message USING gin (lower(left(text, 20000)) gin_trgm_ops);
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
