"""A visitor on somebody else's site asks in the widget, calls a person, and is answered there, all of it live."""

import json

import asyncpg
import pytest
from playwright.async_api import expect

from tests import canaries
from tests.browser.conftest import AXE, PICTURES, RULES
from tests.browser.site import serving
from tests.browser.walking import script
from tests.hostile import CORPUS, MARKUP
from tests.running import free_port
from tests.test_crashes import query

PATIENCE = 90_000  # ms; ten seconds of it are for taking an approval back
QUESTION = "How much is the professional audit?"
HOSTILE = """
    INSERT INTO message (organization, conversation, number, direction, author_kind, text, sources, key, created_at)
    VALUES (1, $1, $2, $3, $4, $5, $6, 'h' || $2::int, now())"""
BUBBLE, FRAME, FIELD = "button.bubble", "iframe", "Your message"


@pytest.fixture
async def site(desk):
    """Listed under one of its two names."""
    with serving() as its:
        its.included = f'<script async src="{desk.url}/embed/acme.js"></script>'
        chosen = json.dumps({"origins": [its.listed]})
        await query(desk, f"UPDATE organization SET support = '{chosen}' WHERE slug = 'acme'")
        await query(desk, "DELETE FROM attempt")
        yield its


@pytest.fixture
async def visitor(open_page, site):
    """A stranger on the company's site."""
    watched = await open_page()
    await watched.page.goto(site.listed)
    return watched


def quiet(watched) -> None:
    assert not watched.complaints, watched.complaints


async def asks(page, text=QUESTION):
    """In the open panel; its frame."""
    frame = page.frame_locator(FRAME)
    await frame.get_by_label(FIELD).fill(text)
    await frame.get_by_label(FIELD).press("Enter")
    return frame


async def accessible(page, name: str) -> None:
    """No axe violation in the panel, and a picture of the page it stands on."""
    PICTURES.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")
    frame = next(each for each in page.frames if "/panel" in each.url)
    await frame.evaluate(AXE)
    found = await frame.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)
    await page.evaluate(AXE)
    around = await page.evaluate("tags => axe.run({include: [['aside']]}, {runOnly: tags, iframes: false})", RULES)
    broken = found["violations"] + around["violations"]
    assert not broken, [(name, each["id"], [node["target"] for node in each["nodes"]]) for each in broken]


async def test_asked_escalated_approved_by_key_and_answered_live(visitor, open_page, desk):
    page = visitor.page
    agent = await open_page()
    tickets = await agent.sign_in()
    await tickets.goto(f"{desk.url}/acme/tickets")
    approvals = await tickets.context.new_page()
    await approvals.goto(f"{desk.url}/acme/approvals")
    for each in (tickets, approvals, page):
        await each.evaluate("window.neverReloaded = true")

    await page.click(BUBBLE)
    frame = await asks(page)
    answer = frame.locator(".say.ai").last
    await expect(answer).to_contain_text("€649", timeout=PATIENCE)
    chip = answer.get_by_role("button", name="Professional audit")
    await chip.click()
    await expect(frame.locator(".passage:popover-open")).to_contain_text("€649")
    await page.keyboard.press("Escape")
    await expect(frame.locator(".passage:popover-open")).to_have_count(0)
    await accessible(page, "widget-answered")
    await frame.get_by_role("button", name="That helps").click()
    await expect(frame.locator("#chat-person")).to_contain_text("Good to hear.", timeout=PATIENCE)
    await expect(frame.get_by_role("button", name="That helps")).to_have_count(0)

    await frame.get_by_role("button", name="Talk to a person").click()
    await expect(frame.locator("#chat-person")).to_contain_text("A person will answer: ticket 1", timeout=PATIENCE)
    await tickets.bring_to_front()
    await expect(tickets.locator("#t1")).to_contain_text(QUESTION, timeout=PATIENCE)
    await approvals.bring_to_front()
    await expect(approvals.locator("section.suggest")).to_contain_text("€649", timeout=PATIENCE)
    await approvals.keyboard.press("a")
    await expect(approvals.locator(".queue li:not(.leaving)")).to_have_count(0, timeout=PATIENCE)
    await page.bring_to_front()
    reply = frame.locator("[data-person]")
    await expect(reply).to_contain_text("Alice Arden", timeout=PATIENCE)
    await expect(reply).to_contain_text("€649")
    held = "sent_at >= decided_at + interval '10 seconds'"  # until then it could be taken back
    assert await query(desk, f"SELECT 1 FROM suggestion WHERE state = 'sent' AND {held}")
    await expect(frame.locator("#chat-person")).to_contain_text("You talk to a person: ticket 1", timeout=PATIENCE)
    for each in (tickets, approvals, page):
        assert await each.evaluate("window.neverReloaded")
    await accessible(page, "widget-person")

    await page.reload()
    await expect(frame.locator("[data-person]")).to_contain_text("Alice Arden", timeout=PATIENCE)
    await expect(frame.locator(".say.me")).to_contain_text(QUESTION)
    await expect(frame.locator(".say")).to_have_count(4)
    quiet(visitor), agent.nothing_wrong()


