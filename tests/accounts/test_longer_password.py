"""Owners need fifteen characters: somebody who becomes one with a shorter password chooses a longer one first."""

import pytest

from dashboard.accounts.tables import Membership, User
from tests.accounts.conftest import RIGHT

SHORT = "x7#Lq9!vTz2m"


@pytest.fixture
async def maya(acme, account):
    """Maya, an agent of Acme, whose password has twelve characters."""
    from dashboard.accounts import actions

    user = await account()
    await actions.set_password(user.id, SHORT)
    await Membership(user=user.id, organization=acme.id, role="agent").save()
    return user


async def sign_in(visit, password: str):
    browser = await visit(None)
    response = await browser.post("/signin", data={"email": "maya@acme.example", "password": password})
    from dashboard.accounts import csrf, sessions

    browser.token = csrf.token(
        browser._transport.app.state.settings.secret_key, f"s:{browser.cookies[sessions.COOKIE]}"
    )
    return browser, response


async def promote(maya) -> None:
    await Membership.update({Membership.role: "owner"}).where(Membership.user == maya.id)


async def test_an_agent_may_have_twelve(visit, maya):
    browser, response = await sign_in(visit, SHORT)
    assert response.headers["location"] == "/acme/today" and (await browser.get("/acme/today")).status_code == 200


async def test_an_owner_is_led_to_the_account_page_until_the_password_is_longer(visit, maya):
    await promote(maya)
    browser, _ = await sign_in(visit, SHORT)
    for path in ("/acme/today", "/acme/orders"):
        assert (await browser.get(path)).headers["location"] == "/account#password-title"
    refused = await browser.post("/acme/settings", data={"name": "Mine"})
    assert refused.status_code == 403 and "at least 15 characters" in refused.text
    page = (await browser.get("/account")).text
    assert "You own Acme, and owners need a password of at least 15 characters." in page
    too_short = await browser.post("/account/password", data={"current_password": SHORT, "password": "q8#Lq9!vTz2mW"})
    assert too_short.status_code == 422 and "at least 15" in too_short.text
    changed = await browser.post("/account/password", data={"current_password": SHORT, "password": RIGHT})
    assert changed.status_code == 303
    assert (await browser.get("/acme/today")).status_code == 200


async def test_somebody_promoted_while_signed_in_is_stopped_as_well(visit, maya):
    browser, _ = await sign_in(visit, SHORT)
    await promote(maya)
    assert (await browser.get("/acme/today")).status_code == 303


async def test_a_password_from_before_this_was_known_is_measured_when_it_is_given(visit, maya):
    await promote(maya)
    await User.update({User.password_short: False}).where(User.id == maya.id)
    browser, _ = await sign_in(visit, SHORT)
    assert (await browser.get("/acme/today")).headers["location"] == "/account#password-title"


async def test_a_long_one_is_never_asked_for_again(visit, maya):
    from dashboard.accounts import actions

    await promote(maya)
    await actions.set_password(maya.id, RIGHT)
    await User.update({User.password_short: True}).where(User.id == maya.id)
    browser, _ = await sign_in(visit, RIGHT)
    assert (await browser.get("/acme/today")).status_code == 200


async def test_a_new_member_with_a_short_password_is_known_to_have_one(acme, alice, mail_works, mailed, visit):
    await alice.post("/acme/settings/team/invitations", data={"email": "lea@acme.example", "role": "agent"})
    stranger = await visit(None)
    await stranger.post(await mailed("invitation"), data={"name": "Lea", "password": SHORT})
    assert (await User.objects().get(User.email == "lea@acme.example")).password_short
