"""Looking after the promises on live data: each broken one is named with its row; what was left out is said."""

import time
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import asyncpg

from dashboard.database import rows, transaction
from dashboard.promises import indexes, walks
from dashboard.promises.checks import CHECKS
from dashboard.promises.walks import Broken, Until

MOST = 50  # of each kind
TOO_LONG = (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)
WALKS: tuple[tuple[str, Callable[[Until], AsyncIterator[Broken]]], ...] = (
    ("orders and their money", walks.payment_status), ("sums by day", walks.revenue),
    ("rows of other organizations", walks.foreign_organizations), ("files", walks.files), ("schema", walks.schema),
    ("indexes", indexes.damaged),
)  # fmt: skip


class Found(NamedTuple):
    """What is broken, and what took too long or could not be looked at, in words."""

    broken: list[Broken]
    unchecked: list[str]


async def check(statement: float = 600, walk: float = 86_400) -> Found:
    """Look at everything. A question that takes longer than so many seconds is given up and said, and so is the rest of
    a walk over many rows."""
    broken: list[Broken] = []
    unchecked: list[str] = []
    for promise, sentence, sql in CHECKS:
        try:
            async with transaction():
                await Until(0, statement).patience()
                found = await rows(f"{sql} LIMIT {MOST}")
            broken += [Broken(promise, sentence, f"({each['id']})") for each in found]
        except TOO_LONG:
            unchecked.append(f"{promise}: whether {sentence}")
    for name, walked in WALKS:
        until = Until(time.monotonic() + walk, statement)
        try:
            async for each in walked(until):
                broken.append(each)
        except TOO_LONG:
            unchecked.append(f"all {name}")
        unchecked += until.left_out
    return Found(broken, unchecked)


async def violations() -> list[str]:
    """Every broken promise, in words that name the row."""
    return [each.line for each in (await check()).broken]
