"""A file of leads, from the trade fair to the list and back: by mouse and by keyboard, on a desk and on a phone."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import toasts
from tests.leads.importing import table

LINES = [
    ["amelia@brandt-optik.example", "Amelia Brandt", "Brandt Optik", "+49 89 1234567", "dinner", "12"],
    ["h.kowalski@pierogi-house.example", "Hannah Kowalski", "Pierogi House", "+44 20 7946 0177", "dinner", ""],
    ["jo.park@hanok.example", "Jo Park", "Hanok", "", "", ""],
    ["not-an-address", "", "", "", "", ""],
    ["rachel@larkandrow.example", "Rachel Byrne", "Lark & Row", "", "", ""],
    ["luis@prado-hnos.example", "Luis Prado", "", "", "", ""],
    ["luis@prado-hnos.example", "Luis Prado", "", "", "", ""],
]  # fmt: skip
FAIR = table(["E-mail", "Name", "Company", "Phone", "Tags", "Seats at the fair"], *LINES, delimiter=";")


@pytest.fixture
def fair(tmp_path):
    place = tmp_path / "fair-munich-2026.csv"
    place.write_text(FAIR, encoding="utf-8-sig")
    return place


def figure(page: Page, label: str):
    return page.locator(".strip > div", has_text=label).locator(".v")


async def test_a_file_is_understood_checked_imported_and_taken_back(desk, open_page, fair):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads")
    await page.get_by_role("link", name="Import").first.click()
    await page.wait_for_url("**/acme/leads/import")
    await its.in_every_dress("import-file")
    await page.reload()  # the screenshots left an empty style on the inputs, which a swap would carry over
    await page.get_by_label("File").set_input_files(
        {"name": "fair.xlsx", "mimeType": "text/csv", "buffer": b"PK\x03\x04...."}
    )
    await page.get_by_role("button", name="Upload and go on").click()
    await expect(page.locator("#import-field-error")).to_contain_text("This is no CSV file")
    await its.accessible("import-refused")

    await page.get_by_label("File").set_input_files(fair)
    await page.get_by_role("button", name="Upload and go on").click()
    await page.wait_for_url("**/columns")
    await expect(page.get_by_text("Read as UTF-8, semicolons.")).to_be_visible()
    await expect(page.get_by_label("E-mail", exact=True)).to_have_value("email")
    await expect(page.get_by_label("Seats at the fair")).to_have_value("")
    await its.in_every_dress("import-columns")
    await page.reload()
    await page.get_by_label("Seats at the fair").select_option("name")
    await page.get_by_role("button", name="Check every line").click()
    await expect(page.locator("#column-5-error")).to_contain_text("Name is taken by another column.")
    await its.accessible("import-columns-wrong")
    await page.get_by_label("Seats at the fair").select_option("note")
    await page.get_by_label("Tag for all of them").fill("fair 2026")
    await page.get_by_role("button", name="Check every line").click()

    await page.wait_for_url("**/check")
    await expect(page.get_by_role("button", name="Import 5 leads")).to_be_visible()
    await expect(figure(page, "Create")).to_have_text("5")
    await expect(figure(page, "Errors")).to_have_text("1")
    await expect(page.get_by_role("row", name="not-an-address")).to_contain_text("Address needs an @ and a domain")
    await expect(page.get_by_text("Same as line 7")).to_be_visible()
    await its.in_every_dress("import-check")
    await page.get_by_role("navigation", name="Show lines").get_by_role("link", name="Errors").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Errors as CSV").click()
    assert "not-an-address" in (await (await download.value).path()).read_text()

    await page.get_by_role("button", name="Import 5 leads").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r".*/leads/batches/\d+$"))
    await expect(page.get_by_text("5 leads written by Alice Arden")).to_be_visible()
    await its.in_every_dress("import-done")
    await page.get_by_role("link", name="Amelia Brandt").click()
    await expect(page.locator("#lead")).to_contain_text("fair 2026")
    await page.go_back()
    await page.get_by_role("button", name="Undo all of it").click()
    await expect(toasts(page)).to_contain_text("5 leads as before.")
    await expect(page.get_by_text("5 as before.", exact=True)).to_be_visible()
    await its.in_every_dress("import-undone")
    await its.open("/acme/leads")
    await expect(page.get_by_role("heading", name="No leads yet")).to_be_visible()
    its.nothing_wrong()


async def test_a_file_that_takes_longer_shows_how_far_it_is_and_can_be_stopped(desk, open_page, tmp_path):
    place = tmp_path / "many.csv"
    place.write_text(table(["E-mail", "Name"], *[[f"p{n}@many.example", f"Person {n}"] for n in range(20_000)]))
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/import")
    await page.get_by_label("File").set_input_files(place)
    await page.get_by_role("button", name="Upload and go on").click()
    await page.get_by_role("button", name="Check every line").click()
    await expect(page.get_by_text("Checking every line")).to_be_visible()
    await its.in_every_dress("import-checking")
    await expect(page.get_by_role("button", name="Import 20,000 leads")).to_be_visible(
        timeout=60_000
    )  # nobody reloaded
    await page.get_by_role("button", name="Import 20,000 leads").click()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("Stopped by Alice Arden.")).to_be_visible()
    await its.accessible("import-stopped")
    await page.get_by_role("button", name="Undo all of it").click()
    await expect(page.locator(".badge", has_text="Taken back")).to_be_visible(timeout=60_000)
    await its.open("/acme/leads/batches")
    await expect(page.get_by_role("row", name="Import of many.csv")).to_contain_text("Taken back")
    await its.in_every_dress("batches")
    its.nothing_wrong()


async def test_the_file_can_be_read_in_another_way(desk, open_page, tmp_path):
    place = tmp_path / "people.csv"
    place.write_text("Ana;ana@wren.example\nJo;jo@wren.example\n")
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/import")
    await page.get_by_label("File").set_input_files(place)
    await page.get_by_role("button", name="Upload and go on").click()
    await page.get_by_role("button", name="Read differently…").click()
    await its.in_every_dress("import-reading")
    await page.get_by_label("The first line has the titles").check()
    await page.get_by_role("button", name="Read again").click()
    await expect(page.get_by_label("ana@wren.example")).to_be_visible()
    its.nothing_wrong()
