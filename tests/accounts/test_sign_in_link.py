"""Signing in with a mailed link instead of a password."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import sessions
from dashboard.accounts.tables import Session, User
from dashboard.deliveries.tables import Delivery
from tests.canaries import NEW_PASSWORD

pytestmark = pytest.mark.usefixtures("mail_works")
FORM = {"email": "maya@acme.example"}


async def test_the_link_shows_a_button_and_the_button_signs_in_once(stranger, account, mailed):
    await account()
    assert "Look into your mail" in (await stranger.post("/signin/link", data=FORM)).text
    link = await mailed("sign_in_link")
    for _ in range(3):
        page = await stranger.get(link)
        assert page.status_code == 200 and "maya@acme.example" in page.text
    assert await Session.count() == 0
    response = await stranger.post(link)
    assert response.status_code == 303 and sessions.COOKIE in response.headers["set-cookie"]
    assert await Session.count() == 1
    assert (await stranger.get(link)).status_code == 404


async def test_of_fifty_uses_at_once_one_succeeds(stranger, account, mailed):
    await account()
    await stranger.post("/signin/link", data=FORM)
    link = await mailed("sign_in_link")
    answers = await asyncio.gather(*(stranger.post(link) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [303] + [404] * 49
    assert await Session.count() == 1


async def test_it_dies_after_a_quarter_of_an_hour_and_with_the_account(stranger, account, mailed):
    user = await account()
    await stranger.post("/signin/link", data=FORM)
    link = await mailed("sign_in_link")
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        assert (await stranger.post(link)).status_code == 404
    await User.update({User.disabled_at: clock.now()}).where(User.id == user.id)
    assert (await stranger.post(link)).status_code == 404
    assert await Session.count() == 0


async def test_a_link_for_another_purpose_does_not_sign_in(stranger, account, mailed):
    await account()
    await stranger.post("/forgotten", data=FORM)
    secret = (await mailed("password_reset")).rpartition("/")[2]
    assert (await stranger.post(f"/signin/link/{secret}")).status_code == 404
    await stranger.post("/signin/link", data=FORM)
    secret = (await mailed("sign_in_link")).rpartition("/")[2]
    assert (await stranger.post(f"/reset/{secret}", data={"password": NEW_PASSWORD})).status_code == 404


async def test_it_does_not_replace_the_second_factor(stranger, account, mailed):
    from tests.accounts.test_second_factor import switched_on

    user = await account()
    await switched_on(user)
    await stranger.post("/signin/link", data=FORM)
    response = await stranger.post(await mailed("sign_in_link"))
    assert response.headers["location"] == "/signin/code" and await Session.count() == 0


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(stranger, account):
    await account()
    known = await stranger.post("/signin/link", data=FORM)
    unknown = await stranger.post("/signin/link", data={"email": "none@acme.example"})
    assert known.text.replace(FORM["email"], "…") == unknown.text.replace("none@acme.example", "…")
    assert await Delivery.count() == 1


async def test_without_an_address_the_field_says_what_to_do(stranger):
    response = await stranger.post("/signin/link", data={"email": "", "password": ""})
    assert response.status_code == 422 and "Write an address, like name@company.com." in response.text
