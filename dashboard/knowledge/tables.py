from piccolo.columns import Boolean, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User


class Article(OrganizationOwned, Table):
    """What the company tells its customers about one thing, in markdown. Its texts are in versions."""

    slug = Varchar(length=80, help_text="unique per organization; never changes")
    category = Varchar(length=20, default="faq", help_text="faq, pricing or policies: the folder of its file")
    title = Varchar(length=160)
    version = Integer(default=0, help_text="number of the newest version")
    language = Varchar(length=20, default="english", help_text="whose word endings are cut: english, german, french, …")
    loaded = Varchar(length=64, default="", help_text="fingerprint of the file it was last loaded from")
    edited = Boolean(default=False, help_text="changed in the dashboard: loading leaves it alone")
    updated_at = Timestamptz()
    archived_at = Timestamptz(null=True, default=None, help_text="not answered from any more")


class ArticleVersion(OrganizationOwned, Table, tablename="article_version"):
    """An article as it stood when it was saved; never changed afterwards."""

    article = ForeignKey(Article, null=False, index=True)
    number = Integer()
    title = Varchar(length=160)
    text = Text()
    by = ForeignKey(User, null=True, default=None, help_text="nobody: loaded from a file")
    note = Varchar(length=120, default="", help_text="such as loaded, or restored from version 3")


class Section(OrganizationOwned, Table, tablename="article_section"):
    """A heading of an article and what stands below it: what is found, quoted and cited. Made anew with each version.

    The generated column `search` (tsvector) is in the migration; pgvector's would stand beside it."""

    article = ForeignKey(Article, null=False, index=True)
    version = Integer()
    position = SmallInt()
    anchor = Varchar(length=120, help_text="unique per article, from the heading")
    title = Varchar(length=160, help_text="of the article")
    heading = Varchar(length=200)
    keywords = Text(default="", help_text="other words people use for it; found, never shown")
    text = Text(help_text="markdown")
    language = Varchar(length=20, default="english")


class Synonym(OrganizationOwned, Table):
    """What people say, in any language, and which words of the articles are meant."""

    said = Varchar(length=80, help_text="folded; with * at the end it begins the word; may be several words")
    means = Varchar(length=200, help_text="words of the articles")
    language = Varchar(length=5, default="", help_text="such as de; empty: the articles' own")
    edited = Boolean(default=False, help_text="made or changed in the dashboard: loading leaves it alone")


class KnownWord(OrganizationOwned, Table, tablename="knowledge_word"):
    """A word of the sections or synonyms, to find what was meant when somebody mistypes it. Made anew with them."""

    word = Varchar(length=40)
