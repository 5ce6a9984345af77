"""The revenue page under a person's hands: period, rows, values by keys, table, dark, phone, paper."""

import re

import pytest
from playwright.async_api import expect


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """A year of 900 lines in four currencies."""
    desk.fill("tests.revenue.seed")


async def test_the_page_in_every_dress_and_on_paper(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/revenue?period=12m")
    await expect(page.get_by_role("heading", name="Revenue", exact=True)).to_be_visible()
    await its.in_every_dress("revenue")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("button", name="Print")).to_be_hidden()
    await expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_hidden()
    await expect(page.get_by_role("heading", name="Funnel by source")).to_be_visible()
    paper = await page.pdf(format="A4")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") >= 2  # all of it, not what fits the window
    its.nothing_wrong()


async def test_the_period_is_changed_and_a_figure_opens_its_rows(open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/acme/revenue")
    await page.get_by_role("button", name="Last 30 days").click()
    await its.accessible("revenue-period")
    await page.get_by_role("link", name="Last 12 months").click()
    await page.wait_for_url("**period=12m**")
    card = page.locator(".kpi", has_text="Net revenue, EUR")
    value = await card.locator("a.v").inner_text()
    await card.locator("a.v").click()
    await expect(page.get_by_role("heading", name="Payments")).to_be_visible()
    await expect(page.locator(".sums")).to_contain_text(value)
    await its.in_every_dress("revenue-rows")
    await page.locator(".crumb").click()
    await page.get_by_role("button", name=re.compile(" to ")).click()
    await page.get_by_label("From", exact=True).fill("2026-03-01")
    await page.get_by_label("To", exact=True).fill("2026-04-05")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator(".page-head .count")).to_have_text("1 Mar 2026 to 5 Apr 2026")
    its.nothing_wrong()


async def test_a_chart_is_read_by_keys_by_pointer_and_as_a_table(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/revenue?period=12m")
    trend = page.get_by_role("group", name=re.compile("^Line chart: net revenue was"))
    tip = trend.locator(".tip")
    await trend.focus()
    await page.keyboard.press("ArrowRight")
    await expect(tip).to_be_visible()
    first = await tip.inner_text()
    await page.keyboard.press("ArrowRight")
    assert await tip.inner_text() != first and "Net revenue" in first
    await page.keyboard.press("End")
    await expect(tip).to_contain_text("80% range")
    await its.accessible("revenue-tip")
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    bars = page.get_by_role("group", name=re.compile("^Stacked bars: net revenue by source"))
    await bars.scroll_into_view_if_needed()
    await bars.hover()
    await expect(bars.locator(".tip")).to_contain_text("Total")
    section = page.get_by_role("region", name="Net revenue by month, EUR", exact=True)
    await section.get_by_text("Show as table").click()
    await expect(section.get_by_role("table").get_by_role("row")).to_have_count(16)
    await its.accessible("revenue-table")
    async with page.expect_download() as coming:
        await section.get_by_role("link", name="CSV").click()
    assert (await coming.value).suggested_filename.startswith("acme-revenue-trend-EUR-")
    its.nothing_wrong()
