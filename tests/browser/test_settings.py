"""Settings and one's own account, as a browser shows them."""

import re

import pyotp
from playwright.async_api import expect

from tests.browser.conftest import PASSWORD


async def test_the_settings_pages_save_and_say_so(open_page):
    its = await open_page()
    page = await its.sign_in()
    toasts = page.get_by_role("region", name="Notifications")

    await its.open("/acme/settings")
    await page.fill("#name", "")
    await page.fill("#postal_address", "Strandgaten 4, Bergen")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Give your organization a name.")).to_be_visible()
    await expect(page.locator("#postal_address")).to_have_value("Strandgaten 4, Bergen")
    await page.fill("#name", "Acme & Daughters")
    await page.get_by_role("button", name="Save").click()
    await expect(toasts).to_contain_text("Saved")
    await page.reload()
    await expect(page.get_by_role("button", name="Acme & Daughters")).to_be_visible()
    await its.in_every_dress("settings-organization")

    await its.open("/acme/settings/plans/new")
    await page.fill("#name", "Growth audit")
    await page.fill("#amount", "1,284.00")
    await page.get_by_role("button", name="Save").click()
    await expect(toasts).to_contain_text("Growth audit added")
    assert re.search(r"/plans/\d+$", page.url)
    await page.get_by_role("link", name="All plans").click()
    await page.get_by_role("button", name="Archive Growth audit").click()
    await expect(page.get_by_text("Archived", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Archive Growth audit")).to_be_visible()
    await its.in_every_dress("settings-plans")
    its.nothing_wrong()


async def test_a_connection_is_made_without_its_secret_coming_back(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/settings/integrations")
    await page.get_by_role("button", name="Connect Telegram").click()
    dialog = page.get_by_role("dialog", name="Connect Telegram")
    await dialog.get_by_label("Bot token").fill("no token at all")
    await dialog.get_by_role("button", name="Connect and test").click()
    await expect(dialog.get_by_text("Paste the token BotFather gave you")).to_be_visible()
    await expect(dialog.get_by_label("Bot token")).to_have_value("")
    await dialog.get_by_label("Bot token").fill("123456:ABCDEFGHIJKLMNOP")
    await dialog.get_by_label("Chat id").fill("-100123")
    await dialog.get_by_role("button", name="Connect and test").click()
    await expect(page.get_by_text("Bot token: Set on")).to_be_visible()
    await expect(dialog).not_to_be_visible()
    assert "ABCDEFGHIJKLMNOP" not in await page.content()
    its.nothing_wrong()
    await its.in_every_dress("settings-integrations")


async def test_somebody_is_invited_joins_and_becomes_an_admin(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/settings/team")
    await page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog", name="Invite somebody")
    await dialog.get_by_label("E-mail").fill("lea@acme.example")
    await dialog.get_by_role("button", name="Invite").click()
    await page.get_by_role("button", name="Show link for lea@acme.example").click()
    link = await page.get_by_label("Invitation link for lea@acme.example").input_value()

    hers = await open_page()
    await hers.open(link.removeprefix(its.its.url))
    await hers.accessible("invitation")
    await hers.page.get_by_label("Your name").fill("Lea Moss")
    await hers.page.get_by_label("Password").fill(PASSWORD)
    await hers.page.get_by_role("button", name="Join").click()
    await hers.page.wait_for_url("**/today")

    await its.open("/acme/settings/team")
    await page.get_by_label("Role of Lea Moss").select_option("admin")
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("Lea Moss is now an admin.")
    await page.get_by_label("Role of Alice Arden").select_option("viewer")
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("This is the only owner.")
    await expect(page.get_by_label("Role of Alice Arden")).to_have_value("owner")
    await hers.open("/acme/settings/team")
    assert "/signin" in hers.page.url
    its.nothing_wrong()
    await its.in_every_dress("settings-team")


async def test_the_second_factor_is_switched_on_and_asked_for(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/account")
    await its.in_every_dress("account")
    await page.get_by_role("link", name="Switch on…").click()
    await page.get_by_text("Cannot scan it?").click()
    secret = (await page.locator(".mono").inner_text()).replace(" ", "")
    await its.in_every_dress("second-factor")
    await page.get_by_label("Code from the app").fill(pyotp.TOTP(secret).now())
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_role("list", name="Codes").get_by_role("listitem")).to_have_count(10)
    paper = await page.get_by_role("list", name="Codes").get_by_role("listitem").first.inner_text()
    await its.accessible("recovery-codes")

    other = await open_page()
    await other.open("/signin")
    await other.in_every_dress("signin")
    await other.page.fill("#email", "alice@acme.example")
    await other.page.fill("#password", PASSWORD)
    await other.page.get_by_role("button", name="Sign in", exact=True).click()
    await other.page.get_by_label("Code", exact=True).fill("12345")
    await other.page.get_by_role("button", name="Sign in").click()
    await expect(other.page.get_by_text("This code is not right.")).to_be_visible()
    await other.accessible("signin-code")
    await other.page.get_by_label("Code", exact=True).fill(paper)
    await other.page.get_by_role("button", name="Sign in").click()
    await other.page.wait_for_url("**/today")

    await its.open("/account")
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_text("Second factor switched off.")).to_be_visible()
    its.nothing_wrong()


async def test_on_a_phone_the_pages_of_settings_begin_where_one_is(open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.set_viewport_size({"width": 390, "height": 844})
    for path, name in (("telegram", "Telegram"), ("tickets", "Tickets"), ("", "Organization")):
        await its.open(f"/acme/settings/{path}")
        here = page.get_by_role("navigation", name="Settings pages").get_by_role("link", name=name, exact=True)
        await expect(here).to_be_in_viewport(ratio=0.9)
    await its.open("/acme/settings/suppressed")
    assert await page.evaluate("(each => each.scrollWidth - each.clientWidth)(document.querySelector('.scroll'))") <= 0
    its.nothing_wrong()
