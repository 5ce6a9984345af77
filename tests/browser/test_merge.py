"""Duplicates, merging and forgetting under a person's hands, by keys alone where it matters."""

import subprocess
import sys

import pytest
from playwright.async_api import expect

from tests.browser.hands import toasts
from tests.canaries import PASSWORD
from tests.running import ROOT


@pytest.fixture(scope="module", autouse=True)
def filled(desk) -> None:
    """Somebody who is there twice, and somebody who left a trace everywhere."""
    for module in ("tests.erasure.person", "tests.leads.twins"):
        command = [sys.executable, "-m", module]
        done = subprocess.run(command, cwd=ROOT, env=desk.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


async def test_two_become_one_and_are_parted_again_by_keys(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/duplicates")
    await expect(page.get_by_role("heading", name="Duplicates")).to_be_visible()
    await its.in_every_dress("duplicates")
    await page.get_by_role("link", name="Compare Sofia Marchetti").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Merge duplicates")).to_be_visible()
    await its.in_every_dress("merge")
    email = page.locator('input[name="keep-email"]')
    await email.first.focus()
    await page.keyboard.press("ArrowRight")
    await expect(email.last).to_be_checked()
    await page.get_by_role("button", name="Merge").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("S. Marchetti is part of Sofia Marchetti")).to_be_visible()
    await page.keyboard.press("z")
    await expect(page.get_by_role("heading", name="Merge duplicates")).to_be_visible()
    await expect(toasts(page)).to_contain_text("Parted.")
    await page.get_by_role("button", name="Not the same").click()
    await expect(toasts(page)).to_contain_text("Kept apart.")
    await page.keyboard.press("z")
    await expect(page.get_by_role("link", name="Compare Sofia Marchetti")).to_be_visible()
    its.nothing_wrong()


async def test_merging_is_undone_from_the_timeline(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/duplicates")
    await page.get_by_role("link", name="Compare Sofia Marchetti").click()
    await page.get_by_role("button", name="Merge").click()
    await expect(page.get_by_text("S. Marchetti is part of Sofia Marchetti")).to_be_visible()
    await its.in_every_dress("merged")  # here, where nothing waits for a toast that goes by itself
    await page.get_by_role("link", name="Open the lead").click()
    await expect(page.get_by_text("merged S. Marchetti into this lead").first).to_be_visible()
    await page.get_by_role("button", name="Undo this merge").click()
    await expect(toasts(page)).to_contain_text("Parted.")
    await its.open("/acme/leads/duplicates")
    await expect(page.get_by_role("link", name="Compare Sofia Marchetti")).to_be_visible()
    its.nothing_wrong()


async def test_a_person_is_forgotten_after_a_word_and_a_password(desk, open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads?q=odalys")
    await page.get_by_role("link", name="Odalys Quillfeather", exact=True).click()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("link", name="Personal data").click()
    await expect(page.get_by_role("heading", name="Forget this person")).to_be_visible()
    await expect(page.get_by_text("still being worked on")).to_be_visible()
    await its.in_every_dress("privacy")
    await page.get_by_role("button", name="Forget Odalys Quillfeather").click()
    await expect(page.get_by_text("Write “erase” to go on.")).to_be_visible()
    if await page.get_by_label("Your password").count():
        await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_label("Write “erase” to go on").fill("erase")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Odalys Quillfeather is forgotten")).to_be_visible()
    await its.in_every_dress("forgotten")
    await its.open("/acme/settings/privacy")
    await expect(page.get_by_text("By Alice Arden").first).to_be_visible()
    await page.get_by_label("Forget after").fill("365")
    await expect(page.get_by_text("would be forgotten tonight")).to_be_visible()
    await its.in_every_dress("settings-privacy")
    await page.get_by_role("button", name="Save").click()
    await expect(toasts(page)).to_contain_text("Saved.")
    its.nothing_wrong()
