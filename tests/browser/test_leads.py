"""The leads page under a person's hands: a filter is built, kept, shared and used for all it finds, and that is taken
back; once with the mouse, once with the keyboard alone."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import toasts, walk_to


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """320 leads: 230 that one filter finds, 60 that another one does."""
    desk.fill("tests.leads.crowd")


def dialog(page: Page):
    return page.get_by_role("dialog")


def rows(page: Page):
    return page.locator("#rows tr")


async def choose(page: Page, text: str, then: str) -> None:
    """Type into the select that has the focus, as somebody who knows the word; wait for what it brings."""
    await page.keyboard.type(text, delay=60)
    await expect(page.locator(then)).to_be_visible()


async def test_a_filter_is_built_kept_shared_and_used_with_the_mouse(desk, open_page):
    its, other = await open_page(), await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads")
    await expect(page.locator("#leads-total")).to_have_text("320")
    await its.in_every_dress("leads")
    await page.get_by_role("button", name=re.compile("why this score for Person 1$")).click()
    await expect(page.get_by_text("Finished the calculator").first).to_be_visible()
    await its.accessible("leads-score")
    await page.keyboard.press("Escape")

    await page.get_by_role("button", name=re.compile("^Filter")).click()
    await page.get_by_label("Condition 1", exact=True).select_option(label="Stage")
    await dialog(page).get_by_label("New").check()
    await dialog(page).get_by_role("button", name="Add condition").click()
    await page.get_by_label("Condition 2", exact=True).select_option(label="Score")
    await page.get_by_label("Score, condition 2", exact=True).fill("warm")
    await dialog(page).get_by_role("button", name="Add condition").click()
    await page.get_by_label("Condition 3", exact=True).select_option(label="City")
    await page.get_by_label("City, condition 3", exact=True).fill("OSLO")
    await its.in_every_dress("leads-filter")
    await dialog(page).get_by_role("button", name="Show leads").click()
    await expect(dialog(page)).to_contain_text("Write a whole number, like 24.")
    await its.accessible("leads-filter-wrong")
    await page.get_by_label("Score, condition 2", exact=True).fill("50")
    await dialog(page).get_by_role("button", name="Show leads").click()
    await page.wait_for_url("**/acme/leads?stage=new&score.over=50&attr.city.contains=OSLO")
    await expect(page.locator("#leads-total")).to_have_text("230")
    await expect(page.locator(".chip")).to_have_text(["Stage is New", "Score is at least 50", "City contains OSLO"])

    await page.get_by_label("Save these filters as a view").click()
    await page.get_by_label("Name").fill("Warm in Oslo")
    await page.get_by_label("Show it to the whole team").check()
    await page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Warm in Oslo")
    await expect(tab).to_have_attribute("aria-current", "true")
    await expect(tab).to_contain_text("230")
    await its.in_every_dress("leads-filtered")
    theirs = await other.sign_in("ana@acme.example")
    await other.open("/acme/leads")
    await theirs.get_by_role("link", name="Warm in Oslo").click()
    await expect(theirs.locator("#leads-total")).to_have_text("230")

    await page.get_by_label("Select all leads on this page").check()
    await page.get_by_role("button", name="Select all 230 matching").click()
    await expect(page.locator("[data-bulk-n]")).to_have_text("230")
    await its.accessible("leads-all-matching")
    await page.get_by_role("button", name="Tag", exact=True).click()
    await page.get_by_label("Or a new one").fill("fair")
    await dialog(page).get_by_role("button", name="Tag", exact=True).click()
    await page.wait_for_url("**/acme/leads/batches/*")
    await expect(page.locator("#batch")).to_contain_text("230 leads written")
    await expect(theirs.locator("#rows .tag", has_text="fair")).to_have_count(50)  # nobody reloaded
    await page.get_by_role("button", name="Undo all of it").click()
    await expect(page.locator("#batch")).to_contain_text("Taken back")
    await expect(theirs.locator("#rows .tag", has_text="fair")).to_have_count(0)
    await expect(theirs.locator("#rows .tag", has_text="restaurant")).not_to_have_count(0)
    its.nothing_wrong()
    other.nothing_wrong()


async def test_the_same_with_the_keyboard_alone(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("g")
    await page.keyboard.press("l")
    await page.wait_for_url("**/acme/leads")
    await expect(page.locator("#leads-total")).to_have_text("320")

    await page.keyboard.press("f")
    await expect(page.locator("#c-1-1")).to_be_focused()
    await choose(page, "Stage", "#value-1-1")
    await expect(page.locator("#c-1-1")).to_be_focused()
    await walk_to(page, dialog(page).get_by_label("New"))
    await page.keyboard.press("Space")
    await walk_to(page, page.locator("#add-1"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#c-1-2")).to_be_focused()
    await choose(page, "Score", "#v-1-2")
    await walk_to(page, page.locator("#v-1-2"))
    await page.keyboard.type("50")
    await walk_to(page, page.locator("#add-1"))
    await page.keyboard.press("Enter")
    await expect(page.locator("#c-1-3")).to_be_focused()
    await choose(page, "City", "#v-1-3")
    await walk_to(page, page.locator("#o-1-3"))
    await page.keyboard.type("is", delay=60)
    await walk_to(page, page.locator("#v-1-3"))
    await page.keyboard.type("bergen")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/acme/leads?stage=new&score.over=50&attr.city=bergen")
    await expect(page.locator("#leads-total")).to_have_text("60")

    await walk_to(page, page.get_by_label("Save these filters as a view"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name")).to_be_focused()
    await page.keyboard.type("Bergen")
    await walk_to(page, page.get_by_label("Show it to the whole team"))
    await page.keyboard.press("Space")
    await walk_to(page, page.get_by_role("button", name="Save view"))
    await page.keyboard.press("Enter")
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Bergen")
    await expect(tab).to_have_attribute("aria-current", "true")

    await walk_to(page, page.get_by_label("Select all leads on this page"))
    await page.keyboard.press("Space")
    await page.keyboard.press("b")
    await expect(page.get_by_role("button", name="Select all 60 matching")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-bulk-n]")).to_have_text("60")
    await walk_to(page, page.get_by_role("button", name="Tag", exact=True))
    await page.keyboard.press("Enter")
    await expect(page.locator("#tag-many")).to_be_focused()
    await walk_to(page, page.locator("#tag-many-new"))
    await page.keyboard.type("north")
    await page.keyboard.press("Enter")
    await expect(toasts(page)).to_contain_text("60 leads")
    await expect(dialog(page)).to_be_hidden()
    await expect(page.locator("#rows .tag", has_text="north")).to_have_count(50)
    await page.keyboard.press("z")
    await expect(page.locator("#rows .tag", has_text="north")).to_have_count(0)
    its.nothing_wrong()


async def test_groups_are_added_changed_and_removed(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads?stage=quoted")
    await expect(page.locator("#leads-total")).to_have_text("30")
    await page.keyboard.press("f")
    await expect(dialog(page).get_by_label("Quoted")).to_be_checked()
    await dialog(page).get_by_role("button", name="Add group").click()
    await expect(page.locator("#c-2-1")).to_be_focused()
    await page.locator("#c-2-1").select_option(label="Name")
    await page.locator("#v-2-1").fill("Person 1")
    await page.locator("#o-2-1").select_option(label="is")
    await expect(page.locator("#v-2-1")).to_have_attribute("placeholder", "Several with commas between")
    await page.locator("#v-2-1").fill("person 1, person 2")
    await page.get_by_label("How many groups have to match").select_option(label="any group")
    await expect(page.locator(".between")).to_have_text("or")
    await its.in_every_dress("leads-groups")
    await page.keyboard.press("Escape")
    await page.keyboard.press("f")
    await expect(page.locator("#group-2")).to_have_count(0)
    await page.keyboard.press("Escape")
    await its.open("/acme/leads?stage=quoted&2.name=person+1,person+2&groups=any")
    await expect(page.locator("#leads-total")).to_have_text("32")
    await page.get_by_label("Remove filter Stage").click()
    await expect(rows(page)).to_have_count(2)
    await page.keyboard.press("f")
    await dialog(page).get_by_label("Remove condition 1").click()
    await expect(page.locator("#add-1")).to_be_focused()
    await dialog(page).get_by_role("button", name="Show leads").click()
    await page.wait_for_url("**/acme/leads")
    its.nothing_wrong()


async def test_search_forgives_and_says_what_it_found_instead(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads")
    field = page.get_by_label("Search leads")
    await field.press_sequentially("persn 319", delay=40)
    await expect(page.locator(".similar")).to_contain_text("Spelled similarly: person 319")
    await expect(page.locator(".similar tr")).to_have_count(2)
    await expect(field).to_be_focused()
    await its.in_every_dress("leads-similar")
    await field.fill("person 319")
    await expect(rows(page)).to_have_count(1)
    await page.get_by_label("Select Person 319").check()
    await expect(page.get_by_text("1 selected")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("persno 318")
    await expect(page.get_by_role("option", name="Person 318")).to_be_visible()
    its.nothing_wrong()
