"""Reading conversations: a page of them, how many, all that match in batches, and one with everything in it."""

from collections.abc import AsyncIterator
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.lists import Filters, Page, reading

WHO = "coalesce(nullif(c.name, ''), nullif(l.name, ''), nullif(c.email, ''), 'A visitor') AS who"
OPEN_TICKET = """
    LEFT JOIN LATERAL (SELECT t.number, t.status FROM ticket t WHERE t.organization = c.organization
        AND t.conversation = c.id AND t.merged_into IS NULL ORDER BY t.id DESC LIMIT 1) t ON true"""
PAGE = f"""
    SELECT c.id, c.channel, c.subject, c.excerpt, c.unread, c.needs_reply, c.needs_reply_since, c.last_message_at,
           c.archived_at, c.messages, {WHO}, u.name AS assignee_name, t.number AS ticket, t.status AS ticket_status
    FROM conversation c LEFT JOIN lead l ON l.id = c.lead LEFT JOIN app_user u ON u.id = c.assignee {OPEN_TICKET}
    WHERE c.organization = {{}} AND {{}} ORDER BY {{}} LIMIT {{}}"""  # noqa: S608
COUNT = "(SELECT count(*) FROM (SELECT 1 FROM conversation c WHERE c.organization = {} AND {} LIMIT {}) found)"
SOME = "SELECT c.id FROM conversation c WHERE c.organization = {} AND c.id > {} AND {} ORDER BY c.id LIMIT {}"
NAMES = """
    SELECT u.id, u.name FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND u.id = ANY({})"""
ONE = f"""
    SELECT c.id, c.channel, c.lead, c.identified, c.name, c.email, c.subject, c.page, c.origin, c.excerpt, c.topic,
           c.sentiment, c.messages, c.unread, c.needs_reply, c.needs_reply_since, c.assignee, c.last_message_at,
           c.archived_at, c.created_at, {WHO}, l.created_at AS lead_since, u.name AS assignee_name, t.number AS ticket,
           t.status AS ticket_status, s.id AS suggestion
    FROM conversation c LEFT JOIN lead l ON l.id = c.lead LEFT JOIN app_user u ON u.id = c.assignee {OPEN_TICKET}
    LEFT JOIN LATERAL (SELECT s.id FROM suggestion s WHERE s.conversation = c.id AND s.state = 'waiting'
        ORDER BY s.id DESC LIMIT 1) s ON true
    WHERE c.organization = {{}} AND c.id = {{}}"""  # noqa: S608
THREAD = """
    SELECT * FROM (
        SELECT m.id, m.number, m.created_at AS at, m.author_kind AS kind, left(m.text, {}) AS text, m.quoted,
               u.name AS by, m.outcome, m.sources, m.key LIKE 'mail:%' AS by_mail, '' AS ticket, d.state AS delivery,
               d.due_at, d.why,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size) ORDER BY f.id),
                   '[]') FROM message_file mf JOIN file f ON f.id = mf.file WHERE mf.message = m.id) AS files
        FROM message m LEFT JOIN app_user u ON u.id = m.author LEFT JOIN delivery d ON d.id = m.delivery
        WHERE m.organization = {} AND m.conversation = {} ORDER BY m.number DESC LIMIT {}) newest ORDER BY number"""
BATCH, MOST, LONGEST = 500, 200, 20_000


async def find_conversations(organization: Organization, filters: Filters) -> Page:
    """One page."""
    return await reading.find_page(PAGE, filters, organization.id)


async def count_conversations(organization: Organization, several: list[Filters]) -> list[int]:
    """How many each of the filters finds, up to CAP + 1, in one statement."""
    return await reading.count_each(COUNT, several, organization.id)


async def batches(organization: Organization, where: QueryString) -> AsyncIterator[list[int]]:
    """The ids of all conversations a condition finds, ascending, 500 at a time."""
    last = 0
    while found := await rows(SOME, organization.id, last, where, BATCH):
        ids = [each["id"] for each in found]
        yield ids
        last = ids[-1]


async def names(organization: Organization, filters: Filters) -> dict[tuple[str, int], str]:
    """The names of the people the filters speak of, for their chips."""
    ids = [id for each in filters.conditions for id in each.ids]
    found = await rows(NAMES, organization.id, ids) if ids else []
    return {("assignee", each["id"]): each["name"] for each in found}


async def find(organization: Organization, id: int) -> dict[str, Any]:
    """One with whom it is, its newest ticket and the suggestion that waits; or NotFound."""
    found = await row(ONE, organization.id, id) if 0 < id < 2**63 else None
    if found is None:
        raise NotFound("There is no conversation at this address.")
    return found


async def messages(organization: Organization, id: int) -> list[dict[str, Any]]:
    """The newest 200 messages, oldest first, each with its files and what became of its mail."""
    return await rows(THREAD, LONGEST, organization.id, id, MOST)
