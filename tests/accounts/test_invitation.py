"""Accepting an invitation: once, by the person it was sent to."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import passwords, sessions
from dashboard.accounts.tables import Membership, OneTimeToken, Session, User
from dashboard.activity.tables import Activity
from dashboard.deliveries.tables import Delivery
from tests.accounts.conftest import RIGHT
from tests.canaries import NEW_PASSWORD

pytestmark = pytest.mark.usefixtures("mail_works")
NEW = {"name": "Lea Moss", "password": NEW_PASSWORD}


async def invite(browser, email="lea@acme.example", role="agent"):
    return await browser.post("/acme/settings/team/invitations", data={"email": email, "role": role})


async def test_a_new_person_chooses_name_and_password_and_is_in(stranger, alice, mailed):
    assert (await invite(alice)).status_code == 200
    link = await mailed("invitation")
    page = await stranger.get(link)
    assert "Join Acme" in page.text and "as an agent" in page.text and "Alice Arden" in page.text
    response = await stranger.post(link, data=NEW)
    assert response.status_code == 303 and response.headers["location"] == "/acme/today"
    lea = await User.objects().get(User.email == "lea@acme.example")
    assert lea.name == "Lea Moss" and await passwords.verify(lea.password_hash, NEW["password"])
    membership = await Membership.objects().get(Membership.user == lea.id)
    assert membership.role == "agent"
    assert await Activity.exists().where(Activity.verb == "joined", Activity.user == lea.id)


async def test_looking_and_a_refused_form_do_not_use_it_up(stranger, alice, mailed):
    await invite(alice)
    link = await mailed("invitation")
    response = await stranger.post(link, data={"name": " ", "password": "short"})
    assert response.status_code == 422
    assert "Say what people call you." in response.text and "Use at least 12 characters" in response.text
    assert (await stranger.get(link)).status_code == 200
    assert (await stranger.post(link, data=NEW)).status_code == 303
    assert (await stranger.get(link)).status_code == 404


@pytest.mark.slow
async def test_of_fifty_uses_at_once_one_succeeds(stranger, alice, mailed):
    await invite(alice)
    link = await mailed("invitation")
    answers = await asyncio.gather(*(stranger.post(link, data=NEW) for _ in range(50)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(303) == 1 and set(statuses) <= {303, 404, 409, 422, 429}
    assert await User.count().where(User.email == "lea@acme.example") == 1
    assert await Membership.count() == 2


async def test_somebody_with_an_account_gives_its_password(stranger, alice, account, mailed):
    maya = await account()
    await invite(alice, maya.email, "viewer")
    link = await mailed("invitation")
    assert "You have an account already" in (await stranger.get(link)).text
    for form in ({}, NEW, {"password": "wrong"}):
        response = await stranger.post(link, data=form)
        assert response.status_code == 422 and not await Session.exists().where(Session.user == maya.id)
    assert (await stranger.post(link, data={"password": RIGHT})).status_code == 303
    assert (await stranger.get("/acme/settings")).status_code == 200
    fresh = await User.objects().get(User.id == maya.id)
    assert fresh.name == "Maya Lind" and fresh.password_hash == maya.password_hash


async def test_somebody_whose_password_is_hashed_anew_on_the_way_gets_in(stranger, alice, account, mailed, monkeypatch):
    maya = await account()
    await invite(alice, maya.email, "viewer")
    monkeypatch.setattr(passwords, "outdated", lambda stored: True)
    assert (await stranger.post(await mailed("invitation"), data={"password": RIGHT})).status_code == 303
    assert (await User.objects().get(User.id == maya.id)).password_hash != maya.password_hash
    assert (await stranger.get("/acme/settings")).status_code == 200


async def test_somebody_who_is_signed_in_needs_only_the_button_and_gets_a_new_session(visit, alice, account, mailed):
    maya = await account()
    browser = await visit(maya)
    old = browser.cookies[sessions.COOKIE]
    await invite(alice, maya.email)
    assert (await browser.post(await mailed("invitation"))).status_code == 303
    assert await sessions.find(old, clock.now()) is None
    assert await Membership.exists().where(Membership.user == maya.id, Membership.role == "agent")


async def test_somebody_else_who_is_signed_in_cannot_take_it_over(alice, bob, account, mailed):
    maya = await account()
    await invite(alice, maya.email)
    link = await mailed("invitation")
    assert "You are signed in as bob@borealis.example" in (await bob.get(link)).text
    assert (await bob.post(link)).status_code == 422
    assert not await Membership.exists().where(Membership.user == bob.user.id, Membership.role == "agent")


async def test_the_second_factor_is_still_asked_for(stranger, alice, account, mailed):
    from tests.accounts.test_second_factor import switched_on

    maya = await account()
    await switched_on(maya)
    await invite(alice, maya.email)
    response = await stranger.post(await mailed("invitation"), data={"password": RIGHT})
    assert response.headers["location"] == "/signin/code?next=/acme/today"
    assert not await Session.exists().where(Session.user == maya.id)


async def test_it_dies_after_a_week_when_withdrawn_and_when_sent_again(stranger, alice, mailed):
    await invite(alice)
    link = await mailed("invitation")
    with time_machine.travel(clock.now() + timedelta(days=7, minutes=1), tick=False):
        assert (await stranger.get(link)).status_code == 404
        assert (await stranger.post(link, data=NEW)).status_code == 404
    token = await OneTimeToken.objects().first()
    assert (await alice.post(f"/acme/settings/team/invitations/{token.id}/resend")).status_code == 200
    assert (await stranger.get(link)).status_code == 404
    newer = await mailed("invitation")
    assert (await stranger.get(newer)).status_code == 200
    token = await OneTimeToken.objects().first()
    for _ in range(2):
        assert (await alice.post(f"/acme/settings/team/invitations/{token.id}/removal")).status_code == 200
    assert (await stranger.post(newer, data=NEW)).status_code == 404
    assert not await User.exists().where(User.email == "lea@acme.example")


async def test_inviting_answers_the_same_whether_or_not_there_is_an_account(alice, account):
    await account()
    with time_machine.travel(clock.now(), tick=False):
        known = await invite(alice, "maya@acme.example")
        token = (await OneTimeToken.objects().first()).id
        await alice.post(f"/acme/settings/team/invitations/{token}/removal")
        unknown = await invite(alice, "none@acme.example")
    assert known.headers["HX-Trigger"] == unknown.headers["HX-Trigger"]
    other = (await OneTimeToken.objects().first()).id
    same = unknown.text.replace("none@acme.example", "maya@acme.example").replace(f"/{other}/", f"/{token}/")
    assert known.text == same.replace(f"invitation-{other}", f"invitation-{token}")


async def test_the_mail_belongs_to_no_organization_and_keeps_no_link(alice):
    await invite(alice)
    delivery = await Delivery.objects().first()
    assert delivery.organization is None and delivery.recipient == "lea@acme.example"
    assert "test.local/invitation" not in str(delivery.payload)
    assert (await OneTimeToken.objects().first()).token_hash is None


async def test_without_mail_the_link_is_shown_once_to_whoever_invites(stranger, alice, settings):
    from dashboard import settings as process_settings

    process_settings.use(settings)
    await invite(alice)
    assert await Delivery.count() == 0
    token = await OneTimeToken.objects().first()
    shown = await alice.post(f"/acme/settings/team/invitations/{token.id}/link")
    link = shown.text.split('data-copy="https://test.local')[1].split('"')[0]
    assert (await stranger.get(link)).status_code == 200
    assert link not in (await alice.get("/acme/settings/team")).text
    await alice.post(f"/acme/settings/team/invitations/{token.id}/link")
    assert (await stranger.get(link)).status_code == 404


async def test_where_mail_works_the_link_is_only_in_the_mail(alice):
    await invite(alice)
    token = await OneTimeToken.objects().first()
    assert (await alice.post(f"/acme/settings/team/invitations/{token.id}/link")).status_code == 409
