"""What stands behind the revenue page, under a person's hands: Stripe's books, payments by hand, costs, reports."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests import canaries
from tests.partners.provider import provider
from tests.payments.at_stripe import booked, purchase
from tests.running import running

SALE = ["checkout.session.completed"]
LONG = 60_000  # patience for what a worker or a job does meanwhile


@pytest.fixture(scope="module")
async def partner():
    async with provider() as stripe:
        yield stripe


@pytest.fixture(scope="module")
async def desk(partner):
    """One running application with an owner, Alice, of Acme, connected to a Stripe on loopback."""
    with running("money", STRIPE_SECRET_KEY=canaries.STRIPE_KEY, STRIPE_API_BASE=partner.url) as its:
        done = await asyncio.to_thread(
            its.command, "create-owner", "--email", "alice@acme.example", "--name", "Alice Arden", "--organization",
            "Acme", "--password", canaries.PASSWORD,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        await asyncio.to_thread(its.start)
        yield its


async def sold(desk, partner, page: Page, name: str) -> str:
    """A purchase of €49.00 that Stripe told us of and has in its books; the address of its order."""
    [event] = purchase(partner, name, SALE, email=f"{name}@customer.example")
    event["data"]["object"]["customer_details"]["name"] = f"Buyer {name}"
    booked(partner, name)
    assert await asyncio.to_thread(desk.post_event, event) == 200
    link = page.get_by_role("row", name=f"Buyer {name}").locator("a.oid")
    for _ in range(120):
        await page.goto(f"{desk.url}/acme/orders")
        if await link.count():
            break
        await page.wait_for_timeout(500)
    return await link.get_attribute("href") or ""


async def job(desk, name: str) -> None:
    done = await asyncio.to_thread(desk.command, "jobs", "run", name)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_what_stripe_has_and_we_have_not_is_seen_and_fetched(open_page, desk, partner):
    its = await open_page()
    page = await its.sign_in()
    await sold(desk, partner, page, "heard")
    purchase(partner, "missed", SALE)
    booked(partner, "missed")
    await job(desk, "stripe_books")
    await its.open("/acme/revenue")
    card = page.get_by_role("region", name="Reconciliation")
    await expect(card).to_contain_text("€49.00 differs: 1 line")
    await expect(card).to_contain_text("€49.00 charged in Stripe")
    await its.open("/acme/revenue/reconciliation")
    await its.in_every_dress("reconciliation")
    mend = card.get_by_role("button", name="Fetch and compare again")
    await mend.focus()
    await page.keyboard.press("Enter")
    notices = page.get_by_role("region", name="Notifications")
    await expect(notices).to_contain_text("1 event fetched and handled. Everything matches Stripe.", timeout=LONG)
    await expect(card).to_contain_text("EUR matches Stripe")
    await expect(card.get_by_role("button", name="Compare now")).to_be_visible()
    await its.accessible("reconciliation-same")
    its.nothing_wrong()


async def test_a_payment_is_entered_on_its_order_and_taken_back_in_the_list(open_page, desk, partner):
    its = await open_page()
    page = await its.sign_in()
    order = await sold(desk, partner, page, "more")
    await its.open(order)
    money = page.get_by_role("region", name="Money")
    await money.get_by_role("button", name="Enter payment…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Amount")).to_be_focused()
    await its.accessible("payment-dialog")
    await page.keyboard.type("a lot")
    await page.keyboard.press("Enter")
    await expect(dialog).to_contain_text("Write an amount, like 92.00.")
    await its.accessible("payment-dialog-wrong")
    await dialog.get_by_label("Amount").fill("12.50")
    await dialog.get_by_label("How it came").select_option("cash")
    await dialog.get_by_label("Note").fill("At the fair")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("Payment of €12.50 entered.")
    await expect(money).to_contain_text("€61.50")
    await its.open("/acme/revenue/payments")
    row = page.get_by_role("table", name="Payments by hand").get_by_role("row", name="At the fair")
    await expect(row).to_contain_text("Cash")
    await its.in_every_dress("payments-by-hand")
    await row.get_by_role("button", name="Take back…").click()
    await expect(dialog.get_by_label("Reason")).to_be_focused()
    await dialog.get_by_label("Reason").fill("It was another customer")
    await its.accessible("payment-take-back")
    await dialog.get_by_role("button", name="Take it back").click()
    await expect(row).to_contain_text("Taken back")
    await expect(page.get_by_role("row", name="It was another customer")).to_contain_text("−€12.50")
    its.nothing_wrong()


async def test_a_cost_is_added_changed_deleted_and_brought_back(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/revenue/costs")
    await expect(page.get_by_text("No costs yet")).to_be_visible()
    await its.accessible("costs-none")
    await page.get_by_role("button", name="Add cost").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What it was for").fill("Stand at the fair")
    await dialog.get_by_label("Amount").fill("412")
    await dialog.get_by_label("Source").fill("Fair")
    await its.accessible("cost-dialog")
    await page.keyboard.press("Enter")
    row = page.get_by_role("row", name="Stand at the fair")
    await expect(row).to_contain_text("€412.00")
    await its.in_every_dress("costs")
    await row.get_by_role("button", name="Stand at the fair").first.click()
    await dialog.get_by_label("Amount").fill("500")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("€500.00")
    await row.get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("No costs yet")).to_be_visible()
    await page.get_by_role("region", name="Notifications").get_by_role("button", name="Undo").last.click()
    await expect(row).to_contain_text("€500.00")
    await its.open("/acme/revenue")
    table = page.get_by_role("table", name="Costs and return, EUR")
    await table.get_by_role("row", name="Fair").get_by_role("link", name="€500.00").click()
    await expect(page.get_by_role("heading", name="Costs")).to_be_visible()
    await expect(page.locator(".sums")).to_contain_text("€500.00")
    its.nothing_wrong()


async def test_the_mail_of_the_week_and_the_file_are_chosen(open_page, desk):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/revenue")
    await page.get_by_role("link", name="Reports").click()
    mail = page.get_by_role("region", name="Mail of the week")
    await mail.get_by_role("button", name="Send it to me").click()
    await expect(mail).to_contain_text("It goes to alice@acme.example.")
    file = page.get_by_role("region", name="File by itself")
    await file.get_by_label("How often").select_option("week")
    await file.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("region", name="Notifications")).to_contain_text("The next file is made by itself.")
    await expect(file.get_by_label("How often")).to_have_value("week")
    await job(desk, "revenue_reports")
    await page.reload()
    await its.in_every_dress("revenue-reports")
    async with page.expect_download() as coming:
        await file.get_by_role("list", name="The last files").get_by_role("link", name="Download").click()
    assert (await coming.value).suggested_filename.startswith("acme-revenue-")
    await mail.get_by_role("button", name="Stop the mail").click()
    await expect(mail).to_contain_text("Each owner chooses for themselves.")
    its.nothing_wrong()
