"""A lead form from the builder to a foreign page: in a frame on a listed site it works, on another it is refused."""

import asyncio
import http.server
import threading

import pytest
from playwright.async_api import expect

from tests.browser.test_journey import query

LEADS = "SELECT name, email, company, source, source_data, score, scored_at FROM lead WHERE email = $1"


class Site(http.server.BaseHTTPRequestHandler):
    """A page of somebody else, with whatever code they were given."""

    code = ""

    def do_GET(self):
        body = f"<!doctype html><title>Our site</title><h1>Our site</h1>{self.code}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def site():
    """(server, its port): one server with two names, so with two origins: localhost and 127.0.0.1."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("OurSite", (Site,), {}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, server.server_address[1]
    server.shutdown()


async def until(its, sql: str, *values):
    """The rows, once there are some."""
    async with asyncio.timeout(120):
        while not (found := await query(its, sql, *values)):
            await asyncio.sleep(0.25)
    return found


async def test_a_form_is_built_embedded_and_sent_from_a_listed_site_only(desk, open_page, site):
    server, port = site
    staff = await open_page()
    page = await staff.sign_in()
    await staff.open("/acme/settings/forms")
    await page.get_by_role("button", name="New form").first.click()
    await page.get_by_label("Name", exact=True).fill("Website check")
    await page.get_by_text("New leads").click()
    await page.get_by_role("button", name="Create form").click()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_text("Visitors see version 1").wait_for()
    await page.get_by_label("Your sites that may show it in a frame").fill(f"http://localhost:{port}")
    await page.get_by_role("button", name="Save handling").click()
    code = page.get_by_label("Put this into the page of your site")
    await code.wait_for()
    server.RequestHandlerClass.code = await code.input_value()
    await staff.in_every_dress("form-builder-lead")

    refused = await open_page()
    async with refused.page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        await refused.page.goto(f"http://127.0.0.1:{port}/")
    assert await refused.page.frame_locator("iframe").locator("#lead-form").count() == 0

    visitor = await open_page()
    await visitor.page.goto(f"http://localhost:{port}/prices")
    form = visitor.page.frame_locator("iframe")
    await form.get_by_label("Your name").fill("Sofia Marchetti")
    async with visitor.page.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
        await form.get_by_label("What can we do for you?").fill("Three <b>rooms</b>")
    assert (await saved.value).status == 200
    await form.get_by_label("E-mail address").fill("sofia")
    await form.get_by_role("button", name="Send").last.click()
    await form.get_by_text("Write the whole address").wait_for()
    await expect(form.get_by_label("Your name")).to_have_value("Sofia Marchetti")
    await form.get_by_label("E-mail address").fill("sofia@wrenandco.example")
    await form.get_by_label("You may write to me about this").check()
    await form.get_by_role("button", name="Send").last.dblclick()
    await form.get_by_text("We have your answers").wait_for()
    assert not visitor.complaints, visitor.complaints

    lead = (await query(desk, LEADS, "sofia@wrenandco.example"))[0]
    assert (lead["name"], lead["source"]) == ("Sofia Marchetti", "Website check")
    assert f"http://localhost:{port}/" in lead["source_data"]
    counted = await query(
        desk, "SELECT (SELECT count(*) FROM capture WHERE submitted_at IS NOT NULL) AS sent, "
        "(SELECT count(*) FROM consent) AS consents, (SELECT count(*) FROM delivery WHERE name = 'lead_captured') AS told",
    )  # fmt: skip
    assert dict(counted[0]) == {"sent": 1, "consents": 1, "told": 1}


async def test_the_public_page_works_on_a_phone_and_after_a_reload_and_going_back(desk, open_page):
    visitor = await open_page()
    page = await visitor.open("/acme/forms/website-check?utm_source=newsletter")
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await page.get_by_label("Your name").fill("Pierre Lemaire")
    await page.wait_for_url("**?draft=*")
    await page.reload()
    await page.get_by_text("Welcome back").wait_for()
    await expect(page.get_by_label("Your name")).to_have_value("Pierre Lemaire")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_label("E-mail address").fill("pierre@marguerite.example")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/thanks")
    await visitor.in_every_dress("lead-thanks")
    await page.go_back()
    await page.wait_for_load_state()
    if await page.get_by_role("button", name="Send").count():  # the browser kept the page as it was
        await page.get_by_role("button", name="Send").last.click()
    await page.wait_for_url("**/thanks")
    sent = await query(
        desk, "SELECT l.source_data FROM capture c JOIN lead l ON l.id = c.lead WHERE l.name = 'Pierre Lemaire'"
    )
    assert len(sent) == 1 and "newsletter" in sent[0]["source_data"]
    await visitor.open("/acme/forms/website-check")
    await page.get_by_role("button", name="Send").last.click()
    await page.get_by_text("Nothing was sent yet").wait_for()
    await visitor.in_every_dress("lead-form")
    visitor.nothing_wrong()


async def test_without_scripts_the_form_is_kept_for_later_and_sent(desk, chromium):
    context = await chromium.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{desk.url}/acme/forms/website-check")
    await page.get_by_label("Your name").fill("Rachel Byrne")
    await page.get_by_role("button", name="Save for later").click()
    await page.wait_for_url("**?draft=*")
    assert await page.get_by_label("Your name").input_value() == "Rachel Byrne"
    await page.get_by_label("E-mail address").fill("rachel@larkandrow.example")
    await page.get_by_role("button", name="Send").last.click()
    await page.wait_for_url("**/thanks")
    assert await query(desk, LEADS, "rachel@larkandrow.example")
    await context.close()


async def test_the_score_opens_its_reasons_by_keyboard_and_new_points_show_what_they_do(desk, open_page):
    assert desk.command("jobs", "run", "score").returncode == 0
    lead = (await until(desk, "SELECT id, score FROM lead WHERE name = 'Sofia Marchetti' AND scored_at IS NOT NULL"))[0]
    staff = await open_page()
    page = await staff.sign_in()
    await staff.open(f"/acme/leads/{lead['id']}")
    button = page.get_by_role("button", name="why this score")
    await button.first.focus()
    await page.keyboard.press("Enter")
    reasons = page.locator(".pop:popover-open")
    await expect(reasons).to_contain_text(f"Why {lead['score']}")
    await expect(reasons).to_contain_text("Filled in a form")
    await staff.accessible("score-reasons")
    await page.keyboard.press("Escape")
    await expect(reasons).to_have_count(0)
    assert await button.first.evaluate("element => element === document.activeElement")

    await staff.open("/acme/settings/leads/score")
    await page.get_by_text("leads, ").first.wait_for()
    await page.get_by_label("Points for Filled in a form").fill("70")
    await page.get_by_text("would go up").wait_for()
    await page.get_by_role("button", name="Take out Gave a company").press("Enter")
    await expect(page.get_by_label("Points for Gave a company")).to_have_count(0)
    await expect(page.get_by_label("Points for Filled in a form")).to_have_value("70")
    await staff.in_every_dress("score-settings")
    await page.get_by_role("button", name="Save", exact=True).press("Enter")
    await page.get_by_text("Saved. The scores follow within minutes.").first.wait_for()
    assert desk.command("jobs", "run", "score").returncode == 0
    now = await query(desk, "SELECT score FROM lead WHERE id = $1", lead["id"])
    assert now[0]["score"] > lead["score"]
    staff.nothing_wrong()
