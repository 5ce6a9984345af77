"""Taking in the folder knowledge-base: again and again, and never over what somebody wrote."""

import shutil

import pytest

from dashboard import clock
from dashboard.errors import Conflict, Invalid
from dashboard.knowledge import actions, loading, parsing, search
from dashboard.knowledge.tables import Article, ArticleVersion, Section, Synonym


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(loading.FOLDER, tmp_path / "kb")
    return tmp_path / "kb"


async def test_everything_is_there_and_a_second_time_changes_nothing(acme, borealis):
    first = await loading.load(acme, clock.now())
    assert first["made"] == len(list(loading.FOLDER.glob("*/*.md"))) and first["synonyms"] > 300
    sections = await Section.count().where(Section.organization == acme.id)
    again = await loading.load(acme, clock.now())
    assert again["made"] == again["renewed"] == 0 and again["unchanged"] == first["made"]
    assert await Section.count().where(Section.organization == acme.id) == sections >= 80
    assert (
        await ArticleVersion.count() == first["made"]
        and await Article.count().where(Article.organization == borealis.id) == 0
    )


async def test_a_changed_file_is_a_new_version_and_an_edited_article_is_kept(acme, alice, folder):
    await loading.load(acme, clock.now(), folder)
    mine = await Article.of(acme).where(Article.slug == "contact").first()
    await actions.save_article(
        acme,
        mine,
        "Contact us",
        "faq",
        "# Contact us\n## Phone\nOnly by pigeon.",
        mine.version,
        clock.now(),
        by=alice.user,
    )
    for name in ("faq/contact.md", "faq/delivery.md"):
        (folder / name).write_text("# Changed\n\n## Something\nWholly new words.\n")
    counts = await loading.load(acme, clock.now(), folder)
    assert (counts["kept"], counts["renewed"]) == (1, 1)
    contact = await Article.of(acme).where(Article.slug == "contact").first()
    assert (contact.title, await actions.text_of(acme, contact)) == (
        "Contact us",
        "# Contact us\n## Phone\nOnly by pigeon.",
    )
    assert (await Article.of(acme).where(Article.slug == "delivery").first()).version == 2
    assert (await search.find(acme, "pigeon")).hits[0].heading == "Phone"


async def test_a_synonym_that_was_removed_in_the_dashboard_stays_removed(acme):
    await loading.load(acme, clock.now())
    one = await Synonym.of(acme).where(Synonym.said == "coupon").first()
    await actions.remove_synonym(acme, one.id)
    await loading.load(acme, clock.now())
    assert (await Synonym.of(acme).where(Synonym.said == "coupon").first()).means == ""


async def test_of_two_who_edit_at_once_the_second_is_told(knowing, alice, ana):
    article = await Article.of(knowing).where(Article.slug == "sla").first()
    await actions.save_article(
        knowing, article, "SLA", "policies", "## One\nFirst.", article.version, clock.now(), by=alice.user
    )
    with pytest.raises(Conflict):
        await actions.save_article(
            knowing, article, "SLA", "policies", "## Two\nSecond.", article.version, clock.now(), by=ana.user
        )
    assert await actions.text_of(knowing, await Article.get_of(knowing, article.id)) == "## One\nFirst."


async def test_an_earlier_version_comes_back_as_the_newest(knowing, alice):
    article = await Article.of(knowing).where(Article.slug == "sla").first()
    before = await actions.text_of(knowing, article)
    article = await actions.save_article(
        knowing, article, "SLA", "policies", "## One\nFirst.", 1, clock.now(), by=alice.user
    )
    article = await actions.restore_version(knowing, article, 1, clock.now(), alice.user)
    assert article.version == 3 and await actions.text_of(knowing, article) == before
    assert (await search.find(knowing, "uptime")).hits[0].anchor == "availability"


async def test_an_archived_article_is_not_answered_from(knowing, alice):
    article = await Article.of(knowing).where(Article.slug == "sla").first()
    await actions.archive(knowing, article, clock.now(), alice.user)
    assert not [hit for hit in (await search.find(knowing, "uptime sla")).hits if hit.slug == "sla"]
    await actions.archive(knowing, article, None, alice.user)
    assert (await search.find(knowing, "uptime")).hits[0].slug == "sla"


@pytest.mark.parametrize(("title", "category", "text"), [("", "faq", "x"), ("x", "elsewhere", "x"), ("x", "faq", "  ")])
async def test_an_incomplete_article_is_refused(acme, title, category, text):
    with pytest.raises(Invalid):
        await actions.create_article(acme, title, category, text, clock.now())


def test_sections_are_cut_at_headings_and_comments_are_keywords():
    text = "Before.\n\n## One two\nText <!-- also: three\nfour --> more\n\n```\n## no heading\n```\n## One two\nAgain\n## Empty\n"
    parts = parsing.sections(text, "Title")
    assert [(part.anchor, part.heading) for part in parts] == [
        ("title", "Title"),
        ("one-two", "One two"),
        ("one-two-2", "One two"),
    ]
    assert parts[1].keywords == "three four" and "also" not in parts[1].text and "## no heading" in parts[1].text
