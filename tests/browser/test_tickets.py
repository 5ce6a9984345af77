"""Support under a person's hands: a ticket from the list to solved and back by the keyboard alone, and the inbox."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import toasts, walk_to
from tests.test_crashes import query

SUBJECT = "Is the report available in French?"


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """The sample company's tickets, threads and suggestions."""
    desk.fill("tests.tickets.crowd")


async def walk_down_to(page: Page, text: str) -> None:
    """Press j until the row with this text has the cursor."""
    for _ in range(60):
        await page.keyboard.press("j")
        if text in await page.locator("tr.cursor").inner_text():
            return
    raise AssertionError(f"j does not get to {text}")


async def facts(its) -> dict:
    [found] = await query(
        its,
        "SELECT t.status, t.assignee, t.reopened, c.id AS conversation, u.name AS owner FROM ticket t "
        "JOIN conversation c ON c.id = t.conversation LEFT JOIN app_user u ON u.id = t.assignee "
        f"WHERE t.subject = '{SUBJECT}'",
    )
    return dict(found)


async def test_a_ticket_is_answered_noted_given_away_solved_and_opened_again_by_keys(desk, open_page):
    its = await open_page()
    page = await its.sign_in("ana@acme.example")
    await page.keyboard.press("g")
    await page.keyboard.press("t")
    await page.wait_for_url("**/acme/tickets")
    await expect(page.locator("#tickets-total")).to_have_text(re.compile(r"^\d+$"))
    await walk_down_to(page, SUBJECT)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/acme/tickets/*")
    await expect(page.get_by_role("heading", name=SUBJECT)).to_be_visible()

    field = page.get_by_label(re.compile("^Message to"))
    await walk_to(page, page.get_by_role("button", name="Canned replies"))
    await page.keyboard.press("Enter")
    choice = page.get_by_role("button", name="Ask for a screenshot")
    await walk_to(page, choice)
    await page.keyboard.press("Enter")
    await expect(field).to_be_focused()
    await expect(field).to_have_value(re.compile("^Hello .*screenshot.*Ana Alba$", re.DOTALL))
    await page.keyboard.press("Control+Enter")
    await expect(toasts(page)).to_contain_text("Reply leaves in 10 seconds. It waits for the customer then.")
    await expect(page.locator("article.msg", has_text="could you send us a screenshot")).to_be_visible()
    await expect(page.get_by_label("Ticket and customer")).to_contain_text("Waiting on customer")

    await walk_to(page, page.get_by_role("radio", name="Reply"), back=True)
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Tab")
    await walk_to(page, field) if not await field.evaluate("f => f === document.activeElement") else None
    await page.keyboard.type("Only we read this.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("article.note-in", has_text="Only we read this.")).to_be_visible()

    await walk_to(page, page.get_by_label("Owner"))
    await page.keyboard.type("Alice", delay=60)
    await expect(toasts(page)).to_contain_text("Assigned.")
    assert (await facts(desk))["owner"] == "Alice Arden"

    await walk_to(page, page.get_by_role("button", name="Solve", exact=True), back=True)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Open again")).to_be_visible()
    assert (await facts(desk))["status"] == "solved"
    await walk_to(page, page.get_by_role("button", name="Open again"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Solve", exact=True)).to_be_visible()
    found = await facts(desk)
    assert (found["status"], found["reopened"]) == ("open", 1)
    assert len(await query(desk, f"SELECT 1 FROM message WHERE conversation = {found['conversation']}")) == 2
    its.nothing_wrong()


async def test_tickets_are_ticked_and_changed_by_keys_and_taken_back(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/tickets?show=all")
    before = await query(desk, "SELECT number, status FROM ticket ORDER BY number")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator("[data-bulk-n]")).to_have_text("2")
    await its.in_every_dress("tickets-ticked")
    await page.keyboard.press("b")
    await walk_to(page, page.get_by_role("button", name="Status", exact=True))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Change the status")
    await its.accessible("tickets-status-dialog")
    await walk_to(page, page.get_by_label("Status", exact=True))
    await page.keyboard.type("Closed", delay=60)
    await walk_to(page, page.get_by_role("button", name="Change status"))
    await page.keyboard.press("Enter")
    await expect(toasts(page)).to_contain_text("2 tickets set to “Closed”.")
    await page.keyboard.press("z")
    await expect(toasts(page)).to_contain_text("2 tickets as before.")
    assert await query(desk, "SELECT number, status FROM ticket ORDER BY number") == before
    its.nothing_wrong()


async def test_a_conversation_is_read_archived_and_brought_back(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("g")
    await page.keyboard.press("v")
    await page.wait_for_url("**/acme/conversations")
    unread = await query(
        desk, "SELECT id FROM conversation WHERE unread AND archived_at IS NULL ORDER BY id DESC LIMIT 1"
    )
    await its.open(f"/acme/conversations/{unread[0]['id']}")

    async with page.expect_response(lambda answer: answer.url.endswith("/reading")):
        await page.reload()
    assert not await query(desk, f"SELECT 1 FROM conversation WHERE unread AND id = {unread[0]['id']}")
    await page.get_by_role("button", name="Archive").click()
    await expect(page.get_by_role("button", name="To the inbox")).to_be_visible()
    await page.keyboard.press("z")
    await expect(page.get_by_role("button", name="Archive")).to_be_visible()
    await page.get_by_role("button", name="Mark unread").click()
    await page.wait_for_url("**/acme/conversations")
    its.nothing_wrong()
