"""The pages of the knowledge: reading, writing, trying a question, and who may."""

import re

import pytest

from dashboard import clock
from dashboard.commands import run
from dashboard.database import rows
from dashboard.knowledge import actions, loading, rendering, search
from dashboard.knowledge.tables import Article, ArticleVersion, Section, Synonym


async def test_articles_are_listed_with_their_sections(vera, knowing):
    found = await vera.get("/acme/knowledge")
    assert found.status_code == 200 and "Refund policy" in found.text and "sections" in found.text
    assert "New article" not in found.text


async def test_the_key_that_makes_something_new_makes_an_article(ana, knowing):
    found = await ana.get("/acme/knowledge")
    assert re.search(r'(?s)href="/acme/knowledge/new" data-new>.{,300}?>N</kbd>', found.text)


async def test_a_question_is_tried_and_shows_sections_scores_and_what_was_understood(vera, knowing):
    found = await vera.part("/acme/knowledge/answers?question=Was+kostet+das+Starter+Audit%3F")
    assert (
        "This would be answered" in found.text
        and "Starter audit" in found.text
        and "kostet (price, cost)" in found.text
    )
    other = await vera.part("/acme/knowledge/answers?question=Do+you+sell+bicycles%3F")
    assert "would not be answered" in other.text and "bicycles (unknown)" in other.text
    assert "Try a question" in (await vera.get("/acme/knowledge/answers?question=price")).text


async def test_an_agent_writes_an_article_and_it_is_answered_from(ana, acme):
    made = await ana.post(
        "/acme/knowledge",
        data={"title": "Boats", "category": "faq", "text": "## Renting a boat\nA boat costs 900 euros."},
    )
    assert made.status_code == 303 and made.headers["location"] == "/acme/knowledge/1"
    assert "Renting a boat" in (await ana.part("/acme/knowledge/answers?question=rent+a+boat")).text
    page = await ana.get("/acme/knowledge/1")
    assert "<h2>Renting a boat</h2>" in page.text and "Version 1" in page.text and "Ana Alba" in page.text


async def test_saving_twice_restoring_and_archiving(ana, knowing):
    article = await Article.of(knowing).where(Article.slug == "sla").first()
    form = {"title": "SLA", "category": "policies", "text": "## One\nFirst.", "version": "1"}
    assert "Version 2" in (await ana.post(f"/acme/knowledge/{article.id}", data=form)).text
    late = await ana.post(f"/acme/knowledge/{article.id}", data=form | {"text": "## Mine\nTyped."})
    assert late.status_code == 409 and "Somebody else has saved" in late.text and "Typed." in late.text
    back = await ana.post(f"/acme/knowledge/{article.id}/versions/1/restoration")
    assert (
        "Restored from version 1" in back.text
        and await ArticleVersion.count().where(ArticleVersion.article == article.id) == 3
    )
    assert "nothing is answered from it" in (await ana.post(f"/acme/knowledge/{article.id}/archive")).text
    assert "nothing is answered" not in (await ana.request("DELETE", f"/acme/knowledge/{article.id}/archive")).text


async def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(ana, acme):
    refused = await ana.post("/acme/knowledge", data={"title": "", "category": "faq", "text": "Kept words"})
    assert refused.status_code == 422 and "Write a title" in refused.text and "Kept words" in refused.text
    assert await Article.count() == 0


async def test_a_synonym_is_added_found_and_removed(ana, knowing):
    added = await ana.post("/acme/knowledge/synonyms", data={"said": "Moolah", "means": "price"})
    assert "moolah" in added.text
    one = await Synonym.of(knowing).where(Synonym.said == "moolah").first()
    assert "moolah" in (await ana.part("/acme/knowledge/synonyms?q=mool")).text
    assert "moolah" not in (await ana.post(f"/acme/knowledge/synonyms/{one.id}/removal")).text
    refused = await ana.post("/acme/knowledge/synonyms", data={"said": " ", "means": ""})
    assert refused.status_code == 422 and "Write what people say" in refused.text


