"""Writing the knowledge: articles, their versions and sections, and synonyms."""

import re
from datetime import datetime
from typing import Any

from dashboard.accounts.ownership import organization_id
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.database import row, rows, serialize, transaction
from dashboard.errors import Conflict, Invalid
from dashboard.knowledge import parsing
from dashboard.knowledge.folding import fold
from dashboard.knowledge.tables import Article, ArticleVersion, Section, Synonym

CATEGORIES = {"faq": "Questions", "pricing": "Prices", "policies": "Policies"}
# Whose word endings are cut, so that “audits” finds “audit”; in others only whole words are found.
LANGUAGES = {"english": "English", "german": "German", "french": "French", "spanish": "Spanish", "simple": "Another"}
LONGEST = 100_000
# All words of the organization's sections and synonyms; those nobody uses any more go.
LEARN = """
    WITH said AS (
        SELECT DISTINCT w AS word FROM (
            SELECT regexp_split_to_table(public.fold(title || ' ' || heading || ' ' || keywords || ' ' || text),
                                         '[^[:alnum:]]+') AS w FROM article_section WHERE organization = {}
            UNION ALL SELECT regexp_split_to_table(said, '[^[:alnum:]]+') FROM synonym
            WHERE organization = {} AND said NOT LIKE '%*') a
        WHERE length(w) BETWEEN 3 AND 40),
    gone AS (DELETE FROM knowledge_word k WHERE k.organization = {} AND NOT EXISTS (
        SELECT FROM said WHERE said.word = k.word))
    INSERT INTO knowledge_word (organization, word, created_at)
    SELECT {}, word, now() FROM said ON CONFLICT DO NOTHING"""
SAVED = """
    UPDATE article SET title = {}, category = {}, version = version + 1, edited = {}, loaded = {}, updated_at = {},
        language = {} WHERE id = {} AND version = {} RETURNING version"""


async def create_article(
    organization: Organization, title: str, category: str, text: str, now: datetime, *,
    by: Visitor | User | None = None, slug: str = "", loaded: str = "", learns: bool = True, archived: bool = False,
    language: str = "english",
) -> Article:  # fmt: skip
    """A new article with its first version and sections. Invalid where the title or the text is missing. Without
    `learns` the caller does so in the end; `archived`: nothing is answered from it yet."""
    _check(title, category, text, language)
    async with transaction():
        await serialize(f"knowledge:{organization.id}")
        made = Article(
            organization=organization.id, slug=await _free_slug(organization, slug or parsing.anchor_of(title)[:80]),
            category=category, title=title.strip(), edited=by is not None, loaded=loaded, updated_at=now,
            archived_at=now if archived else None, language=language,
        )  # fmt: skip
        await made.save()
        return await write(organization, made, made.title, category, text, now, by=by, loaded=loaded, learns=learns)


async def save_article(
    organization: Organization, article: Article, title: str, category: str, text: str, version: int, now: datetime, *,
    by: Visitor | User, note: str = "", language: str = "",
) -> Article:  # fmt: skip
    """A new version of an article, written by a person; without a `language` it keeps its own. Conflict when `version`
    is not the newest any more."""
    _check(title, category, text, language or article.language)
    async with transaction():
        await serialize(f"knowledge:{organization.id}")
        newest = await Article.get_of(organization, article.id)
        if newest.version != version:
            raise Conflict("Somebody else has saved this article since you opened it. Reload to see their text.")
        newest.language = language or newest.language
        return await write(organization, newest, title.strip(), category, text, now, by=by, note=note)


async def restore_version(
    organization: Organization, article: Article, number: int, now: datetime, by: Visitor | User
) -> Article:
    """What stood in an earlier version becomes the newest one."""
    old = await ArticleVersion.of(organization).where(
        ArticleVersion.article == article.id, ArticleVersion.number == number
    ).first()  # fmt: skip
    if old is None:
        raise Conflict("That version is not there any more. Nothing was changed.")
    note = f"Restored from version {number}"
    return await save_article(
        organization, article, old.title, article.category, old.text, article.version, now, by=by, note=note
    )


async def archive(organization: Organization, article: Article, now: datetime | None, by: Visitor | User) -> Article:
    """Take an article out of all answers, or with no time put it back. Repeating it changes nothing."""
    async with transaction():
        await serialize(f"knowledge:{organization.id}")
        article = await Article.get_of(organization, article.id)
        if (article.archived_at is None) == (now is None):
            return article
        await Article.update({Article.archived_at: now}).where(Article.id == article.id)
        text = await text_of(organization, article)
        await _cut(organization, await Article.get_of(organization, article.id), "" if now else text)
        said = "taken out of answers" if now else "answered from again"
        await activity.record(organization, "article", article.id, "archived" if now else "restored", said, by=by)
    return await Article.get_of(organization, article.id)


