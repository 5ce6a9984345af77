"""Switching a colleague's account off and on, and resetting the second factor of a lost phone."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import credentials, one_time, sessions
from dashboard.accounts.tables import Membership, OneTimeToken, Session, User
from dashboard.activity.tables import Activity
from dashboard.live import _still_allowed
from tests.builders import a_member
from tests.settings.test_team import PAGE, place

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
async def ada(visit, acme):
    return await visit(await a_member(acme, "ada@acme.example", "Ada Admin", "admin"))


@pytest.fixture
async def olga(visit, acme):
    return await visit(await a_member(acme, "olga@acme.example", "Olga Owner", "owner"))


async def is_off(browser) -> bool:
    return (await User.objects().get(User.id == browser.user.id)).disabled_at is not None


async def give_factor(browser) -> None:
    sealed = credentials.encrypt("JBSWY3DPEHPK3PXP")
    await User.update({User.totp_secret: sealed, User.recovery_codes: ["a"]}).where(User.id == browser.user.id)


async def has_factor(browser) -> bool:
    found = await User.objects().get(User.id == browser.user.id)
    return found.totp_secret is not None or found.recovery_codes != []


async def off(by, browser):
    return await by.post(f"{PAGE}/{await place(browser)}/suspension")


async def on(by, browser):
    return await by.delete(f"{PAGE}/{await place(browser)}/suspension")


async def factor_off(by, browser):
    return await by.delete(f"{PAGE}/{await place(browser)}/second-factor")


async def test_somebody_who_is_switched_off_is_out_at_once_everywhere(alice, ana, acme):
    visitor = await sessions.find(ana.cookies[sessions.COOKIE], clock.now())
    link = await one_time.prepare("password_reset", clock.now(), user=ana.user.id, email=ana.user.email)
    assert await _still_allowed(visitor, acme)
    response = await off(alice, ana)
    assert response.status_code == 200 and "Ana Alba is switched off." in response.headers["HX-Trigger"]
    assert "Switched off" in response.text and "Switch on again" in response.text
    assert await is_off(ana) and not await Session.exists().where(Session.user == ana.user.id)
    assert not await _still_allowed(visitor, acme), "the stream of an open page ends at its next look"
    assert not await OneTimeToken.exists().where(OneTimeToken.id == link.id)
    assert (await ana.get(PAGE)).status_code == 303
    assert await Activity.exists().where(Activity.verb == "switched_off", Activity.user == alice.user.id)


async def test_they_stay_in_the_team_and_come_back_with_what_they_had(alice, ana, visit):
    await off(alice, ana)
    response = await on(alice, ana)
    assert "Ana Alba can sign in again." in response.headers["HX-Trigger"]
    assert not await is_off(ana) and (await (await visit(ana.user)).get(PAGE)).status_code == 200
    assert await Activity.exists().where(Activity.verb == "switched_on", Activity.user == alice.user.id)


async def test_repeating_it_changes_and_records_nothing(alice, ana):
    for act, says in (
        (off, "was switched off already"),
        (on, "could sign in already"),
        (factor_off, "had no second factor"),
    ):
        if act is not factor_off:
            await act(alice, ana)
        before = await Activity.count()
        response = await act(alice, ana)
        assert response.status_code == 200 and says in response.headers["HX-Trigger"]
        assert await Activity.count() == before


async def test_a_lost_phone_is_forgotten_with_its_paper_codes_and_its_sessions(alice, ana):
    await give_factor(ana)
    page = (await alice.get(PAGE)).text
    assert "second factor on" in page and page.count("Reset second factor…") == 1
    response = await factor_off(alice, ana)
    assert "The second factor of Ana Alba is reset." in response.headers["HX-Trigger"]
    assert not await has_factor(ana) and (await ana.get(PAGE)).status_code == 303
    assert await Activity.exists().where(Activity.verb == "factor_reset", Activity.user == alice.user.id)


async def test_an_organization_that_asks_for_a_factor_asks_again(alice, ana, acme, visit):
    acme.second_factor_required = True
    await acme.save()
    await give_factor(alice)
    await give_factor(ana)
    await factor_off(alice, ana)
    assert (await (await visit(ana.user)).get("/acme/today")).headers["location"] == "/account/second-factor"


async def test_admins_look_after_agents_and_viewers_only(ada, alice, olga, ana, vera, visit, acme):
    second = await visit(await a_member(acme, "ben@acme.example", "Ben", "admin"))
    for person, status in ((alice, 403), (olga, 403), (second, 403), (ana, 200), (vera, 200)):
        for act in (off, on, factor_off):
            assert (await act(ada, person)).status_code == status, person.user.name
        await give_factor(person)
    assert not await is_off(alice) and not await is_off(second)
    for nobody in (ana, vera):
        again = await visit(nobody.user)
        for act in (off, on, factor_off):
            assert (await act(again, alice)).status_code == 403


async def test_another_organizations_people_do_not_exist(alice, bob, ana):
    await give_factor(ana)
    for act in (off, on, factor_off):
        assert (await act(alice, bob)).status_code == 404
    theirs = f"/borealis/settings/team/{await place(ana)}"
    assert (await bob.post(f"{theirs}/suspension")).status_code == 404
    assert (await bob.delete(f"{theirs}/second-factor")).status_code == 404
    assert not await is_off(bob) and not await is_off(ana) and await has_factor(ana)


async def test_an_account_that_also_belongs_elsewhere_is_not_one_organizations_to_change(
    alice, bob, ana, borealis, visit
):
    """Bob invites Ana, she accepts, and he tries to lock her out of Acme."""
    await Membership(user=ana.user.id, organization=borealis.id, role="viewer").save()
    await give_factor(ana)
    hers = await Membership.objects().get((Membership.user == ana.user.id) & (Membership.organization == borealis.id))
    for method, path in (("POST", "suspension"), ("DELETE", "suspension"), ("DELETE", "second-factor")):
        response = await bob.request(method, f"/borealis/settings/team/{hers.id}/{path}")
        assert response.status_code == 409 and "do not look after" in response.headers["HX-Trigger"]
        assert "Acme" not in response.headers["HX-Trigger"]
    assert not await is_off(ana) and await has_factor(ana)
    await Membership(
        user=bob.user.id,
        organization=(await Membership.objects().get(Membership.user == alice.user.id)).organization,
        role="admin",
    ).save()
    assert (await bob.post(f"/borealis/settings/team/{hers.id}/suspension")).status_code == 200
    assert await is_off(ana), "who looks after her in both may"
    assert await Activity.count().where(Activity.verb == "switched_off") == 2, "and both teams read of it"


async def test_nobody_switches_themself_off(alice, olga):
    for act in (off, factor_off):
        response = await act(alice, alice)
        assert response.status_code == 409 and "your own account" in response.headers["HX-Trigger"]
    assert "Switch off…" in (await alice.get(PAGE)).text and not await is_off(alice)


async def test_of_two_owners_who_switch_each_other_off_at_once_one_stays(alice, olga):
    await asyncio.gather(off(alice, olga), off(olga, alice))
    assert [await is_off(alice), await is_off(olga)].count(True) == 1


async def test_an_owner_who_is_switched_off_does_not_count_as_one(alice, olga):
    await off(alice, olga)
    for path, form in (
        (f"{PAGE}/{await place(alice)}/role", {"role": "viewer"}),
        (f"{PAGE}/{await place(alice)}/removal", {}),
    ):
        response = await alice.post(path, data=form)
        assert response.status_code == 409 and "This is the only owner." in response.headers["HX-Trigger"]


async def test_the_only_owner_of_another_company_stays_on(alice, ana, borealis, acme):
    """Alice looks after Ana in both, but Borealis would be without an owner."""
    await Membership(user=ana.user.id, organization=borealis.id, role="owner").save()
    await Membership(user=alice.user.id, organization=borealis.id, role="owner").save()
    await off(alice, ana)
    assert await is_off(ana)
    await on(alice, ana)
    await Membership.delete().where(Membership.user == alice.user.id, Membership.organization == borealis.id)
    assert (await off(alice, ana)).status_code == 409 and not await is_off(ana)


async def test_it_needs_the_password_of_the_last_quarter_of_an_hour(alice, ana):
    await give_factor(ana)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        for act in (off, on, factor_off):
            assert (await act(alice, ana)).status_code == 403
    assert not await is_off(ana) and await has_factor(ana)


async def test_getting_another_role_with_a_short_password_says_what_comes_next(alice, ana):
    await User.update({User.password_short: True}).where(User.id == ana.user.id)
    response = await alice.post(f"{PAGE}/{await place(ana)}/role", data={"role": "owner"})
    assert "They choose one when they sign in" not in response.headers["HX-Trigger"]
    assert "Owners need a longer password: they choose one when they sign in." in response.headers["HX-Trigger"]


@pytest.mark.slow
async def test_the_command_line_does_the_same_and_never_to_the_last_owner(alice, ana, acme):
    def backdesk(*arguments: str) -> subprocess.CompletedProcess:
        env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        return subprocess.run(
            [sys.executable, "-c", "from dashboard.commands import main; main()", "user", *arguments],
            cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip

    await give_factor(ana)
    assert backdesk("reset-second-factor", "ANA@acme.example").stdout == "The second factor of Ana Alba is reset.\n"
    assert not await has_factor(ana)
    assert backdesk("disable", "ana@acme.example").stdout == "Ana Alba is switched off.\n"
    assert await is_off(ana)
    assert backdesk("enable", "ana@acme.example").stdout == "Ana Alba can sign in again.\n"
    assert not await is_off(ana)
    refused = backdesk("disable", "alice@acme.example")
    assert refused.returncode == 2 and "This is the only owner." in refused.stderr and not await is_off(alice)
    assert backdesk("disable", "nobody@acme.example").returncode == 2
    lines = await Activity.objects().where(Activity.actor == "system").order_by(Activity.id)
    assert [each.verb for each in lines] == ["factor_reset", "switched_off", "switched_on"]
