"""A campaign from its first word to its last mail under a person's hands: written, looked at, checked, launched,
watched, paused and resumed; and a recipient who unsubscribes on another device meanwhile. Once with the mouse, once with
the keyboard alone."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.hands import toasts, walk_to
from tests.canaries import PASSWORD
from tests.partners.provider import provider
from tests.running import running
from tests.test_crashes import connected_env

AT_WORK = 90_000  # milliseconds for what the engine, the out-tray and a provider do on a busy machine
FIGURE = ".strip a:has(.l:text-is('{}')) .v"


@pytest.fixture(scope="module")
async def partner():
    """Resend on loopback."""
    async with provider() as its:
        yield its


@pytest.fixture(scope="module")
async def desk(partner):
    """An application that sends through it, and twelve people to write to."""
    with running("campaigns", **connected_env(partner.url)) as its:
        done = await asyncio.to_thread(
            its.command, "create-owner", "--email", "alice@acme.example", "--name", "Alice Arden", "--organization",
            "Acme", "--password", PASSWORD,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        await asyncio.to_thread(its.fill, "tests.campaigns.crowd")
        await asyncio.to_thread(its.start)
        yield its


def figure(page: Page, name: str) -> Locator:
    return page.locator(FIGURE.format(name))


def link_of(partner, address: str) -> str:
    """The link to unsubscribe in the newest mail somebody got."""
    mails = [each["body"] for each in partner.sent("resend") if each["body"]["to"] == [address]]
    return re.search(r"<([^>]+)>", mails[-1]["headers"]["List-Unsubscribe"])[1]


async def written(page: Page, name: str) -> None:
    """A sequence of two mails to everybody, in the editor."""
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Sequence", exact=False).first.check()
    await page.get_by_role("button", name="Create draft").click()
    await page.wait_for_url("**/edit")
    for day in (14, 7):
        await page.get_by_role("button", name=f"Remove day {day}").click()
        await expect(page.get_by_role("button", name=f"Remove day {day}")).to_have_count(0)
    for number, template in enumerate(("Welcome", "Follow-up")):
        await page.get_by_label("Template").nth(number).select_option(label=template)
        await expect(page.locator(".days li").nth(number)).to_contain_text(f"{template}, version 1")


async def test_a_campaign_is_written_checked_launched_watched_paused_and_resumed(desk, partner, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/campaigns")
    await expect(page.get_by_role("heading", name="No campaigns yet")).to_be_visible()
    await its.in_every_dress("campaigns-empty")
    await page.get_by_role("link", name="New campaign").first.click()
    await written(page, "Autumn site check")

    preview = page.frame_locator("iframe[title='The mail as it arrives']")
    await expect(preview.get_by_text("Hi Lea,")).to_be_visible()
    person = page.get_by_label("Preview as")
    await person.select_option(label=await person.locator("option", has_text="Tom").inner_text())
    await expect(preview.get_by_text("Hi Tom,")).to_be_visible()
    await page.get_by_label("At most an hour").fill("5")
    await page.get_by_label("At most a day").focus()
    await expect(page.locator("#duration")).to_contain_text("hour")

    launch = page.get_by_role("button", name="Launch to 12 people")
    await expect(launch).to_be_disabled()
    await expect(page.locator("#preflight")).to_contain_text("to fix")
    await its.accessible("campaign-editor-blocked")
    await page.get_by_role("button", name="Send test to me").click()
    await expect(launch).to_be_enabled()
    await its.accessible("campaign-editor-ready")
    await launch.click()
    await page.wait_for_url(re.compile(r"/campaigns/\d+$"))

    await expect(figure(page, "Recipients")).to_have_text("12", timeout=AT_WORK)  # nobody reloads from here on
    await expect(figure(page, "Sent")).to_have_text("5", timeout=AT_WORK)
    await expect(page.locator("#next")).to_contain_text("At most 5 an hour")
    tested = [each for each in partner.sent("resend") if each["body"]["subject"].startswith("[Test]")]
    assert len(partner.sent("resend")) == 5 + len(tested) and len(tested) == 2
    await its.in_every_dress("campaign-running")

    await page.get_by_role("button", name="Pause", exact=True).click()
    await expect(toasts(page)).to_contain_text("paused. Nothing leaves.")
    await expect(page.locator(".page-head .badge")).to_have_text("Paused")
    await expect(page.locator(".note.warning")).to_contain_text("Paused by Alice Arden")
    await page.keyboard.press("z")
    await expect(page.locator(".page-head .badge")).to_have_text("Running")
    await page.get_by_role("button", name="Pause", exact=True).click()
    await its.in_every_dress("campaign-paused")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator(".page-head .badge")).to_have_text("Running")
    assert len({each["key"] for each in partner.sent("resend")}) == len(partner.sent("resend")) == 5 + len(tested)

    await page.get_by_role("link", name="All 24").click()
    await expect(page.locator("#ledger tbody tr")).to_have_count(24)
    await its.in_every_dress("campaign-ledger")
    await page.get_by_label("Search recipients").fill("rosa")
    await expect(page.locator("#ledger tbody tr")).to_have_count(2)
    await page.keyboard.press("Escape")
    its.nothing_wrong()


async def test_a_recipient_unsubscribes_on_another_device_while_it_runs(desk, partner, open_page):
    its, theirs = await open_page(), await open_page()
    page = await its.sign_in()
    await its.open("/acme/campaigns")
    await page.get_by_role("link", name="Autumn site check").click()
    await expect(figure(page, "Unsubscribed")).to_have_text("0", timeout=AT_WORK)
    got = [each["body"]["to"][0] for each in partner.sent("resend") if not each["body"]["subject"].startswith("[Test]")]
    phone = theirs.page
    await phone.goto(link_of(partner, got[0]))
    await expect(phone.get_by_role("heading", name="Stop these mails?")).to_be_visible()
    await theirs.in_every_dress("unsubscribe")
    await expect(figure(page, "Unsubscribed")).to_have_text("0", timeout=AT_WORK)  # looking has changed nothing
    await phone.get_by_label("Only stop “Autumn site check”").check()
    await phone.get_by_role("button", name="Save my choice").click()
    await expect(phone.get_by_role("heading", name="“Autumn site check” is stopped")).to_be_visible()
    await theirs.accessible("unsubscribed-one")
    await phone.get_by_role("button", name="Stop all news and offers").click()
    await expect(phone.get_by_role("heading", name="You are off the list")).to_be_visible()
    await theirs.in_every_dress("unsubscribed")
    await expect(figure(page, "Unsubscribed")).to_have_text("1", timeout=AT_WORK)
    await expect(page.locator("#why-stopped + span, section:has(#why-stopped)").first).to_be_visible()
    await expect(page.locator("section:has(> header > #why-stopped)")).to_contain_text("Unsubscribed")
    await phone.get_by_role("button", name="That was a mistake, undo").click()
    await expect(phone.get_by_role("heading", name="Stop these mails?")).to_be_visible()
    await expect(figure(page, "Unsubscribed")).to_have_text("0", timeout=AT_WORK)
    its.nothing_wrong()
    theirs.nothing_wrong()


async def test_unsubscribing_needs_no_script(desk, partner, chromium):
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    got = [each["body"]["to"][0] for each in partner.sent("resend") if not each["body"]["subject"].startswith("[Test]")]
    await page.goto(link_of(partner, got[1]))
    await page.get_by_role("button", name="Save my choice").click()
    await expect(page.get_by_role("heading", name="You are off the list")).to_be_visible()
    await context.close()


async def test_the_same_with_the_keyboard_alone(desk, partner, open_page):
    its = await open_page()
    page = await its.sign_in()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.wait_for_url("**/acme/campaigns")
    await page.keyboard.press("n")
    await page.wait_for_url("**/campaigns/new")
    await walk_to(page, page.get_by_label("Name", exact=True))
    await page.keyboard.type("By keys")
    await page.keyboard.press("Enter")  # one mail is what a new campaign begins with
    await page.wait_for_url("**/edit")
    await walk_to(page, page.get_by_label("Template"))
    await page.keyboard.type("Welcome", delay=60)
    await expect(page.locator(".days li")).to_contain_text("Welcome, version 1")
    await walk_to(page, page.get_by_label("At most an hour"))
    await page.keyboard.type("3")
    await page.keyboard.press("Tab")
    await expect(page.locator("#duration")).to_contain_text("hour")
    await walk_to(page, page.get_by_role("button", name="Send test to me"))
    await page.keyboard.press("Enter")
    launch = page.get_by_role("button", name=re.compile("^Launch to"))
    await expect(page.locator("#preflight")).not_to_contain_text("to fix")
    ask = page.locator("#preflight input[type=checkbox]")
    if await ask.count():  # they are in another campaign, too
        await walk_to(page, ask.first)
        await page.keyboard.press("Space")
    await walk_to(page, launch)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/campaigns/\d+$"))
    await walk_to(page, page.get_by_role("button", name="Pause", exact=True))
    await page.keyboard.press("Enter")
    await expect(page.locator(".page-head .badge")).to_have_text("Paused")
    await walk_to(page, page.get_by_role("button", name="Resume"))
    await page.keyboard.press("Enter")
    await expect(page.locator(".page-head .badge")).to_have_text("Running")
    await expect(figure(page, "Sent")).to_have_text("3", timeout=AT_WORK)
    its.nothing_wrong()
