"""A file of everything leaves the page as it is; a page that refreshes itself is nobody's activity."""

import asyncpg
import pytest
from playwright.async_api import expect

from tests.browser.conftest import PASSWORD


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """68 orders in every state."""
    desk.fill("tests.orders.seed")


async def ask(desk, sql: str):
    connection = await asyncpg.connect(desk.env["DATABASE_URL"])
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def lines(download) -> list[str]:
    with open(await download.path(), encoding="utf-8-sig") as file:
        return [line.split(",")[0] for line in file][1:]


async def test_ticked_rows_and_filters_stay_while_the_password_is_asked_for(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders?status=in_progress")
    boxes = page.locator("[data-rows] tbody .check")
    ticked = [(await boxes.nth(at).get_attribute("value")) for at in (0, 2)]
    await boxes.nth(0).check()
    await boxes.nth(2).check()
    async with page.expect_download() as fresh:
        await page.get_by_role("button", name="Export selected").click()
    assert await lines(await fresh.value) == ticked

    await ask(desk, "UPDATE app_session SET confirmed_at = now() - interval '16 minutes'")
    await page.get_by_role("button", name="Export selected").click()
    dialog = page.get_by_role("dialog", name="Give your password")
    await expect(dialog.get_by_label("Password")).to_be_focused()
    await dialog.get_by_label("Password").fill("not the password")
    await dialog.get_by_role("button", name="Get the file").click()
    await expect(dialog).to_contain_text("This is not your password.")
    await its.accessible("orders-export-password")
    await dialog.get_by_label("Password").fill(PASSWORD)
    async with page.expect_download() as asked:
        await dialog.get_by_role("button", name="Get the file").click()
    assert await lines(await asked.value) == ticked
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    assert page.url.endswith("/orders?status=in_progress")
    async with page.expect_download() as everything:
        await page.get_by_role("link", name="Export").click()
    assert len(await lines(await everything.value)) == await boxes.count()
    its.nothing_wrong()


async def test_a_live_refresh_says_that_nobody_asked_for_it(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders")
    asked: list[tuple[str, str | None]] = []
    page.on("request", lambda request: asked.append((request.url, request.headers.get("x-live"))))
    await expect(page.locator("#orders-total")).to_have_text("68")
    await page.wait_for_timeout(300)
    asked.clear()
    async with page.expect_request(lambda request: request.headers.get("x-live") == "1"):
        await ask(desk, "SELECT pg_notify('backdesk', id || ':orders') FROM organization")
    await page.wait_for_timeout(500)
    assert asked and all(live == "1" for url, live in asked if "/static/" not in url), asked
    await page.get_by_role("link", name="In progress").click()
    await expect(page.locator("[data-rows] tbody tr").first).to_contain_text("In progress")
    assert any(live is None for _, live in asked)
    its.nothing_wrong()
