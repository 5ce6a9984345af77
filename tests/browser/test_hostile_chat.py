"""Whatever a visitor writes in the chat or in a mail is text: in their own chat, and wherever staff read it.

Twice: with our content security policy, and with it switched off, so that what slipped through would really run."""

import asyncio
import contextlib
from dataclasses import replace
from types import SimpleNamespace

import pytest
from playwright.async_api import expect

from dashboard import clock
from dashboard import settings as process_settings
from dashboard.accounts import sessions
from dashboard.approvals.tables import Suggestion
from dashboard.conversations.tables import Conversation
from dashboard.database import rows
from dashboard.knowledge import loading
from dashboard.tickets.tables import Ticket
from tests.approvals.asking import after_the_hold, draft_all
from tests.browser.serving import serving
from tests.browser.walking import Wary, script
from tests.canaries import RESEND_HOOKS, RESEND_KEY
from tests.conversations.test_mail_in import Inbox
from tests.hostile import ALL, MARKUP
from tests.partners.provider import provider

PATIENCE = 90_000  # milliseconds; for a slow machine, what is there at once costs nothing
MEGABYTE = 1_048_000
QUESTION = "How much is the professional audit? "
SAID = {
    "markup": QUESTION + "<b pwned onclick=alert(1)>bold</b><img pwned src=//evil.example/i.png onerror=alert(1)>"
    "<script pwned>alert(1)</script><style pwned>*{background:url(//evil.example/c)}</style>",
    "markdown": "# Title **bold** [x](javascript:alert(1)) ![x](//evil.example/i.png) <https://evil.example> `<b pwned>`",
    "htmx": "<div pwned hx-get=/evil hx-trigger=load data-hx-post=/evil hx-on:load=alert(1)>x</div>"
    '" pwned hx-get="/evil" hx-trigger="load" x="',
    "letters": "مرحبا \u202e עברית 🙂👩\u200d👩\u200d👧 Z\u0336a\u0336 <b pwned>x</b>",
    "templates": "pwned{{7*7}}pwned pwned{%print(7*7)%}pwned pwned${7*7}pwned {{ shell.csrf }}",
    "everything": " ".join(ALL.replace("\0", "").split()),
    "a megabyte": ("<img pwned src=//evil.example/x onerror=alert(1)> " * 30_000)[:MEGABYTE].strip(),
}  # fmt: skip


@pytest.fixture
async def house(settings, acme, alice):
    """Acme with its articles and an inbox, served."""
    await loading.load(acme, clock.now())
    async with provider() as partner, serving(settings) as (_, url):
        changes = {"resend_api_key": RESEND_KEY, "resend_webhook_secret": RESEND_HOOKS, "resend_api_url": partner.url}
        process_settings.use(replace(settings, **changes))
        yield SimpleNamespace(url=url, acme=acme, alice=alice.user, inbox=Inbox(acme, partner))


@contextlib.asynccontextmanager
async def somebody(chromium, house, protected: bool, user=None):
    context = await chromium.new_context(bypass_csp=not protected, reduced_motion="reduce")
    if user is not None:
        token = await sessions.begin(user, clock.now())
        await context.add_cookies(
            [{"name": sessions.COOKIE, "value": token, "domain": "127.0.0.1", "path": "/", "secure": True}]
        )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    its = Wary(page, house)
    try:
        yield its
    finally:
        await context.close()
    assert its.complaints == [] and its.elsewhere == []


async def nothing_strange(page, where: str) -> None:
    assert [f"{where}: {each}" for each in await page.evaluate(script("look"))] == []


async def say(page, text: str) -> None:
    """Write it, and wait for what is answered."""
    mine, answers = page.locator(".say.me[id]"), page.locator(".say.ai[id]")
    before, told = await mine.count(), await answers.count()
    if len(text) > 100_000:  # more than a one-line field draws in good time
        await page.evaluate("text => fetch('', {method: 'POST', body: new URLSearchParams({message: text})})", text)
        await page.reload()
    else:
        await page.fill("#chat-in", text)
        await page.press("#chat-in", "Enter")
    await expect(answers).to_have_count(told + 1, timeout=PATIENCE)
    await expect(mine).to_have_count(before + 1, timeout=PATIENCE)


async def call_a_person(page) -> None:
    await page.click("[data-line='/person'] button")
    await page.wait_for_selector("#chat-person .ticketed")


async def all_drafted(organization, number: int) -> list[Suggestion]:
    """The suggestions, once there are so many; a conversation that is being written to is left for the next round."""
    async with asyncio.timeout(PATIENCE / 1000):
        while True:
            await draft_all()
            found = await Suggestion.of(organization).where(Suggestion.state == "waiting").order_by(Suggestion.id)
            if len(found) >= number:
                return found
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("protected", [True, False], ids=["with our policy", "without it"])
async def test_what_a_visitor_writes_is_text_to_them_and_to_staff(house, chromium, protected):
    async with (
        somebody(chromium, house, protected) as visitor,
        somebody(chromium, house, protected, house.alice) as staff,
    ):
        page = await visitor.open("/chat/acme")
        for name, text in SAID.items():
            await say(page, text)
            await rows("UPDATE conversation SET failed_answers = 0")  # or a person would be called before the end
            assert await page.locator(".say.me").last.text_content() == f"You: {text}", name
            await nothing_strange(page, f"the chat after {name}")
        await call_a_person(page)
        await house.inbox.gets(
            ALL, sender=f'"{MARKUP[0]}" <eve@customer.example>', subject=MARKUP[1], html=f"<p>{ALL}</p>",
        )  # fmt: skip
        await house.inbox.gets("", sender="eve2@customer.example", subject=ALL[:200], html=f"<p>Read this</p>{ALL}")
        waiting = await all_drafted(house.acme, 3)
        tickets = [each.number for each in await Ticket.of(house.acme).order_by(Ticket.number)]
        assert len(tickets) == 3
        paths = [
            "/acme/today",
            "/acme/tickets?show=all",
            "/acme/approvals",
            "/acme/outbox",
            "/acme/events",
            "/acme/leads",
        ]
        paths += [f"/acme/tickets/{number}" for number in tickets] + [f"/acme/approvals/{each.id}" for each in waiting]
        for path in paths:
            its = await staff.open(path)
            await nothing_strange(its, path)
        its = await staff.open(f"/acme/tickets/{tickets[0]}")
        words = await its.locator("body").text_content()
        for name, text in SAID.items():
            assert text[:5000] in words, name


async def test_what_staff_approve_is_text_to_the_visitor(house, chromium):
    answer = 'It costs €649. <b pwned>Bold</b> <img pwned src=//evil.example/i> " pwned onfocus=alert(1) \u202e {{7*7}}'
    async with somebody(chromium, house, True) as visitor, somebody(chromium, house, True, house.alice) as staff:
        page = await visitor.open("/chat/acme")
        await say(page, SAID["markup"])
        await call_a_person(page)
        [made] = await all_drafted(house.acme, 1)
        its = await staff.open(f"/acme/approvals/{made.id}")
        await its.locator("textarea[name=body]").fill(answer)
        await its.click("#act-approve")
        await its.wait_for_function("() => !document.querySelector('textarea[name=body]')", timeout=PATIENCE)
        await nothing_strange(its, "approvals after the decision")
        await after_the_hold()
        await page.reload()
        await nothing_strange(page, "the chat with the answer")
        assert answer in await page.locator("[role=log]").text_content()
        assert (await Conversation.of(house.acme).first()).needs_reply is False
