"""Reading leads: a page of them, all that match in batches, and how many. Deleted ones are nowhere."""

from collections.abc import AsyncIterator

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.lists import CAP, Filters, Page

BATCH = 500

PAGE = """
    SELECT l.id, l.name, l.company, l.email, l.stage, l.score, l.score_reasons, l.value, l.currency, l.source, l.tags,
           l.created_at, l.last_contact_at, l.owner,
           coalesce(l.last_contact_at, '1970-01-01 00:00:00+00'::timestamptz) AS contact_at, u.name AS owner_name
    FROM lead l LEFT JOIN app_user u ON u.id = l.owner
    WHERE l.organization = {} AND l.deleted_at IS NULL AND {} ORDER BY {} LIMIT {}"""
COUNT = """(SELECT count(*) FROM (
    SELECT 1 FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND {} LIMIT {}) found)"""
SOME = """
    SELECT l.id FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id > {} AND {} ORDER BY l.id LIMIT {}"""


async def find_leads(organization: Organization, filters: Filters) -> Page:
    """One page. Coming back to a page that is not full any more gives the first one."""
    found = await rows(PAGE, organization.id, filters.page_where, filters.order_by, filters.of.size + 1)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find_leads(organization, filters.first_page())
    return filters.page(found)


async def count_leads(organization: Organization, several: list[Filters]) -> list[int]:
    """How many leads each of the filters finds, up to CAP + 1, in one statement."""
    counts = [QueryString(COUNT, organization.id, filters.where, CAP + 1) for filters in several]
    template = "SELECT ARRAY[" + ", ".join(["{}"] * len(counts)) + "] AS counts"
    found = await row(template, *counts)
    return found["counts"] if found else []


async def batches(organization: Organization, where: QueryString) -> AsyncIterator[list[int]]:
    """The ids of all leads a condition finds, ascending, 500 at a time."""
    last = 0
    while found := await rows(SOME, organization.id, last, where, BATCH):
        ids: list[int] = [each["id"] for each in found]
        yield ids
        last = ids[-1]
