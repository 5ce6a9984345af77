"""After an erasure: what PostgreSQL still has on the disk of rows that were changed or deleted."""

import logging

import asyncpg

from dashboard.database import current_engine, row, rows
from dashboard.leads.references import tables

log = logging.getLogger(__name__)
# Bytes with its indexes. VACUUM alone leaves the old bytes in the gaps of a page, so a table is written anew as a
# whole, during which nobody can use it: some seconds. Of a larger one the gaps are overwritten as they fill again.
SMALL = 500_000_000
DUE = """
    SELECT max(finished_at)::text AS newest FROM erasure HAVING max(finished_at) > coalesce(
        (SELECT value::timestamptz FROM setting WHERE name = 'erasures_cleaned'), '-infinity')"""
REMEMBER = """
    INSERT INTO setting (name, value) VALUES ('erasures_cleaned', {})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
SIZES = """
    SELECT relname::text AS name, pg_total_relation_size(oid) AS size FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""


async def due() -> str | None:
    """When the newest erasure was finished since the last cleaning; None when there was none."""
    found = await row(DUE)
    return found["newest"] if found else None


async def clean() -> dict[str, int]:
    """Once after erasures, at night: small tables are written anew; of large ones the space is freed and the indexes
    are made anew beside their use. Then a checkpoint, so that the files on the disk say the same."""
    newest = await due()
    if newest is None:
        return {"cleaned": 0}
    done, sizes = 0, {each["name"]: each["size"] for each in await rows(SIZES)}
    connection = await current_engine().get_new_connection()  # outside any transaction, without a time limit
    try:
        await connection.execute("SET statement_timeout = 0; SET lock_timeout = '5s'")
        for table in sorted(tables(), key=lambda name: sizes.get(name, 0)):
            done += await _clean(connection, table, sizes.get(table, 0) <= SMALL)
        await _end(connection)
    finally:
        await connection.close()
    if done == len(tables()):
        await rows(REMEMBER, newest)
    return {"cleaned": done}


async def _clean(connection: asyncpg.Connection, table: str, small: bool) -> bool:
    """False when the table was in use; the next night tries again."""
    try:
        if small:
            await connection.execute(f'VACUUM (FULL) "{table}"')
        else:
            await connection.execute(f'VACUUM "{table}"')
            await connection.execute(f'REINDEX TABLE CONCURRENTLY "{table}"')
    except asyncpg.LockNotAvailableError:
        log.warning("table %s was in use and is cleaned the next time", table)
        return False
    return True


async def _end(connection: asyncpg.Connection) -> None:
    """A checkpoint on a fresh segment of the log, where the role may do that: elsewhere the server's own follows."""
    for statement in ("SELECT pg_switch_wal()", "CHECKPOINT"):
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            log.info("%s is left to the server", statement)
