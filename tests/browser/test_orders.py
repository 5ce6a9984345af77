"""The orders pages under a person's hands: keys, live updates, drawer, dialogs, undo."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import toasts


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """68 orders in every state."""
    desk.fill("tests.orders.seed")


def row(page: Page, name: str):
    return page.get_by_role("row", name=name)


async def test_the_list_is_worked_by_keys_while_others_work_on_it(desk, open_page):
    its, other = await open_page(), await open_page()
    page, theirs = await its.sign_in(), await other.sign_in()
    await its.open("/acme/orders")
    await expect(page.locator("#orders-total")).to_have_text("68")
    await expect(page.get_by_role("link", name="In progress")).to_contain_text("6")
    await its.in_every_dress("orders")

    for key in ("j", "j", "x"):
        await page.keyboard.press(key)
    await expect(page.get_by_text("1 selected")).to_be_visible()
    ticked = await page.locator("tr.cursor").get_attribute("id")
    await row(page, "Nora Fitzgerald").get_by_role("link").click()
    drawer = page.get_by_role("complementary", name="Order details")
    await expect(drawer).to_contain_text("Our turn: finish and hand over")
    await its.accessible("orders-drawer-and-bulk")

    await other.open("/acme/orders?q=Paid+and+new")
    await row(theirs, "Paid and new").get_by_role("link").click()
    await theirs.get_by_role("button", name="Start work").click()
    await expect(toasts(theirs)).to_contain_text("started")
    await expect(row(page, "Paid and new")).to_contain_text("In progress")  # nobody reloaded
    await expect(page.locator(f"#{ticked} .check")).to_be_checked()
    await expect(page.locator(f"#{ticked}")).to_have_class(re.compile("cursor"))
    await expect(row(page, "Nora Fitzgerald")).to_have_attribute("aria-current", "true")
    await expect(page.get_by_text("1 selected")).to_be_visible()
    await expect(page.locator("#orders-total")).to_have_text("68")

    await drawer.get_by_role("button", name="Mark done").click()
    await expect(drawer).to_contain_text("Nobody’s")
    await page.keyboard.press("z")
    await expect(drawer).to_contain_text("Our turn: finish and hand over")
    await expect(toasts(page)).to_contain_text("The handover mail was not sent.")
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_hidden()
    its.nothing_wrong()
    other.nothing_wrong()


async def test_all_matching_are_assigned_and_given_back(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders?status=done")
    await expect(page.locator("#orders-total")).to_have_text("60")
    await page.get_by_label("Select all orders on this page").check()
    await page.get_by_role("button", name="Select all 60 matching").click()
    await expect(page.locator("[data-bulk-n]")).to_have_text("60")
    await page.get_by_role("button", name="Assign").click()
    await page.get_by_label("Assign to").select_option(label="Ana Alba")
    await its.accessible("orders-assign")
    await page.get_by_role("dialog").get_by_role("button", name="Assign", exact=True).click()
    await expect(toasts(page)).to_contain_text("60 orders assigned to Ana Alba.")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("z")
    await expect(toasts(page)).to_contain_text("60 orders given back.")
    its.nothing_wrong()


async def test_search_filter_and_saved_view(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders")
    await page.get_by_label("Search orders").press_sequentially("marguerite", delay=40)
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.get_by_label("Search orders")).to_have_value("marguerite")
    await expect(page.get_by_label("Search orders")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("f")
    await page.get_by_label("Intake overdue").check()
    await its.accessible("orders-filters")
    await page.get_by_role("button", name="Show orders").click()
    await page.wait_for_url("**/acme/orders?q=marguerite&status=overdue")
    await expect(page.locator(".chip")).to_contain_text("Status is Intake overdue")
    await page.get_by_label("Save these filters as a view").click()
    await page.get_by_label("Name").fill("Late cafés")
    await its.accessible("orders-save-view")
    await page.get_by_role("button", name="Save view").click()
    tab = page.get_by_role("navigation", name="Saved views").get_by_role("link", name="Late cafés")
    await expect(tab).to_have_attribute("aria-current", "true")
    await expect(tab).to_contain_text("1")
    await its.in_every_dress("orders-view")
    its.nothing_wrong()


async def test_an_order_by_hand_its_deadline_and_its_refund(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders")
    await page.keyboard.press("n")
    await page.get_by_role("button", name="Create order").click()
    await expect(page.locator("#email-error")).to_be_visible()
    await its.in_every_dress("order-new")
    await page.get_by_label("Name").fill("Priya Raman")
    await page.get_by_label("E-mail").fill("priya@raman.example")
    await page.locator("#plan").select_option(index=1)
    await page.get_by_label("Amount").fill("1,284.00")
    await page.get_by_label("The money has arrived").check()
    await page.get_by_role("button", name="Create order").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Order 69")
    await its.in_every_dress("order")

    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("button", name="Change deadline…").click()
    await page.get_by_label("Promised for").fill("2027-01-15")
    await page.get_by_role("button", name="Set deadline").click()
    await expect(page.locator(".stepper")).to_contain_text("due Fri 15 Jan")
    await expect(page.get_by_role("dialog")).to_be_hidden()  # the live update may be here before the answer

    note = page.get_by_label("Internal note")
    await note.fill("Half written")
    await page.get_by_role("button", name="Refund…").first.click()
    await page.get_by_label("Amount, EUR").fill("92")
    await page.get_by_role("button", name="Refund Priya Raman").click()
    await expect(page.locator("#refund-reason-error")).to_be_visible()
    await its.accessible("order-refund")
    await page.get_by_label("Reason").fill("One template not needed")
    await page.get_by_role("button", name="Refund Priya Raman").click()
    await expect(page.locator("#order")).to_contain_text("Part refunded")
    await expect(page.locator("#order")).to_contain_text("€1,192.00")
    await expect(note).to_have_value("Half written")
    await page.get_by_role("button", name="Add note").click()
    await expect(page.locator(".feed")).to_contain_text("Half written")
    await expect(page.get_by_label("Internal note")).to_have_value("")
    its.nothing_wrong()


async def test_a_file_goes_up_and_can_be_taken_away_and_brought_back(desk, open_page, tmp_path):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/orders/63")
    report = tmp_path / "audit.pdf"
    report.write_bytes(b"%PDF-1.7 audit")
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_label("File").set_input_files(report)
    await page.get_by_label("Title").fill("Audit")
    await its.accessible("order-upload")
    await page.get_by_role("dialog").get_by_role("button", name="Upload").click()
    await expect(page.locator(".boxed", has_text="audit.pdf")).to_contain_text("v2")
    await page.get_by_label("Take away Audit, version 2").click()
    await expect(page.get_by_label("Take away Audit, version 2")).to_have_count(0)
    await page.keyboard.press("z")
    await expect(page.get_by_label("Take away Audit, version 2")).to_have_count(1)
    its.nothing_wrong()