async def test_others_see_and_change_nothing(vera, bob, stranger, knowing):
    form = {"title": "X", "category": "faq", "text": "x", "version": "1"}
    for method, path in (
        ("POST", "/acme/knowledge/1"),
        ("POST", "/acme/knowledge"),
        ("POST", "/acme/knowledge/1/archive"),
        ("POST", "/acme/knowledge/1/versions/1/restoration"),
    ):
        assert (await vera.request(method, path, data=form)).status_code == 403
        assert (await bob.request(method, path, data=form)).status_code == 404
    assert (await bob.get("/acme/knowledge/1")).status_code == 404 and (
        await bob.get("/borealis/knowledge/1")
    ).status_code == 404
    assert (await stranger.get("/acme/knowledge")).status_code == 303


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "![x](https://evil.example/x.png)", "[a](javascript:alert(1))",
    "[a](data:text/html,x)", "<a href='java\nscript:x'>y</a>", "[a]( JaVaScRiPt:alert(1))", "<p hx-get=/x>y</p>", "<svg onload=alert(1)>",
    "<!-- <img src=x> -->", "[x]: javascript:alert(1)\n\n[x]",
])  # fmt: skip
def test_markdown_becomes_nothing_that_acts_or_loads(text):
    made = rendering.html_of(text).lower()
    assert (
        "<script" not in made
        and "<img" not in made
        and "<svg" not in made
        and 'hx-get="' not in made
        and "<p hx" not in made
    )
    assert 'href="javascript' not in made and 'href="data' not in made and 'onerror="' not in made


async def test_a_preview_shows_what_is_not_saved(ana, acme):
    made = await ana.post("/acme/knowledge/preview", data={"text": "## Hello\n**you**"})
    assert "<h2>Hello</h2>" in made.text and "<strong>you</strong>" in made.text and await Article.count() == 0


async def test_the_list_needs_few_queries(vera, knowing, queries):
    await actions.create_article(knowing, "One more", "faq", "## A\nb", clock.now())
    with queries() as seen:
        await vera.get("/acme/knowledge")
    assert len(seen) <= 6


async def test_the_sample_articles_come_only_when_asked_for_and_answer_nobody_until_somebody_says_so(ana, vera, acme):
    button = "Load the sample articles"
    assert button in (await ana.get("/acme/knowledge")).text and button not in (await vera.get("/acme/knowledge")).text
    for _ in range(2):
        loaded = await ana.post("/acme/knowledge/samples")
        assert loaded.headers["location"] == "/acme/knowledge"
    articles = await Article.of(acme)
    assert len(articles) == len(list(loading.FOLDER.glob("*/*.md"))) and all(each.archived_at for each in articles)
    assert button not in (await ana.get("/acme/knowledge")).text
    question = "How much is the professional audit?"
    assert not (await search.find(acme, question)).hits
    [audits] = [each for each in articles if each.slug == "audits"]
    assert "of a sample company" in (await ana.get(f"/acme/knowledge/{audits.id}")).text
    await ana.request("DELETE", f"/acme/knowledge/{audits.id}/archive")
    assert (await search.find(acme, question)).hits[0].slug == "audits"
    await loading.load(acme, clock.now())
    assert await Article.count().where(Article.archived_at.is_null()) == 1, "loading does not switch the others on"


async def test_a_start_answers_nobody_from_an_invented_company(settings, acme, capsys):
    await run.prepare(settings)
    assert await Article.count() == 0


async def test_an_article_is_found_by_the_endings_of_the_language_it_is_written_in(ana, acme):
    form = {
        "title": "Berichte",
        "category": "faq",
        "text": "## Berichte\nDen Bericht mit allen Seiten.",
        "version": "1",
    }
    await ana.post("/acme/knowledge", data=form | {"language": "english"})
    assert '<option value="german"' in (await ana.get("/acme/knowledge/1")).text
    saved = await ana.post("/acme/knowledge/1", data=form | {"language": "german"})
    assert '<option value="german" selected' in saved.text
    kept = await ana.post("/acme/knowledge/1", data=form | {"version": "2"})
    assert kept.status_code == 200 and {each.language for each in await Section.of(acme)} == {"german"}
    assert (await rows("SELECT search FROM article_section"))[0]["search"].count("'bericht'") == 1
    refused = await ana.post("/acme/knowledge/1", data=form | {"language": "klingon", "version": "3"})
    assert refused.status_code == 422 and "Choose the language it is written in." in refused.text
