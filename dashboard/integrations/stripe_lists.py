"""Stripe's lists, page by page: newest first, each page asked for until it comes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from dashboard.integrations.outcomes import Unavailable
from dashboard.integrations.wire import Answer

LARGEST_PAGE = 20_000_000  # a hundred invoices with all their lines
TRIES = 6
LONGEST_WAIT = 60.0

Pause = Callable[[float], Awaitable[None]]


class Listed(NamedTuple):
    """One page: objects as Stripe wrote them, and whether there are more."""

    data: list[dict[str, Any]]
    more: bool


def listed(who: str, answer: Answer) -> Listed:
    """The page an answer carries; Unavailable when it carries none."""
    said = answer.json or {}
    data, more = said.get("data"), said.get("has_more")
    if not isinstance(data, list) or not isinstance(more, bool):
        raise Unavailable(f"{who} sent an answer that makes no sense.")
    if any(not isinstance(each, dict) or not isinstance(each.get("id"), str) for each in data):
        raise Unavailable(f"{who} sent an answer that makes no sense.")
    return Listed(data, more)


async def pages(
    ask: Callable[[str], Awaitable[Listed]], pause: Pause = asyncio.sleep
) -> AsyncIterator[list[dict[str, Any]]]:
    """Every page of a list; `ask` gets the id after which the page begins. Six tries for each, as far apart as Stripe
    asks for; then the last error."""
    after = ""
    while True:
        page = await _patiently(ask, after, pause)
        if page.data:
            yield page.data
        if not page.more or not page.data:
            return
        after = page.data[-1]["id"]


async def _patiently(ask: Callable[[str], Awaitable[Listed]], after: str, pause: Pause) -> Listed:
    for tried in range(1, TRIES + 1):
        try:
            return await ask(after)
        except Unavailable as problem:
            if tried == TRIES:
                raise
            wait = problem.retry_after if problem.retry_after is not None else 2.0 ** (tried - 1)
            await pause(min(wait, LONGEST_WAIT))
    raise AssertionError
