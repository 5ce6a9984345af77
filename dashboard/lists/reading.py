"""Reading what filters find: one page, how many, all of it in pieces. The statements are the slices' own."""

from collections.abc import AsyncIterator
from typing import Any

from piccolo.querystring import QueryString

from dashboard.database import row, rows
from dashboard.lists.filters import Filters
from dashboard.lists.keyset import CAP, Page

BATCH = 500


async def find_page(statement: str, filters: Filters, *values: Any) -> Page:
    """One page of a statement that takes its own values, the condition, the order and the number of rows. Coming back
    to a page that is not full any more gives the first one."""
    found = await rows(statement, *values, filters.page_where, filters.order_by, filters.of.size + 1)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find_page(statement, filters.first_page(), *values)
    return filters.page(found)


async def count_each(statement: str, several: list[Filters], *values: Any) -> list[int]:
    """How many each of the filters finds, up to CAP + 1, in one statement."""
    counts = [QueryString(statement, *values, filters.where, CAP + 1) for filters in several]
    found = await row("SELECT ARRAY[" + ", ".join(["{}"] * len(counts)) + "] AS counts", *counts)
    return found["counts"] if found else []


async def in_batches(statement: str, filters: Filters, *values: Any) -> AsyncIterator[list[dict[str, Any]]]:
    """All that the filters find, in their order, 500 at a time."""
    at = filters.first_page()
    while found := await rows(statement, *values, at.page_where, at.order_by, BATCH):
        yield found
        at = at.after(found[-1])