async def text_of(organization: Organization | int, article: Article) -> str:
    """The newest text."""
    found = await ArticleVersion.of(organization).where(
        ArticleVersion.article == article.id, ArticleVersion.number == article.version
    ).first()  # fmt: skip
    return found.text if found else ""


async def save_synonym(organization: Organization, said: str, means: str, language: str = "") -> Synonym:
    """What people say for words of the articles; the same saying again changes what it means."""
    said, means = clean_saying(said), " ".join(fold(means).split())[:200]
    problems = {}
    if not said or said == "*":
        problems["said"] = "Write what people say."
    if not means:
        problems["means"] = "Write which words of the articles are meant."
    if problems:
        raise Invalid(problems)
    async with transaction():
        await rows(
            "INSERT INTO synonym (organization, said, means, language, edited, created_at) "
            "VALUES ({}, {}, {}, {}, true, now()) ON CONFLICT (organization, said) DO UPDATE "
            "SET means = excluded.means, language = excluded.language, edited = true",
            organization.id, said, means, language[:5],
        )  # fmt: skip
        await learn(organization)
    return await Synonym.of(organization).where(Synonym.said == said).first()


async def remove_synonym(organization: Organization, id: int) -> None:
    """Forget it; loading does not bring it back, as the line stays with no meaning."""
    async with transaction():
        await Synonym.get_of(organization, id)
        await rows(
            "UPDATE synonym SET means = '', edited = true WHERE organization = {} AND id = {}", organization.id, id
        )
        await learn(organization)


def clean_saying(said: str) -> str:
    """Folded words with one space between, perhaps with * at the end."""
    begins = said.strip().endswith("*")
    plain = " ".join(re.findall(r"[^\W_]+", fold(said)))[:79]
    return f"{plain}*" if begins else plain


async def learn(organization: Organization | int) -> None:
    """Make the list of known words anew."""
    id = organization_id(organization)
    await rows(LEARN, id, id, id, id)


async def write(
    organization: Organization, article: Article, title: str, category: str, text: str, now: datetime, *,
    by: Visitor | User | None, note: str = "", loaded: str = "", learns: bool = True,
) -> Article:  # fmt: skip
    """The next version of an article, its sections with it, under the organization's lock."""
    text = text.replace("\0", "").replace("\r\n", "\n")
    fingerprint = loaded if by is None else article.loaded
    saved = await row(
        SAVED, title, category, by is not None, fingerprint, now, article.language, article.id, article.version
    )
    assert saved is not None, "articles are written under the organization's lock"
    await ArticleVersion(
        organization=organization.id, article=article.id, number=saved["version"], title=title, text=text,
        by=by.id if by else None, note=note or ("" if by else "Loaded from the knowledge base"),
    ).save()  # fmt: skip
    written = await Article.get_of(organization, article.id)
    await _cut(organization, written, text if written.archived_at is None else "", learns)
    verb = "written" if saved["version"] == 1 else "changed"
    await activity.record(organization, "article", article.id, verb, f"{title} {verb}", by=by)
    return written


async def _cut(organization: Organization, article: Article, text: str, learns: bool = True) -> None:
    """The sections of the newest version in place of those of the one before."""
    await Section.delete().where(Section.organization == organization.id, Section.article == article.id)
    made: list[Any] = [
        Section(
            organization=organization.id, article=article.id, version=article.version, position=position,
            anchor=part.anchor, title=article.title, heading=part.heading, keywords=part.keywords, text=part.text,
            language=article.language,
        )
        for position, part in enumerate(parsing.sections(text, article.title))
    ]  # fmt: skip
    if made:
        await Section.insert(*made)
    if learns:
        await learn(organization)


async def _free_slug(organization: Organization, wanted: str) -> str:
    free, number = wanted, 2
    while await Article.exists().where(Article.organization == organization.id, Article.slug == free):
        free, number = f"{wanted[:76]}-{number}", number + 1
    return free


def _check(title: str, category: str, text: str, language: str) -> None:
    problems = {}
    if not title.strip() or len(title) > 160:
        problems["title"] = "Write a title of up to 160 characters."
    if category not in CATEGORIES:
        problems["category"] = "Choose where it belongs."
    if language not in LANGUAGES:
        problems["language"] = "Choose the language it is written in."
    if not text.strip():
        problems["text"] = "Write what you would tell a customer."
    elif len(text) > LONGEST:
        problems["text"] = f"This is longer than {LONGEST:,} characters. Make two articles of it."
    if problems:
        raise Invalid(problems)
