"""By which address a line of a file is told from the others, and the check an import was last shown."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.column_types import BigSerial, ForeignKey, Varchar
from piccolo.columns.indexes import IndexMethod
from piccolo.table import Table

ID = "2026-11-21T07:00:00:000009"
VERSION = "1.38.0"
DESCRIPTION = "Leads: keys of lines, the check of an import"
USUAL = {
    "primary_key": False, "unique": False, "index_method": IndexMethod.btree, "choices": None, "db_column_name": None,
    "secret": False,
}  # fmt: skip


class Batch(Table, tablename="lead_batch", schema=None):
    id = BigSerial(primary_key=True)


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="dashboard", description=DESCRIPTION)

    manager.add_column(
        table_class_name="BatchLine", tablename="lead_batch_line", column_name="key", db_column_name="key",
        column_class_name="Varchar", column_class=Varchar,
        params=USUAL | {"length": 64, "default": "", "null": False, "index": False}, schema=None,
    )  # fmt: skip
    manager.add_column(
        table_class_name="Import", tablename="lead_import", column_name="checking", db_column_name="checking",
        column_class_name="ForeignKey", column_class=ForeignKey,
        params=USUAL | {
            "references": Batch, "on_delete": OnDelete.set_null, "on_update": OnUpdate.cascade, "target_column": None,
            "default": None, "null": True, "index": True,
        },
        schema=None,
    )  # fmt: skip

    return manager
