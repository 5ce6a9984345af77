"""Knowledge: heading, title and keywords apart from the text, so that ranking reads little. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:57:00:000056"
VERSION = "1.38.0"
DESCRIPTION = "Knowledge: what stands above a text"

HEAD = """
ALTER TABLE article_section ADD COLUMN IF NOT EXISTS head tsvector GENERATED ALWAYS AS (
    setweight(public.stemmed(language, heading), 'A') || setweight(public.stemmed(language, title), 'B')
    || setweight(public.stemmed(language, keywords), 'C')) STORED
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        await engine._run_in_new_connection(HEAD)

    manager.add_raw(run)
    return manager
