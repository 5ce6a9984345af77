"""Names, subjects and addresses are as long as people make them; no page grows wider than the screen for that."""

import re

NAME = "Maximiliane Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft und Partner"
ADDRESS = "maximiliane.donaudampfschifffahrt@elektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft.example"
SUBJECT = "https://www.elektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft.example/reports/2026/quarter/4"
WIDER = """[...document.querySelectorAll('.scroll, .tri, .side, .lane')].filter(each => each.scrollWidth > each.clientWidth)
    .map(each => `${each.className} by ${each.scrollWidth - each.clientWidth} px`)"""


async def test_what_has_no_blank_breaks_instead_of_pushing_a_page_wider_than_the_screen(open_page):
    its = await open_page()
    page = await its.sign_in()
    await its.open("/acme/leads/new")
    await page.get_by_label("Name", exact=True).fill(NAME)
    await page.get_by_label("Company optional").fill(NAME)
    await page.get_by_label("E-mail", exact=True).fill(ADDRESS)
    await page.locator(".panel form [type=submit]").click()
    await page.wait_for_url(re.compile(r"/acme/leads/\d+$"))
    lead = page.url.removeprefix(its.its.url)
    await its.open("/acme/tickets/new")
    await page.get_by_label("E-mail").fill(ADDRESS)
    await page.get_by_label("Subject").fill(SUBJECT)
    await page.get_by_label("Message").fill(SUBJECT)
    await page.get_by_role("button", name="Open ticket").click()
    await page.wait_for_url(re.compile(r"/acme/tickets/\d+$"))
    ticket = page.url.removeprefix(its.its.url)
    for size in ({"width": 1440, "height": 900}, {"width": 1100, "height": 800}, {"width": 390, "height": 844}):
        await page.set_viewport_size(size)
        for path in (
            "/acme/today",
            "/acme/leads",
            "/acme/leads/board",
            lead,
            "/acme/tickets",
            ticket,
            "/acme/conversations",
        ):
            await its.open(path)
            wide = await page.evaluate(WIDER)
            assert not wide, f"{path} at {size['width']} px: {wide}"
    its.nothing_wrong()
