"""A file of everything asks for the password of the last quarter of an hour, and keeps what was filtered and ticked."""

import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import actions
from tests.accounts.conftest import RIGHT
from tests.leads.cast import a_lead
from tests.orders.cast import an_order

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
FILES = [
    "/acme/orders.csv",
    "/acme/leads.csv",
    "/acme/leads/{lead}/privacy.json",
    "/acme/outbox/export",
    "/acme/revenue/rows.csv?of=payments",
]
TICKED = "/acme/orders.csv?numbers=1&numbers=3&query=status%3Dnew"


@pytest.fixture
async def later(ana, acme):
    """Ana, sixteen minutes after she signed in, with four orders to look at."""
    for _ in range(4):
        await an_order(acme)
    await actions.set_password(ana.user.id, RIGHT)
    from dashboard.accounts import csrf, sessions

    session = await sessions.begin(ana.user, clock.now())
    ana.cookies.set(sessions.COOKIE, session, domain="test.local", path="/")
    ana.token = csrf.token(ana._transport.app.state.settings.secret_key, f"s:{session}")
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        yield ana


def wanted(text: str) -> str:
    return unescape(re.search(r'name="next" value="([^"]+)"', text)[1])


def numbers(text: str) -> set[str]:
    return {line.split(",")[0].strip('"\ufeff') for line in text.splitlines()[1:]}


@pytest.fixture
async def path(request, acme):
    """The address of a file; where it is about a lead, there is one."""
    return request.param.format(lead=(await a_lead(acme)).id)


@pytest.mark.parametrize("path", FILES, indirect=True)
async def test_soon_after_signing_in_the_file_comes_at_once(ana, path):
    answer = await ana.get(path)
    kind = "application/json" if path.endswith("json") else "text/csv; charset=utf-8"
    assert answer.status_code == 200 and answer.headers["content-type"] == kind
    told = await ana.get(path, headers=HTMX)
    assert json.loads(told.headers["HX-Trigger"])["download"] == {"href": path} and told.text == ""


@pytest.mark.parametrize("path", FILES, indirect=True)
async def test_later_nothing_goes_out_before_the_password(later, path):
    answer = await later.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/account/confirmation?next=")
    asked = await later.get(path, headers=HTMX)
    assert asked.status_code == 200 and wanted(asked.text) == path and "download" not in asked.headers["HX-Trigger"]


async def test_in_the_page_the_question_comes_in_a_dialog_and_the_ticked_rows_after_it(later):
    asked = await later.get(TICKED, headers=HTMX)
    assert json.loads(asked.headers["HX-Trigger"])["open-dialog"] == {"target": "#dialog"}
    form = {"next": wanted(asked.text), "file": "1"}
    assert form["next"] == TICKED
    wrong = await later.post("/account/confirmation", data=form | {"current_password": "no"}, headers=HTMX)
    assert wrong.status_code == 422 and wanted(wrong.text) == TICKED and "This is not your password." in wrong.text
    right = await later.post("/account/confirmation", data=form | {"current_password": RIGHT}, headers=HTMX)
    events = json.loads(right.headers["HX-Trigger"])
    assert events == {"close-dialog": {}, "download": {"href": TICKED}}
    assert numbers((await later.get(events["download"]["href"])).text) == {"1", "3"}


async def test_without_scripts_a_page_asks_and_then_fetches_the_very_same_file(later):
    place = (await later.get(TICKED)).headers["location"]
    assert unquote(place) == f"/account/confirmation?next={TICKED}"
    page = await later.get(place)
    form = {"next": wanted(page.text), "file": "1", "current_password": RIGHT}
    answer = await later.post("/account/confirmation", data=form)
    assert answer.status_code == 200
    fetched = unescape(re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)[1])
    assert fetched == TICKED and numbers((await later.get(fetched)).text) == {"1", "3"}


async def test_a_file_elsewhere_is_not_fetched(later):
    for place in ("https://evil.example/x.csv", "//evil.example/x.csv", "/\\evil.example"):
        form = {"next": place, "file": "1", "current_password": RIGHT}
        answer = await later.post("/account/confirmation", data=form, headers=HTMX)
        assert "evil" not in answer.headers["HX-Trigger"]
        assert "evil" not in (await later.post("/account/confirmation", data=form)).text


async def test_a_link_from_another_site_brings_nothing_out(later):
    answer = await later.get(TICKED, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 303 and "Robin" not in answer.text
