"""The Outbox and the mails in it, as a browser shows them."""

import pytest
from playwright.async_api import expect


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """Deliveries in every state."""
    desk.fill("tests.deliveries.seed")


async def test_the_outbox_is_worked_without_a_reload(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/outbox")
    tabs = page.get_by_role("navigation", name="Deliveries by state")
    await expect(tabs.get_by_role("link", name="Needs you")).to_contain_text("4")
    await its.in_every_dress("outbox")

    await page.get_by_role("row", name="samuel@adeyemi.example").get_by_role("button", name="Decide…").click()
    await expect(page.get_by_text("Did this mail arrive?")).to_be_visible()
    await its.accessible("outbox-decide")
    await page.locator(".pop:popover-open").get_by_role("button", name="It arrived").click()
    await expect(page.get_by_role("row", name="samuel@adeyemi.example")).to_contain_text("Sent")
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("Marked as sent.")
    await expect(tabs.get_by_role("link", name="Needs you")).to_contain_text("3")

    waiting = page.get_by_role("row", name="Handover").filter(has_text="ingrid@")
    await waiting.get_by_role("button", name="Cancel").click()
    await expect(waiting).to_contain_text("Cancelled")
    await page.get_by_role("button", name="Undo").click()
    await expect(waiting).to_contain_text("Queued")

    await page.keyboard.press("f")
    await expect(page.locator("#outbox-filter")).to_be_visible()
    await its.accessible("outbox-filter")
    await page.select_option("#filter-kind", "refund")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(page.locator(".chip")).to_contain_text("Channel is Stripe")
    its.nothing_wrong()


async def test_a_mail_is_seen_as_its_reader_sees_it(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/outbox")
    await page.get_by_role("link", name="Intake request").click()
    drawer = page.get_by_role("complementary", name="Delivery details")
    await expect(drawer.get_by_role("heading", name="Intake request")).to_be_visible()
    frame = page.frame_locator("iframe")
    await expect(frame.get_by_role("link", name="Fill in the form")).to_be_visible()
    await expect(frame.locator("body")).to_contain_text("https://desk.acme.example/f/…")
    assert "Jk3fAbc" not in await page.content()
    await drawer.get_by_text("Plain text form").click()
    await expect(drawer.get_by_role("region", name="Plain text form")).to_contain_text("Hello Ingrid,")
    await its.in_every_dress("outbox-drawer")
    await its.open(page.url.removeprefix(desk.url).split("?")[0])
    its.nothing_wrong()


async def test_the_table_follows_what_happens_elsewhere(desk, open_page):
    first, second = await open_page(), await open_page()
    page, other = await first.sign_in(), await second.sign_in()
    await first.open("/acme/outbox?q=lucas")
    await second.open("/acme/outbox?q=lucas")
    await other.get_by_role("button", name="Send now").click()
    # Mail is not connected here, so trying now ends as held.
    await expect(page.get_by_role("row", name="lucas@")).to_contain_text("Mail is not connected")
    first.nothing_wrong()
    second.nothing_wrong()
