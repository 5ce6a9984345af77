"""What goes out by itself: the mail of the week, and the file of a week or month."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard import clock
from dashboard.accounts.tables import Membership, Organization
from dashboard.database import rows
from dashboard.files import storage
from dashboard.revenue import jobs
from dashboard.revenue.tables import RevenueFile
from tests.revenue.test_page import given_back, sold

SATURDAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_saturday(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: SATURDAY)


async def mails(name: str) -> list[dict]:
    return await rows("SELECT * FROM delivery WHERE name = {} ORDER BY id", name)


async def subscribed(browser, on: str = "1") -> None:
    answer = await browser.post("/acme/revenue/reports/summary", data={"wanted": on})
    assert answer.status_code == 200


async def test_an_owner_gets_the_week_on_monday_once(alice, acme):
    await subscribed(alice)
    order = await sold(acme, 1, 20_000, days=3)
    await sold(acme, 2, 500, "JPY", days=2)
    await given_back(acme, order, 5_000)
    await sold(acme, 3, 10_000, days=9)
    for moment in (SATURDAY, MONDAY, MONDAY, MONDAY + timedelta(days=2)):
        await jobs.report(moment)
    [about_earlier, mail] = await mails("revenue_summary")  # on Saturday the week before was due, on Monday this one
    assert "€100.00" in about_earlier["payload"]["text"]
    assert mail["recipient"] == "alice@acme.example"
    for form in ("text", "html"):
        said = mail["payload"][form]
        assert "€150.00" in said and "JPY\u00a0500" in said and "+50.0% against the week before" in said
        assert "/acme/revenue?from=2026-11-16" in said
        assert "nothing in the week before" in said  # of yen
    await jobs.report(MONDAY + timedelta(days=7, hours=1))
    assert len(await mails("revenue_summary")) == 3


async def test_before_the_morning_of_monday_nothing_leaves(alice, acme):
    await sold(acme, 1, 20_000, days=3)
    await subscribed(alice)
    await Organization.update({Organization.time_zone: "America/New_York"}).where(Organization.id == acme.id)
    await jobs.report(datetime(2026, 11, 23, 11, 59, tzinfo=UTC))
    assert await mails("revenue_summary") == []  # the week before had nothing, this one is not over there
    await jobs.report(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    assert len(await mails("revenue_summary")) == 1


async def test_two_empty_weeks_make_no_mail(alice, acme):
    await subscribed(alice)
    await sold(acme, 1, 20_000, days=30)
    await jobs.report(MONDAY)
    assert await mails("revenue_summary") == []


async def test_who_stopped_it_or_owns_no_more_gets_none(alice, acme):
    await sold(acme, 1, 20_000, days=3)
    await subscribed(alice)
    assert "Stop the mail" in (await alice.get("/acme/revenue/reports")).text
    await subscribed(alice, "0")
    await jobs.report(MONDAY)
    await subscribed(alice)
    await Membership.update({Membership.role: "viewer"}).where(Membership.user == alice.user.id)
    await jobs.report(MONDAY)
    assert await mails("revenue_summary") == []


async def test_only_owners_choose_the_mail_and_only_admins_the_file(ana, vera, bob, acme):
    for browser, status in ((ana, 403), (vera, 403), (bob, 404)):
        assert (await browser.post("/acme/revenue/reports/summary", data={"wanted": "1"})).status_code == status
        assert (await browser.post("/acme/revenue/reports/file", data={"every": "week"})).status_code == status
    assert (await vera.get("/acme/revenue/reports")).status_code == 200


async def test_a_file_is_made_once_and_its_link_asks_for_signing_in(alice, stranger, bob, acme):
    await alice.post("/acme/revenue/reports/file", data={"every": "month"})
    await sold(acme, 1, 20_000, days=30)
    await sold(acme, 2, 1_234, "KWD", days=31)
    await sold(acme, 3, 99, days=1)
    for moment in (SATURDAY, SATURDAY, MONDAY):
        await jobs.report(moment)
    [mail] = await mails("revenue_file")
    href = re.search(r"https://test\.local(/acme/revenue/files/\d+)", mail["payload"]["text"])[1]
    assert href in (await alice.get("/acme/revenue/reports")).text
    answer = await alice.get(href, follow_redirects=True)
    lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert lines[1:] == [
        ["2026-10-21", "KWD", "1.234", "0.000", "0.000", "1.234", "0.000", "1", "1"],
        ["2026-10-22", "EUR", "200.00", "0.00", "0.00", "200.00", "0.00", "1", "1"],
    ]
    assert (await stranger.get(href, follow_redirects=False)).status_code in (302, 303)
    assert (await bob.get(href)).status_code == 404


@pytest.mark.parametrize("path", ["/acme/revenue.csv?chart=trend", "/acme/revenue/files/1"])
async def test_a_file_asks_for_the_password_when_it_was_given_long_ago(alice, acme, path):
    await alice.post("/acme/revenue/reports/file", data={"every": "month"})
    await jobs.report(SATURDAY)
    await rows("UPDATE app_session SET confirmed_at = confirmed_at - interval '20 minutes'")
    answer = await alice.get(path, follow_redirects=False)
    assert answer.status_code == 303 and "/account/confirmation?next=" in answer.headers["location"]


async def test_a_file_goes_after_ninety_days_with_its_bytes(alice, acme):
    await alice.post("/acme/revenue/reports/file", data={"every": "week"})
    await jobs.report(SATURDAY)
    [kept] = await rows("SELECT f.storage_key FROM revenue_file r JOIN file f ON f.id = r.file")
    assert await storage.exists(kept["storage_key"])
    await rows("UPDATE revenue_file SET created_at = {}", SATURDAY - timedelta(days=91))
    await jobs.report(SATURDAY)
    assert not await storage.exists(kept["storage_key"])
    [again] = await rows("SELECT f.storage_key FROM revenue_file r JOIN file f ON f.id = r.file")
    assert again["storage_key"] != kept["storage_key"] and await RevenueFile.count() == 1


async def test_a_choice_that_is_none_is_refused(alice, acme):
    assert (await alice.post("/acme/revenue/reports/file", data={"every": "hour"})).status_code == 422
    await alice.post("/acme/revenue/reports/file", data={"every": "week"})
    await alice.post("/acme/revenue/reports/file", data={"every": ""})
    await jobs.report(MONDAY)
    assert await RevenueFile.count() == 0
