"""Writing a mail and a campaign in a browser: the preview follows what is typed, what is typed is saved, and two windows
do not write over each other."""

import re

from playwright.async_api import Page, expect


def preview(page: Page):
    return page.frame_locator(".mailview iframe").last.locator("body")


async def test_a_template_is_written_with_placeholders_and_saved(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/campaigns/templates")
    await page.get_by_role("button", name="New template").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Winter letter")
    await page.get_by_role("button", name="Create template").click()
    await expect(page.get_by_role("heading", name="Winter letter", level=1)).to_be_visible()
    await page.get_by_label("Subject").fill("Rooms in January, ")
    await page.get_by_role("button", name="Placeholder").click()
    await page.get_by_role("button", name=re.compile("^first_name")).click()
    await expect(page.get_by_label("Subject")).to_have_value("Rooms in January, {{ first_name | there }}")
    await expect(preview(page)).to_contain_text("Rooms in January, there")
    await its.in_every_dress("template")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Version 2, saved")).to_be_visible()
    await page.get_by_label("Subject").fill("{{ nobody }}")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("There is no placeholder “{{ nobody }}”")).to_be_visible()
    await page.get_by_label("Subject").fill("Rooms in January")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Version 3, saved")).to_be_visible()
    await page.get_by_role("link", name="Version 2").click()
    await page.get_by_role("button", name="Put this version back").click()
    await expect(page.get_by_label("Subject")).to_have_value("Rooms in January, {{ first_name | there }}")


async def test_a_campaign_saves_itself_and_two_windows_do_not_write_over_each_other(desk, open_page):
    its, other = await open_page(), await open_page()
    page, second = await its.sign_in(), await other.sign_in()
    await its.open("/acme/campaigns/new")
    await page.get_by_role("textbox", name="Name").fill("Winter capacity")
    await page.get_by_role("radio", name=re.compile("^Sequence")).check()
    await page.get_by_role("button", name="Create draft").click()
    await expect(page.get_by_role("heading", name="Ready to launch?")).to_be_visible()
    await expect(page.locator("#preflight li").first).to_be_visible()
    await its.in_every_dress("campaign-editor")
    await second.goto(page.url)
    await expect(second.locator("#preflight li").first).to_be_visible()
    await page.get_by_label("At most an hour").fill("50")
    await page.keyboard.press("Tab")
    await expect(page.locator("form[id^=settings-] input[name=revision]")).to_have_value("1")
    await second.locator("input[name=from_name]").fill("Maya")
    await second.keyboard.press("Tab")
    await expect(second.get_by_text("in another window meanwhile")).to_be_visible()
    await expect(second.get_by_label("At most an hour")).to_have_value("50")
    await page.get_by_role("button", name="Write the mail of day 0").click()
    await expect(page.get_by_role("heading", name="Winter capacity, day 0", level=1)).to_be_visible()
    await page.get_by_role("link", name="Back to the campaign").click()
    await expect(page.get_by_text("No link to unsubscribe")).to_have_count(0)
    await page.get_by_role("link", name="Who gets what and when").first.click()
    await expect(page.get_by_role("heading", name="Who gets Winter capacity", level=1)).to_be_visible()
    await its.in_every_dress("campaign-recipients")
