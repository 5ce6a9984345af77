"""Every page of support in every dress: light and dark, desktop and phone, without a violation."""

import pytest
from playwright.async_api import expect

from tests.browser.test_tickets import filled  # noqa: F401 - the sample company's support
from tests.test_crashes import query


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("tickets", "/acme/tickets", "Tickets"),
        ("ticket", "/acme/tickets/{report}", "Report shows the wrong domain"),
        ("ticket-new", "/acme/tickets/new", "New ticket"),
        ("tickets-statistics", "/acme/tickets/statistics", "By priority"),
        ("tickets-settings", "/acme/settings/tickets", "Canned replies"),
        ("conversations", "/acme/conversations", "Conversations"),
        ("conversation", "/acme/conversations/{thread}", "Customer"),
        ("approvals", "/acme/approvals", "Approvals"),
        ("learning", "/acme/approvals/learning", "Why people rejected"),
        ("rules", "/acme/settings/rules", "Delivery times"),
        ("rule-changed", "/acme/settings/rules/1/changed", "Delivery times"),
        ("support-today", "/acme/today", "First reply"),
    ],
)  # fmt: skip
async def test_every_page_is_for_everybody(desk, open_page, name, path, words):
    its = await open_page()
    page = await its.sign_in()
    [at] = await query(
        desk,
        "SELECT (SELECT number FROM ticket WHERE subject LIKE 'Report shows%') AS report, "
        "(SELECT max(id) FROM conversation WHERE archived_at IS NULL AND lead IS NOT NULL) AS thread",
    )
    await its.open(path.format(**at))
    await expect(page.locator("#main")).to_contain_text(words)
    await its.in_every_dress(name)
    its.nothing_wrong()
