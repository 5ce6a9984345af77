"""Knowledge: what a section is asked with, in any of the languages sections are written in. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T10:56:00:000055"
VERSION = "1.38.0"
DESCRIPTION = "Knowledge: asking"

ASKED = """
CREATE OR REPLACE FUNCTION asked(said text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT plainto_tsquery('pg_catalog.english', public.fold(said))
              || plainto_tsquery('pg_catalog.simple', public.fold(said)) $$
"""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        await engine._run_in_new_connection(ASKED)

    manager.add_raw(run)
    return manager
