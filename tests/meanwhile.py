"""Two at one row: what one has written and not committed while the other has read the row and waits to write it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from dashboard.database import rows, transaction

WAITS = """
    SELECT 1 AS one FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"""
PATIENCE = 60  # seconds


async def meanwhile(first: Callable[[], Awaitable[Any]], second: Callable[[], Awaitable[Any]]) -> Any:
    """What `second` answers, when it comes to write while `first` is done and not committed. Both want the same row."""
    written, commit = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with transaction():
            await first()
            written.set()
            await asyncio.wait_for(commit.wait(), PATIENCE)

    holding = asyncio.create_task(hold())
    await asyncio.wait({holding, asyncio.create_task(written.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert written.is_set(), holding.exception()
    waiting = asyncio.create_task(_do(second, holding))
    async with asyncio.timeout(PATIENCE):
        while not waiting.done() and not await rows(WAITS):
            await asyncio.sleep(0.01)
    commit.set()
    await holding
    return await waiting


async def _do(action: Callable[[], Awaitable[Any]], holding: "asyncio.Task[None]") -> Any:
    """Where this machine is so slow that the wait for the row is given up, once more when it is free."""
    try:
        return await action()
    except asyncpg.LockNotAvailableError:
        await asyncio.wait({holding})
        return await action()
