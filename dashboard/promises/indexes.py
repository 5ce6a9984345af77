"""I16: every index says what its table says. PostgreSQL's own amcheck looks; it is loaded for the look and gone again,
so that a dump needs nothing that another server may not have."""

from collections.abc import AsyncIterator

import asyncpg

from dashboard.database import rows, transaction
from dashboard.promises.walks import Broken, Until

LOAD = "CREATE EXTENSION IF NOT EXISTS amcheck"
ALL = """
    SELECT i.indexrelid::bigint AS id, c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.amname = 'btree' AND n.nspname = 'public' AND i.indisvalid AND i.indisready ORDER BY c.relname"""
# Each entry of the index is in order, and each row of the table is in the index.
LOOK = "SELECT bt_index_check({}::oid::regclass, true)"


class Looked(Exception):
    """Ends the transaction, and with it what was loaded for it."""


async def damaged(until: Until) -> AsyncIterator[Broken]:
    """B-tree indexes that are out of order or lack rows; left out where the server may not load amcheck."""
    found = await rows(ALL)
    while found:
        until.check()
        try:
            async with transaction():
                await until.patience()
                await rows(LOAD)
                while found:
                    until.check()
                    await rows(LOOK, found[0]["id"])
                    found.pop(0)
                raise Looked
        except Looked:
            return
        except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
            until.left_out.append("whether the indexes are sound: this server may not load amcheck")
            return
        except (asyncpg.IndexCorruptedError, asyncpg.DataCorruptedError) as problem:
            yield Broken("I16", "an index does not say what its table says", f"({found.pop(0)['name']}: {problem})")
        except asyncpg.UndefinedTableError:
            found.pop(0)  # it was dropped meanwhile
