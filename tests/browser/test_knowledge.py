"""Knowledge under a person's hands: a question nobody could answer becomes an article, and each page in every dress."""

import re

from playwright.async_api import expect

from tests.browser.test_tickets import filled  # noqa: F401 - the sample company's support
from tests.test_crashes import query


async def test_a_question_becomes_an_article_that_answers_the_next_one(desk, open_page):
    its = await open_page()
    page = await its.sign_in("ana@acme.example")
    await page.keyboard.press("g")
    await page.keyboard.press("k")
    await page.wait_for_url("**/acme/knowledge")
    asked = page.get_by_role("listitem").filter(has_text="coffee machine")
    await expect(asked).to_contain_text("Asked 2 times")
    await its.in_every_dress("knowledge")
    await asked.get_by_role("link", name="Write an article").click()
    await expect(page.get_by_label("Title")).to_have_value(re.compile("coffee machine"))
    await its.in_every_dress("knowledge-new")
    await page.get_by_label("Text", exact=True).fill(
        "## Do you repair coffee machines?\n\nNo. We audit websites and shops."
    )
    await expect(page.locator("#preview")).to_contain_text("We audit websites and shops.")
    await page.get_by_role("button", name="Save").click()
    await page.wait_for_url(re.compile(r"/acme/knowledge/\d+$"))
    await its.open("/acme/knowledge")
    await expect(page.get_by_role("listitem").filter(has_text="Asked")).not_to_have_count(0)
    await expect(page.locator("#unanswered")).not_to_contain_text("coffee")
    await page.get_by_role("textbox", name="Question").fill("do you repair coffee machines")
    await page.get_by_role("button", name="Try").click()
    await expect(page.locator("#found")).to_contain_text("This would be answered")
    await its.accessible("knowledge-tried")
    its.nothing_wrong()


async def test_a_question_is_put_aside_and_comes_back(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/knowledge")
    question = page.get_by_role("listitem").filter(has_text="rent out bicycles")
    await question.get_by_role("button", name=re.compile("^Put aside")).click()
    await expect(question).to_have_count(0)
    await page.keyboard.press("z")
    await expect(question).to_have_count(1)
    its.nothing_wrong()


async def test_an_article_with_its_history_is_for_everybody(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    [article] = await query(desk, "SELECT id FROM article WHERE slug = 'refunds'")
    await its.open(f"/acme/knowledge/{article['id']}")
    await expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    await expect(page.get_by_text("Version 2")).to_be_visible()
    await its.in_every_dress("knowledge-article")
    await its.open("/acme/knowledge/synonyms")
    await its.in_every_dress("knowledge-synonyms")
    its.nothing_wrong()
