"""The whole life of an order, as the team and the customer see it, in two browsers at once."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from dashboard.commands.sample.company import INTAKE
from dashboard.integrations import stripe_samples


async def query(its, sql: str, *values):
    connection = await asyncpg.connect(its.env["DATABASE_URL"])
    try:
        return await connection.fetch(sql, *values)
    finally:
        await connection.close()


async def a_plan(its) -> None:
    """A plan with a published intake form, as Settings would save it."""
    definition = json.dumps(INTAKE)
    await query(
        its, "INSERT INTO form (organization, slug, name, kind, draft, published) "
        "SELECT id, 'audit', 'Website audit', 'intake', $1::jsonb, 1 FROM organization WHERE slug = 'acme'", definition,
    )  # fmt: skip
    await query(
        its, "INSERT INTO form_version (organization, form, number, definition) "
        "SELECT organization, id, 1, $1::jsonb FROM form WHERE slug = 'audit'", definition,
    )  # fmt: skip
    await query(
        its, "INSERT INTO plan (organization, name, tier, amount, currency, days_to_deliver, form, upsell_to, stripe_prices) "
        "SELECT organization, 'Starter audit', 'starter', 12900, 'EUR', 5, id, 'the Professional audit', '[]' "
        "FROM form WHERE slug = 'audit'",
    )  # fmt: skip


def a_checkout(purchase: str, name: str) -> dict:
    return stripe_samples.event(
        "checkout.session.completed", purchase, email=f"{purchase}@customer.example", name=name, amount=12900,
        plan="Starter audit", now=int(time.time()),
    )  # fmt: skip


async def mails(its, number: int) -> list[str]:
    found = await query(
        its, "SELECT d.name FROM delivery d JOIN orders o ON o.id = d.subject_id AND d.subject_kind = 'order' "
        "WHERE d.kind = 'mail' AND o.number = $1 AND d.state <> 'cancelled' ORDER BY d.id", number,
    )  # fmt: skip
    return [row["name"] for row in found]


async def test_from_a_signed_event_to_delivery_in_two_browsers(desk, open_page, tmp_path):
    await a_plan(desk)
    staff = await open_page()
    page = await staff.sign_in()
    await staff.open("/acme/orders")
    await page.wait_for_timeout(300)  # the live stream opens
    assert desk.post_event(a_checkout("ingrid", "Ingrid Solheim")) == 200
    await page.get_by_role("link", name="1", exact=True).wait_for()
    assert "Ingrid Solheim" in await page.inner_text("main")
    assert page.url.endswith("/acme/orders")  # nobody reloaded

    await staff.open("/acme/orders/1")
    assert "Intake pending" in await page.inner_text("main")
    assert await mails(desk, 1) == ["payment_confirmation", "intake_request"]

    link = await page.locator("[data-copy*='/f/']").first.get_attribute("data-copy")
    customer = await open_page()
    form = await customer.open(link.removeprefix(desk.url))
    await form.get_by_label("Main address").fill("meyerwerk")
    async with form.expect_response(lambda answer: answer.request.method == "PATCH") as saved:
        await form.get_by_label("What should the audit change?").fill("More <b>enquiries</b> from homeowners.")
    assert (await saved.value).status == 200
    await form.get_by_role("button", name="Send answers").last.click()
    await form.get_by_text("Write the whole address").first.wait_for()
    assert (
        await form.get_by_label("What should the audit change?").input_value()
        == "More <b>enquiries</b> from homeowners."
    )

    other_device = await open_page()
    resumed = await other_device.open(link.removeprefix(desk.url))
    assert (
        await resumed.get_by_label("What should the audit change?").input_value()
        == "More <b>enquiries</b> from homeowners."
    )

    await form.get_by_label("Main address").fill("https://meyerwerk.example")
    await form.get_by_label("Search").check()
    upload = tmp_path / "brand-guide.pdf"
    upload.write_bytes(b"%PDF-1.4 brand guide")
    await form.locator("input[type=file]").first.set_input_files(upload)
    await form.get_by_text("brand-guide.pdf").first.wait_for()
    await customer.in_every_dress("intake")
    await form.get_by_role("button", name="Send answers").last.click()
    await form.wait_for_url("**/done")
    await customer.in_every_dress("intake-done")

    await page.get_by_text("Intake complete").first.wait_for()
    await staff.open("/acme/orders/1")
    text = await page.inner_text("main")
    assert "More <b>enquiries</b> from homeowners." in text and "brand-guide.pdf" in text
    await page.get_by_role("button", name="Start work").click()
    await page.get_by_role("button", name="Mark done").wait_for()
    await staff.in_every_dress("order")
    await page.get_by_role("button", name="Mark done").click()
    await page.get_by_text("Done", exact=True).first.wait_for()
    assert "handover" in await mails(desk, 1)

    await staff.open("/acme/outbox")
    for name in ("Payment confirmation", "Intake request", "Handover"):
        assert name in await page.inner_text("main"), name
    for watched in (staff, customer, other_device):
        watched.nothing_wrong()


async def test_travelled_time_brings_each_reminder_exactly_once(desk):
    if not await query(desk, "SELECT 1 FROM plan"):
        await a_plan(desk)
    assert desk.post_event(a_checkout("tomas", "Tomás Herrera")) == 200
    async with asyncio.timeout(120):
        while not (placed := await query(desk, "SELECT number FROM orders WHERE customer_email LIKE 'tomas@%'")):
            await asyncio.sleep(0.2)
    number = placed[0]["number"]
    start = datetime.now(UTC)

    def run(job: str, after: timedelta) -> None:
        for _ in range(2):
            done = desk.command("jobs", "run", job, "--at", (start + after).isoformat())
            assert done.returncode == 0, done.stdout + done.stderr

    run("intake_reminders", timedelta(hours=47))
    assert (await mails(desk, number)).count("intake_reminder") == 0
    run("intake_reminders", timedelta(hours=48, minutes=5))
    assert (await mails(desk, number)).count("intake_reminder") == 1
    run("intake_reminders", timedelta(days=5, minutes=5))
    run("intake_reminders", timedelta(days=9))
    assert (await mails(desk, number)).count("intake_reminder") == 2
    await query(
        desk,
        "UPDATE orders SET status = 'done', done_at = now(), intake_submitted_at = now() WHERE number = $1",
        number,
    )
    run("upsell", timedelta(days=6, hours=23))
    assert (await mails(desk, number)).count("upsell") == 0
    run("upsell", timedelta(days=7, minutes=5))
    run("upsell", timedelta(days=30))
    assert (await mails(desk, number)).count("upsell") == 1
