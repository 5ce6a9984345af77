"""The board and a lead's page under a person's hands: mouse, menu, keys, undo, and what others do meanwhile."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import toasts


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """31 leads in three stages."""
    desk.fill("tests.leads.seed")


def lane(page: Page, key: str):
    return page.locator(f"#lane-{key}")


def card(page: Page, name: str):
    return page.locator(".lcard", has=page.get_by_role("link", name=name, exact=True))


async def test_a_card_is_dragged_and_taken_back_while_a_colleague_looks_on(desk, open_page):
    its, other = await open_page(), await open_page()
    page, theirs = await its.sign_in(), await other.sign_in()
    await its.open("/acme/leads/board")
    await other.open("/acme/leads/board")
    await expect(page.locator("#lane-sum-quoted")).to_have_text("$19.2k")
    await expect(page.locator("#board-open")).to_have_text("31 open deals")
    await its.in_every_dress("board")

    await card(page, "Hannah Kowalski").drag_to(lane(page, "quoted"))
    await expect(card(page, "Hannah Kowalski").locator("xpath=ancestor::section[1]")).to_have_id("lane-quoted")
    await expect(toasts(page)).to_contain_text("Hannah Kowalski moved to Quoted.")
    await expect(page.locator("#lane-sum-quoted")).to_have_text("€8.2k · $19.2k")
    await expect(lane(theirs, "quoted")).to_contain_text("Hannah Kowalski")  # nobody reloaded
    await expect(lane(page, "quoted").locator(".lcard").first).to_contain_text("Hannah Kowalski")

    await page.keyboard.press("z")
    await expect(lane(page, "new")).to_contain_text("Hannah Kowalski")
    await expect(page.locator("#lane-sum-quoted")).to_have_text("$19.2k")
    await expect(lane(theirs, "new")).to_contain_text("Hannah Kowalski")
    its.nothing_wrong()
    other.nothing_wrong()


async def test_the_same_by_keys_alone(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/board")
    await page.keyboard.press("j")
    await expect(page.get_by_role("link", name="Hannah Kowalski", exact=True)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Daniel Osei", exact=True)).to_be_focused()
    await page.keyboard.press("Shift+ArrowRight")
    await expect(lane(page, "qualified").locator(".lcard").first).to_contain_text("Daniel Osei")
    await expect(page.get_by_role("link", name="Daniel Osei", exact=True)).to_be_focused()
    await expect(toasts(page)).to_contain_text("moved to Qualified")
    await page.keyboard.press("Shift+ArrowRight")
    await expect(lane(page, "quoted").locator(".lcard").first).to_contain_text("Daniel Osei")
    await page.keyboard.press("ArrowLeft")
    await expect(lane(page, "qualified").locator("a:focus")).to_have_count(1)
    await page.get_by_role("link", name="Daniel Osei", exact=True).focus()
    await page.keyboard.press("Shift+ArrowRight")  # to Won, which asks
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Amount")).to_be_focused()
    await expect(dialog.get_by_label("Amount")).to_have_value("2940.00")
    await its.accessible("board-won")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await expect(lane(page, "won")).to_contain_text("Daniel Osei")
    await expect(page.locator("#lane-sum-won")).to_have_text("€2.9k")
    await page.keyboard.press("z")
    await expect(lane(page, "quoted")).to_contain_text("Daniel Osei")
    its.nothing_wrong()


async def test_the_same_by_the_cards_menu_and_a_loss_with_its_reason(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/board")
    await page.get_by_role("button", name="Move Emeka Okafor to another stage").click()
    await expect(page.get_by_role("button", name="Move to Quoted")).to_be_hidden()
    await its.accessible("board-menu")
    await page.get_by_role("button", name="Move to Qualified").click()
    await expect(lane(page, "qualified")).to_contain_text("Emeka Okafor")
    await page.get_by_role("button", name="Move Emeka Okafor to another stage").click()
    await page.get_by_role("button", name="Lost, with reason…").click()
    await page.get_by_role("button", name="Mark lost").click()
    await expect(page.get_by_text("Say why. It shows what to do better.")).to_be_visible()
    await its.accessible("board-lost")
    await page.get_by_label("Reason").fill("Bought elsewhere")
    await page.get_by_role("button", name="Mark lost").click()
    await expect(lane(page, "lost")).to_contain_text("Emeka Okafor")
    await page.keyboard.press("z")
    await expect(lane(page, "qualified")).to_contain_text("Emeka Okafor")
    its.nothing_wrong()


async def test_a_card_goes_back_when_the_server_refuses(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/board")
    await page.route("**/stage?in=board", lambda route: route.abort())
    await card(page, "Aiko Tanaka").drag_to(lane(page, "qualified"))
    await expect(toasts(page)).to_contain_text("offline")
    await expect(lane(page, "quoted")).to_contain_text("Aiko Tanaka")


async def test_an_answer_that_comes_late_leaves_the_dialog_somebody_types_in(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/board")
    asked, release = asyncio.Event(), asyncio.Event()

    async def late(route):
        asked.set()
        await release.wait()
        await route.continue_()

    await page.route("**/stage?in=board", late)
    await card(page, "Aiko Tanaka").get_by_role("button").click()
    await page.get_by_role("button", name="Move to Qualified").click()
    await asked.wait()
    await card(page, "Daniel Osei").get_by_role("button").click()
    await page.get_by_role("button", name="Lost, with reason…").click()
    await page.get_by_label("Reason").fill("Bought els")
    release.set()
    await expect(toasts(page)).to_contain_text("Aiko Tanaka moved to Qualified.")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("ewhere")
    await page.keyboard.press("Enter")
    await expect(lane(page, "lost")).to_contain_text("Daniel Osei")
    its.nothing_wrong()


async def test_a_long_lane_stays_unrolled_while_others_work(desk, open_page):
    its, other = await open_page(), await open_page()
    page, theirs = await its.sign_in(), await other.sign_in()
    await its.open("/acme/leads/board")
    await expect(lane(page, "new").locator(".lcard")).to_have_count(20)
    await page.get_by_role("button", name="Show more in New").click()
    shown = lane(page, "new").locator(".lcard")
    await expect(lane(page, "new")).to_contain_text("Walk-in 23")
    count = await shown.count()
    await other.open("/acme/leads/board")
    await card(theirs, "Pierre Lemaire").get_by_role("button").click()
    await theirs.get_by_role("button", name="Move to New").click()
    await expect(lane(page, "new")).to_contain_text("Pierre Lemaire")
    await expect(shown).to_have_count(count + 1)
    its.nothing_wrong()


async def test_a_lead_is_worked_on_its_page(desk, open_page):
    its, other = await open_page(), await open_page()
    page, theirs = await its.sign_in(), await other.sign_in()
    await its.open("/acme/leads/board")
    await page.get_by_role("link", name="Sofia Marchetti", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sofia Marchetti")
    await expect(page.get_by_role("complementary", name="Deal and details")).to_contain_text("Maybe the same person")
    await its.in_every_dress("lead")
    path = page.url.removeprefix(desk.url)

    note = page.get_by_role("textbox", name="Note", exact=True)
    await note.fill("Half written")
    await other.open(path)
    await theirs.get_by_role("button", name="More actions").click()
    await theirs.get_by_role("button", name="Move to Quoted").click()
    await expect(page.locator(".page-head .badge")).to_have_text("Quoted")  # nobody reloaded
    await expect(note).to_have_value("Half written")
    await page.get_by_role("button", name="Save note").click()
    await expect(page.locator(".feed")).to_contain_text("Half written")
    await expect(note).to_have_value("")
    await page.get_by_role("button", name="Change this note").first.click()
    await page.get_by_role("dialog").get_by_label("Note").fill("Wholly written")
    await page.get_by_role("button", name="Save note").last.click()
    await expect(page.locator(".feed")).to_contain_text("Wholly written")
    await page.get_by_role("button", name="Delete this note").first.click()
    await expect(page.locator(".feed")).not_to_contain_text("Wholly written")
    await page.keyboard.press("z")
    await expect(page.locator(".feed")).to_contain_text("Wholly written")

    await page.get_by_role("button", name="Edit tags").click()
    await page.get_by_label("restaurant").check()
    await page.get_by_label("New tag").fill("phase 2")
    await its.accessible("lead-tags")
    await page.get_by_role("button", name="Save tags").click()
    await expect(page.locator(".side .tags")).to_contain_text("phase 2")
    await page.get_by_role("button", name="Edit the person").click()
    await page.get_by_label("Rooms").fill("many")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Write a number, like 24 or 3.5.")).to_be_visible()
    await its.accessible("lead-person")
    await page.get_by_label("Rooms").fill("24")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("complementary", name="Deal and details")).to_contain_text("24")

    await page.get_by_role("button", name="Won", exact=True).click()
    await page.get_by_label("Amount").fill("17,900")
    await page.get_by_role("button", name="Mark won").click()
    await expect(page.locator(".figure-lg")).to_have_text("£17,900")
    await page.keyboard.press("z")
    await expect(page.locator(".figure-lg")).to_have_text("£18,500")
    await page.get_by_role("button", name="Won", exact=True).click()
    await page.get_by_label("Amount").fill("17,900")
    await page.get_by_role("button", name="Mark won").click()
    await expect(page.locator(".figure-lg")).to_have_text("£17,900")
    await its.accessible("lead-won")
    await page.get_by_role("link", name="Mails").click()
    await expect(page.get_by_text("Nothing of this kind yet.")).to_be_visible()
    its.nothing_wrong()
    other.nothing_wrong()


async def test_a_new_lead_is_warned_of_who_is_there(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/board")
    await page.keyboard.press("n")
    await page.get_by_label("Name").fill("Sofia Marchetti")
    await page.get_by_label("Company").fill("Wren & Co Interiors")
    await page.get_by_label("Company").press("Tab")
    await expect(page.get_by_role("status").filter(has_text="somebody you know")).to_contain_text("Sofia Marchetti")
    await page.get_by_role("button", name="Create lead").click()
    await expect(page.get_by_role("button", name="Create anyway")).to_be_visible()
    await its.in_every_dress("lead-new")
    await page.get_by_role("button", name="Create anyway").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sofia Marchetti")
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Delete lead").click()
    await expect(page.get_by_role("heading", name="This lead was deleted")).to_be_visible()
    await page.keyboard.press("z")
    await expect(page.get_by_role("button", name="Won", exact=True)).to_be_visible()
    its.nothing_wrong()


async def test_settings_of_leads(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/settings/leads")
    await its.in_every_dress("settings-leads")
    await page.get_by_role("button", name="Add stage").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Meeting set")
    await its.accessible("settings-stage")
    await page.get_by_role("dialog").get_by_role("button", name="Add stage").click()
    await expect(page.locator("#lead-settings")).to_contain_text("Meeting set")
    await page.get_by_role("button", name="Move Meeting set up").click()
    await page.get_by_role("button", name="Edit hot").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("burning")
    await its.accessible("settings-tag")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.locator("#lead-settings")).to_contain_text("burning")
    await page.get_by_role("button", name="Archive Rooms").click()
    await expect(page.locator("#lead-settings")).to_contain_text("Archived")
    await page.keyboard.press("z")
    await expect(page.get_by_role("button", name="Edit Rooms")).to_be_visible()
    its.nothing_wrong()
