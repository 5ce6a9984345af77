"""A real Chromium on a real process of ours. Screenshots go to test-results/, which git ignores."""

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.canaries import PASSWORD
from tests.running import Running, running

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "test-results"
AXE = (ROOT / "tests" / "vendor" / "axe.min.js").read_text()
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
expect.set_options(timeout=60_000)  # patience for a busy machine; what is there at once costs nothing
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
async def chromium():
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "Name a Chromium in CHROMIUM, or run make test, which finds or installs one."
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=180_000)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def desk():
    """One running application with an owner, Alice, of Acme."""
    with running("browser") as its:
        done = its.command(
            "create-owner", "--email", "alice@acme.example", "--name", "Alice Arden", "--organization", "Acme",
            "--password", PASSWORD,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert its.command("knowledge", "load").returncode == 0
        its.start()
        yield its


class Watched:
    """A page that remembers what a browser complained about."""

    def __init__(self, page: Page, its: Running) -> None:
        self.page, self.its = page, its
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda problem: self.complaints.append(str(problem)))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._request(request.url))

    def _console(self, message) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def _dialog(self, dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        await dialog.dismiss()  # or the page would wait for an answer

    def _request(self, url: str) -> None:
        if not url.startswith((self.its.url, "blob:", "about:")):
            self.elsewhere.append(url)

    async def open(self, path: str) -> Page:
        await self.page.goto(self.its.url + path)
        return self.page

    async def sign_in(self, email: str = "alice@acme.example", password: str = PASSWORD) -> Page:
        page = await self.open("/signin")
        await page.fill("#email", email)
        await page.fill("#password", password)
        await page.click("button[type=submit]")
        await page.wait_for_url("**/today")
        return page

    async def accessible(self, name: str) -> None:
        """No axe violation on what is shown, and a picture of it."""
        PICTURES.mkdir(exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")
        # what Playwright leaves behind, and htmx would try to copy
        await self.page.evaluate(
            "document.querySelectorAll('[style=\"\"]').forEach(each => each.removeAttribute('style'))"
        )
        await self.page.evaluate(AXE)  # through the driver: a script tag would be refused by our own policy
        found = await self.page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
        broken = [
            f"{name} {violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in found["violations"] for node in violation["nodes"][:3]
        ]  # fmt: skip
        assert not broken, "\n".join(broken)

    async def in_every_dress(self, name: str) -> None:
        """Light and dark, desktop and phone: accessible in each, and never wider than the screen."""
        for width, height, size in ((1440, 900, ""), (390, 844, "-phone")):
            await self.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.wait_for_timeout(150)  # icons repaint a moment after the page does
                await self.accessible(f"{name}{size}-{scheme}")
            wide = await self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name}{size} scrolls sideways by {wide} px"
            tall = await self.page.evaluate(
                "document.querySelector('.app') ? document.documentElement.scrollHeight - innerHeight : 0"
            )
            assert tall <= 0, f"{name}{size} scrolls as a whole by {tall} px, past the end of its panel"
        await self.page.set_viewport_size({"width": 1440, "height": 900})
        await self.page.emulate_media(color_scheme="light")

    def nothing_wrong(self) -> None:
        assert not self.complaints, self.complaints
        assert not self.elsewhere, self.elsewhere


@pytest.fixture
async def open_page(chromium: Browser, desk):
    """A fresh browser context each time it is called: another person, another device."""
    async with contextlib.AsyncExitStack() as stack:

        async def make() -> Watched:
            context = await chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
            context.set_default_timeout(90_000)
            stack.push_async_callback(context.close)
            return Watched(await context.new_page(), desk)

        yield make
