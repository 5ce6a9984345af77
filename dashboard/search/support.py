"""Finding tickets, the threads of people, and what the knowledge says."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

RECENT = 2000  # rows looked at for one or two letters, where no index helps

# The number itself, then the words of the subject, then whoever it is with.
TICKETS = """
    (SELECT 1 AS rank, t.id, t.number, t.subject, t.status, c.name, c.email
     FROM ticket t JOIN conversation c ON c.id = t.conversation WHERE t.organization = {} AND t.number = {})
    UNION ALL
    (SELECT 2, t.id, t.number, t.subject, t.status, c.name, c.email
     FROM (SELECT * FROM TICKETS_HERE t WHERE t.organization = {} AND t.number <> {} AND t.search LIKE {}
           ORDER BY t.created_at DESC, t.id DESC LIMIT {}) t JOIN conversation c ON c.id = t.conversation)
    UNION ALL
    (SELECT 3, t.id, t.number, t.subject, t.status, c.name, c.email
     FROM (SELECT c.id, c.name, c.email FROM THREADS_HERE c
           WHERE c.organization = {} AND lower(c.name || ' ' || c.email) LIKE {}
           ORDER BY c.last_message_at DESC, c.id DESC LIMIT {}) c
     JOIN ticket t ON t.conversation = c.id WHERE t.number <> {} AND NOT t.search LIKE {})
    ORDER BY rank, id DESC LIMIT {}"""
OTHERS = """
    (SELECT 'conversation' AS kind, c.id, coalesce(nullif(c.name, ''), c.email) AS label,
            coalesce(nullif(c.subject, ''), c.excerpt) AS sub
     FROM THREADS_HERE c WHERE c.organization = {} AND lower(c.name || ' ' || c.email) LIKE {}
     ORDER BY c.last_message_at DESC, c.id DESC LIMIT {})
    UNION ALL
    (SELECT 'article', a.id, a.title, coalesce(min(s.heading), '') FROM article a
     LEFT JOIN article_section s ON s.article = a.id AND lower(s.heading) LIKE {}
     WHERE a.organization = {} AND a.archived_at IS NULL AND (s.id IS NOT NULL OR lower(a.title) LIKE {})
     GROUP BY a.id, a.title ORDER BY a.title, a.id LIMIT {})"""
NEWEST = {
    "TICKETS_HERE": "(SELECT * FROM ticket WHERE organization = {} ORDER BY created_at DESC, id DESC LIMIT RECENT)",
    "THREADS_HERE": """(SELECT * FROM conversation WHERE organization = {} AND archived_at IS NULL
        ORDER BY last_message_at DESC, id DESC LIMIT RECENT)""",
    "RECENT": str(RECENT),
}
ALL = {"TICKETS_HERE": "ticket", "THREADS_HERE": "conversation"}
SHORT = 3


async def find_tickets(
    organization: Organization, number: int, text: str, pattern: str, most: int
) -> list[dict[str, Any]]:
    """`rank` is 1 for the ticket that has the number."""
    id, more = organization.id, _more(organization, text)
    return await rows(
        _in(TICKETS, text), id, number, *more, id, number, pattern, most, *more, id, pattern, most * 4, number, pattern,
        most,
    )  # fmt: skip


async def find_others(organization: Organization, text: str, pattern: str, most: int) -> list[dict[str, Any]]:
    """Threads by whom they are with, and articles by their titles and headings, as kind, id, label and sub."""
    id = organization.id
    return await rows(
        _in(OTHERS, text), *_more(organization, text), id, pattern, most, pattern, id, pattern, most
    )  # fmt: skip


def _in(sql: str, text: str) -> str:
    for word, source in (ALL if len(text) >= SHORT else NEWEST).items():
        sql = sql.replace(word, source)
    return sql


def _more(organization: Organization, text: str) -> list[int]:
    return [] if len(text) >= SHORT else [organization.id]
