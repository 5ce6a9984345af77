"""Connections go back to the pool as they came, without a question to the server."""

import asyncio

import asyncpg
import pytest

from dashboard.database import row, rows, serialize, transaction

HELD = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


async def both(sql: str) -> set:
    """What several connections of the pool say at once."""
    found = await asyncio.gather(
        *(row(f"SELECT ({sql})::text AS said, pg_backend_pid() AS pid, pg_sleep(0.05)") for _ in range(4))
    )
    assert len({each["pid"] for each in found}) > 1
    return {each["said"] for each in found}


async def test_a_small_statement_is_the_last_thing_its_connection_says(acme):
    await both("'the last word'")
    said = await rows("SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'")
    assert [each for each in said if "the last word" in each["query"]]
    assert not [each for each in said if "UNLISTEN" in each["query"]]


async def test_nothing_that_was_set_for_a_transaction_is_left(acme):
    before = await both("current_setting('statement_timeout')")
    async with transaction():
        await rows("SET LOCAL statement_timeout = '77s'")
        await rows("SELECT set_config('lock_timeout', '78s', true)")
    assert await both("current_setting('statement_timeout')") == before
    assert "78s" not in await both("current_setting('lock_timeout')")


async def test_a_lock_of_a_transaction_ends_with_it_however_it_ends(acme):
    async def failing() -> None:
        async with transaction():
            await serialize("a topic of its own")
            await rows("SELECT 1 / 0")

    with pytest.raises(asyncpg.PostgresError):
        await failing()
    async with transaction():
        await serialize("a topic of its own")
    assert await both(HELD) == {"0"}


async def test_a_transaction_that_was_cut_off_is_not_the_next_ones(acme):
    async def stuck() -> None:
        async with transaction():
            await rows("UPDATE organization SET name = 'Never' WHERE id = {}", acme.id)
            await rows("SELECT pg_sleep(60)")

    task = asyncio.create_task(stuck())
    while not await rows(
        "SELECT 1 AS one FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60%' AND state = 'active'"
    ):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await row("SELECT name FROM organization WHERE id = {}", acme.id))["name"] != "Never"
    async with transaction():
        await rows("UPDATE organization SET name = name WHERE id = {}", acme.id)
