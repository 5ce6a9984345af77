"""A person's own page."""

from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import passwords, sessions
from dashboard.accounts.tables import Membership, Organization, Session, User
from tests.accounts.conftest import RIGHT
from tests.accounts.test_second_factor import switched_on
from tests.canaries import NEW_PASSWORD as NEW


async def test_the_page_needs_no_organization_and_leads_home_where_there_is_one(visit, account, alice):
    lonely = await (await visit(await account())).get("/account")
    assert lonely.status_code == 200 and "You belong to none yet" in lonely.text and "/today" not in lonely.text
    assert 'href="/acme/today"' in (await alice.get("/account")).text


async def test_name_and_keys_are_saved_and_nothing_else(visit, account):
    user = await account()
    browser = await visit(user)
    form = {
        "name": "  Maya\u202e \x00 Lind-Moss ",
        "keys_off": "1",
        "email": "evil@acme.example",
        "disabled_at": "2020-01-01",
    }
    assert (await browser.post("/account/profile", data=form)).headers["location"] == "/account?done=profile"
    saved = await User.objects().first()
    assert (saved.name, saved.keys_off, saved.email, saved.disabled_at) == ("Maya Lind-Moss", True, user.email, None)
    assert "Saved." in (await browser.get("/account?done=profile")).text
    assert (await browser.post("/account/profile", data={"name": " "})).status_code == 422


async def test_changing_the_password_keeps_only_this_browser_under_a_new_id(visit, account):
    user = await account()
    browser, other = await visit(user), await visit(user)
    old = browser.cookies[sessions.COOKIE]
    form = {"current_password": RIGHT, "password": NEW}
    assert (await browser.post("/account/password", data=form)).status_code == 303
    assert browser.cookies[sessions.COOKIE] != old
    assert (await browser.get("/account")).status_code == 200
    assert (await other.get("/account")).status_code == 303
    assert await sessions.find(old, clock.now()) is None
    assert await passwords.verify((await User.objects().first()).password_hash, NEW)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"current_password": "wrong", "password": NEW}, "This is not your password."),
        ({"current_password": "", "password": NEW}, "Give your password to do this."),
        ({"current_password": RIGHT, "password": "short"}, "Use at least 12 characters"),
        ({"current_password": RIGHT, "password": "passwordpassword"}, "This one is guessed within seconds"),
        ({"current_password": RIGHT, "password": "x" * 129}, "at most 128"),
        ({}, "Use at least 12 characters"),
    ],
)
async def test_a_refused_change_of_password_changes_nothing_and_says_why(visit, account, form, says):
    user = await account()
    browser = await visit(user)
    response = await browser.post("/account/password", data=form)
    assert response.status_code == 422 and says in response.text
    assert NEW not in response.text and RIGHT not in response.text
    assert (await User.objects().first()).password_hash == user.password_hash


async def test_guessing_the_password_through_a_stolen_session_is_slowed(visit, account):
    browser = await visit(await account())
    for _ in range(10):
        await browser.post("/account/confirmation", data={"current_password": "wrong"})
    response = await browser.post("/account/confirmation", data={"current_password": RIGHT})
    assert response.status_code == 422 and "Too many tries" in response.text


async def test_the_password_counts_for_fifteen_minutes(visit, account):
    user = await account()
    await switched_on(user)
    browser = await visit(user)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        page = await browser.post("/account/second-factor/removal", data={})
        assert page.status_code == 422 and "Give your password to do this." in page.text
        form = {"current_password": RIGHT, "next": "/account?done=confirmed"}
        assert (await browser.post("/account/confirmation", data=form)).headers["location"] == "/account?done=confirmed"
        assert (await browser.post("/account/recovery-codes", data={})).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=32), tick=False):
        assert (await browser.post("/account/recovery-codes", data={})).status_code == 422


async def test_confirming_leads_only_to_our_own_pages(visit, account):
    browser = await visit(await account())
    form = {"current_password": RIGHT, "next": "//evil.example"}
    assert (await browser.post("/account/confirmation", data=form)).headers["location"] == "/account?done=confirmed"


async def test_one_browser_or_all_others_are_signed_out(visit, account):
    user = await account()
    browser, second, third = await visit(user), await visit(user), await visit(user)
    await sessions.begin(user, clock.now(), browser="Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/130.0")
    page = await browser.get("/account")
    assert "Firefox on Windows" in page.text and page.text.count("This one") == 1
    mine = {each["id"] for each in await sessions.of_user(user.id, clock.now())}
    second_id = (await sessions.find(second.cookies[sessions.COOKIE], clock.now())).session_id
    await browser.post(f"/account/sessions/{second_id}/end")
    assert (await second.get("/account")).status_code == 303 and second_id in mine
    assert (await third.get("/account")).status_code == 200
    await browser.post("/account/sessions/end")
    assert (await third.get("/account")).status_code == 303
    assert (await browser.get("/account")).status_code == 200


async def test_nobody_ends_another_persons_session(alice, bob):
    theirs = (await sessions.find(alice.cookies[sessions.COOKIE], clock.now())).session_id
    await bob.post(f"/account/sessions/{theirs}/end")
    assert (await alice.get("/account")).status_code == 200
    assert await Session.count() == 2


async def test_a_further_organization_makes_its_founder_the_owner_under_a_new_session(visit, account):
    user = await account()
    browser = await visit(user)
    old = browser.cookies[sessions.COOKIE]
    response = await browser.post("/account/organizations", data={"organization": "Möbel & Söhne"})
    assert response.headers["location"] == "/mobel-sohne/settings"
    assert await sessions.find(old, clock.now()) is None
    assert (await browser.get("/mobel-sohne/settings")).status_code == 200
    assert (await Membership.objects().first()).role == "owner"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"organization": ""}, "Give the organization a name."),
        ({"organization": "X", "slug": "admin"}, "used by Backdesk itself"),
        ({"organization": "X", "slug": "a b"}, "Use lower-case letters"),
        ({"organization": "X", "slug": "-a"}, "Use lower-case letters"),
        ({"organization": "X", "slug": "../x"}, "Use lower-case letters"),
        ({"organization": "X", "slug": "acme"}, "There is an organization at /acme already."),
    ],
)
async def test_an_address_that_cannot_be_is_refused_at_its_field(alice, form, says):
    response = await alice.post("/account/organizations", data=form)
    assert response.status_code in (409, 422) and says in response.text
    assert await Organization.count() == 1


async def test_a_name_that_is_one_of_our_words_gets_another_address(visit, account):
    browser = await visit(await account())
    response = await browser.post("/account/organizations", data={"organization": "Support"})
    assert response.headers["location"] == "/support-desk/settings"
