"""Knowledge: articles change seldom and are asked all day, so their index takes changes in at once instead of leaving
them in a list that every question has to read through. May run twice."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-21T12:20:00:000045"
VERSION = "1.38.0"
DESCRIPTION = "Knowledge: indexes without a list of changes"

INDEXES = ("article_section_search", "knowledge_word_similar")


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():
        engine = engine_finder()
        for index in INDEXES:
            await engine._run_in_new_connection(f"ALTER INDEX {index} SET (fastupdate = off)")
            await engine._run_in_new_connection(f"SELECT gin_clean_pending_list('{index}'::regclass)")

    manager.add_raw(run)
    return manager