async def test_a_ticket_that_is_open_follows_what_the_visitor_writes(visitor, open_page, desk):
    await visitor.page.click(BUBBLE)
    frame = await asks(visitor.page, "I want to talk to a human")  # who says so need not press the button too
    await expect(frame.locator("#chat-person")).to_contain_text("A person will answer", timeout=PATIENCE)
    [ticket] = await query(desk, "SELECT max(number) AS number FROM ticket")
    agent = await open_page()
    page = await agent.sign_in()
    await page.goto(f"{desk.url}/acme/tickets/{ticket['number']}")
    await page.get_by_label("Message to").type("I am on my way")
    await expect(frame.locator("[data-doing]")).to_have_text("Alice Arden is replying…", timeout=PATIENCE)
    await asks(visitor.page, "My parcel is blue")
    # told once that a person answers; what is said after that comes alone
    await expect(frame.locator(".say.ai").last).to_contain_text("Your message is with ticket", timeout=PATIENCE)
    await asks(visitor.page, "And large")
    await page.bring_to_front()
    thread = page.get_by_role("region", name="Messages")
    for each in ("My parcel is blue", "Your message is with ticket", "And large"):
        await expect(thread).to_contain_text(each, timeout=PATIENCE)
    await visitor.page.click(BUBBLE)
    await page.get_by_label("Message to").fill("It has arrived")
    await page.keyboard.press("Control+Enter")
    await expect(thread).to_contain_text("It has arrived", timeout=PATIENCE)
    await expect(visitor.page.locator(f"{BUBBLE}.news")).to_have_count(1, timeout=PATIENCE)
    await visitor.page.click(BUBBLE)
    await expect(frame.locator("[data-person]")).to_contain_text("It has arrived")
    await expect(visitor.page.locator(f"{BUBBLE}.news")).to_have_count(0)
    quiet(visitor), agent.nothing_wrong()


async def test_an_unlisted_site_gets_neither_button_nor_panel(open_page, site, desk):
    watched = await open_page()
    page = watched.page
    async with page.expect_console_message(lambda message: "is not listed" in message.text, timeout=PATIENCE):
        await page.goto(site.unlisted)
    assert await page.locator(BUBBLE).count() == 0
    site.included = f'<iframe src="{desk.url}/chat/acme/panel"></iframe>'
    for where, shown in ((site.listed, True), (site.unlisted, False)):
        await page.goto(where)
        field = page.frame_locator(FRAME).get_by_label(FIELD)
        await expect(field).to_have_count(1 if shown else 0, timeout=PATIENCE)
        assert any("chrome-error" in each.url for each in page.frames) is not shown


async def test_the_keyboard_alone_opens_asks_and_closes(visitor):
    page = visitor.page
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    frame = page.frame_locator(FRAME)
    await expect(frame.get_by_label(FIELD)).to_be_focused(timeout=PATIENCE)
    await page.keyboard.type("Is VAT included?")
    await page.keyboard.press("Enter")
    await expect(frame.locator(".say.ai")).to_contain_text("VAT", timeout=PATIENCE)
    await expect(frame.get_by_label(FIELD)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator(FRAME)).to_be_hidden()
    assert await page.evaluate("document.activeElement.shadowRoot.activeElement.className") == "bubble"
    quiet(visitor)


async def test_other_windows_have_no_say(visitor):
    """The site's own scripts may do what they like; messages count from the panel, and in the panel from the site."""
    page = visitor.page
    await page.click(BUBBLE)
    frame = page.frame_locator(FRAME)
    await expect(frame.get_by_label(FIELD)).to_be_focused(timeout=PATIENCE)
    await page.evaluate("postMessage({chat: 'close'}, '*')")
    panel = next(each for each in page.frames if "/panel" in each.url)
    await panel.evaluate("document.activeElement.blur(); postMessage({chat: 'opened'}, '*')")
    await page.wait_for_timeout(300)
    await expect(page.locator(FRAME)).to_be_visible()
    await expect(frame.get_by_label(FIELD)).not_to_be_focused()
    quiet(visitor)


