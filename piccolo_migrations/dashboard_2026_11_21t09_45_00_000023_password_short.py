"""Whether a password is too short for an owner; unknown until it is given the next time."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import Boolean
from piccolo.columns.indexes import IndexMethod
from piccolo.engine import engine_finder

ID = "2026-11-21T09:45:00:000023"
VERSION = "1.38.0"
DESCRIPTION = "Accounts: passwords too short for an owner"


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    async def run():  # before the column is added: stopped after that and before its record, it runs again
        await engine_finder()._run_in_new_connection("ALTER TABLE app_user DROP COLUMN IF EXISTS password_short")

    manager.add_raw(run)
    manager.add_column(
        table_class_name="User",
        tablename="app_user",
        column_name="password_short",
        db_column_name="password_short",
        column_class_name="Boolean",
        column_class=Boolean,
        params={
            "default": False,
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    return manager
