"""What several tests do with a page as a person would."""

from playwright.async_api import Locator, Page


def toasts(page: Page) -> Locator:
    """Where the page says what has happened."""
    return page.get_by_role("region", name="Notifications")


async def walk_to(page: Page, target: Locator, back: bool = False) -> None:
    """Press Tab until it has the focus."""
    for _ in range(160):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not get to {target}")
