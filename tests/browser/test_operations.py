"""Today, Events, Schedules and the palette, worked by keyboard and followed live."""

import re

from playwright.async_api import expect

BROKEN = {
    "id": "evt_broken", "object": "event", "type": "charge.refunded", "created": 1795200000, "livemode": False,
    "data": {"object": {"id": "ch_1", "amount_refunded": "many", "currency": "eur", "email": "ingrid@solheim.example"}},
}  # fmt: skip


async def test_a_quiet_day_is_all_clear_until_something_fails_and_is_worked_by_keyboard(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await expect(page.get_by_role("heading", name="All clear")).to_be_visible()
    await its.in_every_dress("today-clear")

    assert desk.post_event(BROKEN) == 200
    line = page.locator("#line-events-failed")
    await expect(line).to_contain_text("Stripe event failed")  # nobody reloaded
    await expect(page.locator("#nav-count-today")).to_have_text("2")  # its alert is held too: nothing is connected
    await expect(page.locator("#nav-count-events")).to_have_text("1")
    await its.in_every_dress("today")

    await page.keyboard.press("j")
    await expect(line).to_have_class(re.compile("cursor"))
    await page.keyboard.press("Enter")
    notices = page.get_by_role("region", name="Notifications")
    await expect(notices).to_contain_text("charge.refunded replayed.")
    await expect(line).to_contain_text("Stripe event failed")  # it failed again, so it is back
    its.nothing_wrong()


async def test_an_event_is_read_ignored_and_taken_back(desk, open_page):
    desk.post_event(BROKEN)
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await page.wait_for_url("**/acme/events")
    tabs = page.get_by_role("navigation", name="Events by state")
    await expect(tabs.get_by_role("link", name="Failed")).to_contain_text("1")
    await its.in_every_dress("events")

    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Event details")
    await expect(drawer.get_by_role("region", name="Payload")).to_contain_text('"amount_refunded": "many"')
    assert "ingrid@" not in await page.content()
    await expect(page.locator("#event-row-1")).to_have_attribute("aria-current", "true")
    await its.in_every_dress("event")

    await drawer.get_by_role("button", name="Ignore…").click()
    await page.get_by_label("Why").fill("A test of ours")
    await its.accessible("event-ignore")
    await page.get_by_role("button", name="Ignore event").click()
    await expect(drawer).to_contain_text("Ignored by hand. A test of ours")
    await expect(page.locator("#event-row-1")).to_contain_text("Ignored")
    await expect(page.locator("#event-row-1")).to_have_attribute("aria-current", "true")
    await page.keyboard.press("z")
    await expect(drawer.get_by_role("button", name="Ignore…")).to_be_visible()
    await expect(page.locator("#event-row-1")).to_contain_text("Failed")
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    its.nothing_wrong()


async def test_a_job_is_started_by_hand_and_shows_what_it_did(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/schedules")
    await expect(page.get_by_text(re.compile(r"Worker seen \d+ s ago"))).to_be_visible()
    row = page.locator("#job-forget_sessions")
    await row.get_by_role("button", name="Run now").click()
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("Clean up sessions started.")
    await expect(row).to_contain_text("On time")
    await expect(row).to_contain_text("Nothing was due")
    await its.in_every_dress("schedules")
    for width in (1280, 1100, 1024, 900):  # what is to the right of the screen, such as Run now, nobody finds
        await page.set_viewport_size({"width": width, "height": 800})
        assert (
            await page.evaluate("(each => each.scrollWidth - each.clientWidth)(document.querySelector('.scroll'))") <= 0
        )
    its.nothing_wrong()


async def test_the_palette_finds_and_goes_and_a_page_does_the_same_without_it(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("/")
    await page.keyboard.type("alice")
    await expect(page.get_by_role("option", name="Alice Arden")).to_be_visible()
    await its.accessible("palette-found")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/acme/settings/team")
    await its.open("/acme/search?q=alice")
    await expect(page.get_by_role("link", name="Alice Arden")).to_be_visible()
    await its.in_every_dress("search")
    its.nothing_wrong()
