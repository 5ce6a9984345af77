"""Reading leads: a page of them, all that match in batches, and how many. Deleted ones are nowhere."""

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows, transaction
from dashboard.leads import contacts, search, words
from dashboard.lists import CAP, Filters, Page, reading

BATCH = 500
COUNT_ALL, COUNT_ONE = 4.0, 1.0  # seconds
MOST_SIMILAR = 20

SHOWN = """
    SELECT l.id, l.name, l.company, l.email, l.stage, l.score, l.score_reasons, l.value, l.currency, l.source,
           l.created_at, l.last_contact_at, l.owner,
           coalesce(l.last_contact_at, '1970-01-01 00:00:00+00'::timestamptz) AS contact_at, u.name AS owner_name,
           (SELECT jsonb_agg(jsonb_build_array(t.name, t.colour) ORDER BY lower(t.name), t.id) FROM tag t
            WHERE t.organization = l.organization AND t.id = ANY(l.tags)) AS tags"""
PAGE = (
    SHOWN
    + """
    FROM lead l LEFT JOIN app_user u ON u.id = l.owner
    WHERE l.organization = {} AND l.deleted_at IS NULL AND {} ORDER BY {} LIMIT {}"""
)
IDS = "(SELECT l.id FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND {} ORDER BY {} LIMIT {})"
FOUND = (
    SHOWN
    + """
    FROM ({} UNION {}) found JOIN lead l ON l.id = found.id LEFT JOIN app_user u ON u.id = l.owner
    ORDER BY {} LIMIT {}"""
)
EXPORT = f"""
    SELECT l.id, l.name, l.company, l.email, l.phone, l.stage, l.score, l.value, l.currency, l.source, l.created_at,
           l.last_contact_at, {contacts.TIMES} AS contacts, l.expected_close, l.won_at, l.lost_at,
           l.lost_reason, l.attributes,
           coalesce(l.last_contact_at, '1970-01-01 00:00:00+00'::timestamptz) AS contact_at, u.name AS owner_name,
           (SELECT string_agg(t.name, ', ' ORDER BY lower(t.name), t.id) FROM tag t
            WHERE t.organization = l.organization AND t.id = ANY(l.tags)) AS tags
    FROM lead l LEFT JOIN app_user u ON u.id = l.owner
    WHERE l.organization = {{}} AND l.deleted_at IS NULL AND {{}} ORDER BY {{}} LIMIT {{}}"""  # noqa: S608
COUNT = """(SELECT count(*) FROM (
    SELECT 1 FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND {} LIMIT {}) found)"""
SOME = """
    SELECT l.id FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id > {} AND {} ORDER BY l.id LIMIT {}"""


@dataclass(frozen=True)
class Similar:
    """Leads that are spelled nearly as was typed, and the spellings."""

    rows: list[dict[str, Any]]
    spellings: list[str]


@contextlib.asynccontextmanager
async def planned_anew() -> AsyncIterator[None]:
    """A transaction in which every statement is planned for its own values: the best plan for a filter that finds much
    is the worst for one that finds little."""
    async with transaction():
        await rows("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        yield


async def find_leads(organization: Organization, filters: Filters) -> tuple[Page, Similar | None]:
    """One page; behind the last row of a search also what is spelled nearly so. Coming back to a page that is not full
    any more gives the first one."""
    typed = search.typed_in(filters)
    if not filters:
        found, similar = await _page(organization, filters, []), None
    else:
        async with planned_anew():
            wanted = [[word] for word in search.words(typed)] if typed else []
            found, similar = await _page(organization, filters, wanted), None
            if typed and len(found) <= filters.of.size and not (filters.cursor and filters.cursor.before):
                similar = await find_similar(organization, filters, typed, found)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find_leads(organization, filters.first_page())
    return filters.page(found), similar


async def _page(organization: Organization, filters: Filters, wanted: search.Words) -> list[dict[str, Any]]:
    most = filters.of.size + 1
    if not wanted:
        return await rows(PAGE, organization.id, filters.page_where, filters.order_by, most)
    branches = [
        QueryString(IDS, organization.id, branch.page_where, branch.order_by, most)
        for branch in search.branches(filters, wanted, organization.id)
    ]
    return await rows(FOUND, *branches, filters.order_by, most)


async def find_similar(
    organization: Organization, filters: Filters, typed: str, found: list[dict[str, Any]]
) -> Similar | None:
    """What was perhaps meant by a search that found only these. To be called in a transaction."""
    spellings = await words.alternatives(organization, search.words(typed))
    if not all(spellings) or spellings == [[word] for word in search.words(typed)]:
        return None
    known = QueryString("l.id <> ALL({})", [each["id"] for each in found])
    branches = [
        QueryString(IDS, organization.id, QueryString("{} AND {}", branch.where, known), branch.order_by, MOST_SIMILAR)
        for branch in search.branches(filters.first_page(), spellings, organization.id)
    ]
    like = await rows(FOUND, *branches, filters.first_page().order_by, MOST_SIMILAR)
    return (
        Similar(like, [" ".join(each) if len(each) == 1 else " or ".join(each) for each in spellings]) if like else None
    )


async def count_leads(organization: Organization, several: list[Filters]) -> list[int | None]:
    """How many leads each of the filters finds, up to CAP + 1, in one statement. Where one of them takes too long, each
    is counted alone and the slow ones stay without a number."""
    with contextlib.suppress(asyncpg.QueryCanceledError):
        return [*await _counts(organization, several, COUNT_ALL)]
    found: list[int | None] = []
    until = time.monotonic() + COUNT_ALL
    for filters in several:
        counts: list[int] = []
        if time.monotonic() < until:
            with contextlib.suppress(asyncpg.QueryCanceledError):
                counts = await _counts(organization, [filters], COUNT_ONE)
        found += counts or [None]
    return found


async def _counts(organization: Organization, several: list[Filters], seconds: float) -> list[int]:
    counts = [QueryString(COUNT, organization.id, filters.where, CAP + 1) for filters in several]
    template = "SELECT ARRAY[" + ", ".join(["{}"] * len(counts)) + "] AS counts"
    async with planned_anew():
        await rows("SELECT set_config('statement_timeout', {}, true)", f"{round(seconds * 1000)}ms")
        found = await row(template, *counts)
    return found["counts"] if found else []


async def export_leads(organization: Organization, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """All leads behind the filters, in their order, 500 at a time."""
    async for batch in reading.in_batches(EXPORT, filters, organization.id):
        yield batch


async def batches(organization: Organization, where: QueryString) -> AsyncIterator[list[int]]:
    """The ids of all leads a condition finds, ascending, 500 at a time."""
    last = 0
    while found := await rows(SOME, organization.id, last, where, BATCH):
        ids: list[int] = [each["id"] for each in found]
        yield ids
        last = ids[-1]