async def test_what_could_not_be_sent_is_kept_and_sent_once(visitor):
    page = visitor.page
    await page.click(BUBBLE)
    frame = await asks(page, "Is VAT included?")
    await expect(frame.locator(".say.ai")).to_have_count(1, timeout=PATIENCE)
    await page.context.set_offline(True)
    await asks(page)
    await expect(frame.get_by_role("alert")).to_contain_text("Not sent", timeout=PATIENCE)
    await expect(frame.get_by_label(FIELD)).to_have_value(QUESTION)
    await page.context.set_offline(False)
    await frame.get_by_role("button", name="Try again").click()
    await expect(frame.locator(".say.ai").last).to_contain_text("€649", timeout=PATIENCE)
    await expect(frame.locator(".say.me")).to_have_count(2)
    await expect(frame.get_by_label(FIELD)).to_have_value("")


async def test_it_fits_a_phone_and_is_accessible_in_every_dress(visitor):
    page = visitor.page
    await page.click(BUBBLE)
    frame = await asks(page)
    await expect(frame.locator(".say.ai")).to_contain_text("€649", timeout=PATIENCE)
    await frame.get_by_role("button", name="Talk to a person").click()
    await expect(frame.get_by_placeholder("Also by mail")).to_be_visible(timeout=PATIENCE)
    for width, height, size in ((1440, 900, ""), (390, 844, "-phone")):
        await page.set_viewport_size({"width": width, "height": height})
        box = await page.locator(FRAME).bounding_box()
        assert (box["width"] == 390 and box["height"] == 844) is (size == "-phone")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.wait_for_timeout(200)
            await accessible(page, f"widget{size}-{scheme}")
    quiet(visitor)


async def test_our_own_page_does_the_same_without_scripts(chromium, site, desk):
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{desk.url}/chat/acme")
    await page.get_by_label(FIELD).fill(QUESTION)
    await page.get_by_label(FIELD).press("Enter")
    await expect(page.locator(".say.ai")).to_contain_text("€649", timeout=PATIENCE)
    await page.get_by_role("button", name="Professional audit").click()
    await expect(page.locator(".passage:popover-open")).to_contain_text("€649")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Talk to a person").click()
    await page.get_by_placeholder("Also by mail").fill("robin@customer.example")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#chat-person")).to_contain_text("by mail to r•••@customer.example", timeout=PATIENCE)
    await context.close()


async def test_our_own_page_in_every_dress(open_page, site, desk):
    watched = await open_page()
    page = await watched.open("/chat/acme")
    await page.get_by_label(FIELD).fill(QUESTION)
    await page.get_by_label(FIELD).press("Enter")
    await expect(page.locator(".say.ai")).to_contain_text("€649", timeout=PATIENCE)
    await page.get_by_role("button", name="Talk to a person").click()
    await expect(page.get_by_placeholder("Also by mail")).to_be_visible(timeout=PATIENCE)
    await watched.in_every_dress("chat")
    watched.nothing_wrong()


async def test_what_anybody_wrote_is_text_in_the_chat_too(open_page, site, desk):
    watched = await open_page()
    page = await watched.open("/chat/acme")
    await page.get_by_label(FIELD).fill(MARKUP[0])
    await page.get_by_label(FIELD).press("Enter")
    await expect(page.locator(".say.ai")).to_have_count(1, timeout=PATIENCE)
    [made] = await query(desk, "SELECT max(id) AS id FROM conversation")
    connection = await asyncpg.connect(desk.env["DATABASE_URL"])
    for number, text in enumerate(CORPUS, 3):
        cited = json.dumps([{"slug": "x", "anchor": text[:80], "heading": text[:150], "title": text[:150]}])
        by = ("visitor", "machine", "staff")[number % 3]
        await connection.execute(HOSTILE, made["id"], number, "in" if by == "visitor" else "out", by, text, cited)
    await connection.execute("SELECT pg_notify('backdesk', $1)", f"1:chat-{made['id']}")
    await connection.close()
    last = f"#said-{len(CORPUS) + 2}"
    await expect(page.locator(last)).to_have_count(1, timeout=PATIENCE)
    assert await page.evaluate(script("look")) == []
    await page.reload()
    await expect(page.locator(last)).to_have_count(1, timeout=PATIENCE)
    assert await page.evaluate(script("look")) == []
    watched.nothing_wrong()


async def test_without_a_model_that_answers_the_articles_do(open_page, site, desk):
    port = free_port()
    desk.start(
        port, OPENAI_API_KEY=canaries.EVERY["OPENAI_API_KEY"], OPENAI_MODEL="absent",
        OPENAI_BASE_URL=f"http://127.0.0.1:{free_port()}/v1",
    )  # fmt: skip
    watched = await open_page()
    page = watched.page
    await page.goto(f"http://127.0.0.1:{port}/chat/acme")
    await page.get_by_label(FIELD).fill(QUESTION)
    await page.get_by_label(FIELD).press("Enter")
    await expect(page.locator(".say.ai")).to_contain_text("€649", timeout=PATIENCE)
    await page.reload()
    await expect(page.locator(".say.me")).to_contain_text(QUESTION)
    quiet(watched)
