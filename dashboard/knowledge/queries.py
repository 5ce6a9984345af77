from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows

ARTICLES = """
    SELECT a.id, a.slug, a.category, a.title, a.version, a.edited, a.updated_at, a.archived_at,
           (SELECT count(*) FROM article_section s
            WHERE s.organization = a.organization AND s.article = a.id) AS sections
    FROM article a WHERE a.organization = {} ORDER BY a.category, a.title, a.id LIMIT 500"""
VERSIONS = """
    SELECT v.number, v.title, v.note, v.created_at, u.name AS by_name
    FROM article_version v LEFT JOIN app_user u ON u.id = v.by
    WHERE v.organization = {} AND v.article = {} ORDER BY v.number DESC LIMIT 50"""
SECTIONS = """
    SELECT id, anchor, heading, keywords FROM article_section
    WHERE organization = {} AND article = {} ORDER BY position LIMIT 200"""
SYNONYMS = """
    SELECT id, said, means, language, edited FROM synonym
    WHERE organization = {} AND means <> '' AND ({} = '' OR said LIKE {} OR means LIKE {})
    ORDER BY edited DESC, said, id LIMIT 200"""


async def articles(organization: Organization) -> list[dict[str, Any]]:
    """All articles with how many sections each has."""
    return await rows(ARTICLES, organization.id)


async def versions(organization: Organization, article: int) -> list[dict[str, Any]]:
    """An article's versions, newest first."""
    return await rows(VERSIONS, organization.id, article)


async def sections(organization: Organization, article: int) -> list[dict[str, Any]]:
    """What is found and quoted of an article."""
    return await rows(SECTIONS, organization.id, article)


async def synonyms(organization: Organization, part: str = "") -> list[dict[str, Any]]:
    """Synonyms in which a folded text stands; those made by hand first."""
    like = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return await rows(SYNONYMS, organization.id, part, like, like)
