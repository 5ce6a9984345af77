"""Roles: who may change whom, that the last owner stays, and that nothing of an old role lives on."""

import asyncio
from datetime import timedelta

import pytest
import time_machine

from dashboard import clock
from dashboard.accounts import sessions
from dashboard.accounts.tables import Membership, OneTimeToken, Session
from dashboard.activity.tables import Activity
from tests.builders import a_member

PAGE = "/acme/settings/team"


@pytest.fixture
async def ada(visit, acme):
    return await visit(await a_member(acme, "ada@acme.example", "Ada Admin", "admin"))


async def membership(browser) -> Membership | None:
    """Their first one."""
    return await Membership.objects().where(Membership.user == browser.user.id).order_by(Membership.id).first()


async def place(browser) -> int:
    return (await membership(browser)).id


async def role(browser) -> str:
    found = await membership(browser)
    return found.role if found else ""


async def test_the_page_shows_everybody_and_what_roles_may_do(vera, alice, ada, ana):
    page = (await vera.get(PAGE)).text
    for words in ("Alice Arden", "ana@acme.example", "Ada Admin", "What each role may do"):
        assert words in page
    assert "<select" not in page and "Invite" not in page.split('id="settings-title"')[1].split("<table")[0]


async def test_the_owner_changes_a_role_and_the_person_signs_in_again(alice, ana):
    response = await alice.post(f"{PAGE}/{await place(ana)}/role", data={"role": "admin"})
    assert response.status_code == 200 and "Ana Alba is now an admin." in response.headers["HX-Trigger"]
    assert await role(ana) == "admin"
    assert (await ana.get(PAGE)).status_code == 303
    assert await Activity.exists().where(Activity.verb == "role_changed", Activity.user == alice.user.id)


async def test_saving_the_same_role_signs_nobody_out(alice, ana):
    assert (await alice.post(f"{PAGE}/{await place(ana)}/role", data={"role": "agent"})).status_code == 200
    assert (await ana.get(PAGE)).status_code == 200


async def test_removing_somebody_ends_their_sessions_and_their_access(alice, ana, visit):
    path = f"{PAGE}/{await place(ana)}/removal"
    assert (await alice.post(path)).status_code == 200
    assert not await Session.exists().where(Session.user == ana.user.id)
    again = await visit(ana.user)
    assert (await again.get(PAGE)).status_code == 404
    assert (await alice.post(path)).status_code == 404


async def test_an_admin_manages_agents_and_viewers_only(ada, alice, ana, vera):
    allowed = [(vera, "agent", 200), (ana, "viewer", 200)]
    refused = [
        (ana, "admin", 403),
        (ana, "owner", 403),
        (alice, "viewer", 403),
        (ada, "owner", 403),
        (ada, "viewer", 403),
    ]
    for person, wanted, status in (*allowed, *refused):
        before = await role(person)
        response = await ada.post(f"{PAGE}/{await place(person)}/role", data={"role": wanted})
        assert response.status_code == status, (person.user.name, wanted)
        assert await role(person) == (wanted if status == 200 else before)
    assert (await ada.post(f"{PAGE}/{await place(alice)}/removal")).status_code == 403
    assert (await ada.post(f"{PAGE}/{await place(vera)}/removal")).status_code == 200


async def test_the_last_owner_can_neither_be_demoted_nor_removed(alice):
    mine = await place(alice)
    for path, form in ((f"{PAGE}/{mine}/role", {"role": "viewer"}), (f"{PAGE}/{mine}/removal", {})):
        response = await alice.post(path, data=form)
        assert response.status_code == 409 and "This is the only owner." in response.headers["HX-Trigger"]
        assert 'id="team"' in response.text
    assert await role(alice) == "owner"


async def test_of_two_owners_who_leave_at_once_one_stays(alice, visit, acme):
    olga = await visit(await a_member(acme, "olga@acme.example", "Olga Owner", "owner"))
    first, second = await place(alice), await place(olga)
    answers = await asyncio.gather(alice.post(f"{PAGE}/{first}/removal"), olga.post(f"{PAGE}/{second}/removal"))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert await Membership.count().where(Membership.role == "owner") == 1


async def test_two_owners_who_demote_each_other_at_once_leave_one(alice, visit, acme):
    olga = await visit(await a_member(acme, "olga@acme.example", "Olga Owner", "owner"))
    first, second = await place(alice), await place(olga)
    await asyncio.gather(
        alice.post(f"{PAGE}/{second}/role", data={"role": "viewer"}),
        olga.post(f"{PAGE}/{first}/role", data={"role": "viewer"}),
    )
    assert await Membership.count().where(Membership.role == "owner") == 1


async def test_an_owner_who_steps_down_is_signed_out(alice, visit, acme):
    await a_member(acme, "olga@acme.example", "Olga Owner", "owner")
    response = await alice.post(f"{PAGE}/{await place(alice)}/role", data={"role": "viewer"})
    assert response.headers["location"] == "/signin"
    assert await sessions.find(alice.cookies[sessions.COOKIE], clock.now()) is None


async def test_a_role_that_does_not_exist_is_refused(alice, ana):
    for wanted in ("", "root", "Owner", "owner\x00", "superadmin"):
        assert (await alice.post(f"{PAGE}/{await place(ana)}/role", data={"role": wanted})).status_code == 422
    assert await role(ana) == "agent"


async def test_another_organizations_people_do_not_exist(alice, bob, ana):
    theirs = await place(bob)
    for path, form in ((f"{PAGE}/{theirs}/role", {"role": "viewer"}), (f"{PAGE}/{theirs}/removal", {})):
        assert (await alice.post(path, data=form)).status_code == 404
    assert await role(bob) == "owner"
    assert (await bob.post(f"{PAGE}/{await place(ana)}/removal")).status_code == 404
    assert await role(ana) == "agent"


async def test_changing_the_team_needs_the_password_of_the_last_quarter_of_an_hour(alice, ana):
    path = await place(ana)
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=False):
        page = (await alice.get(PAGE)).text
        assert "Changing the team needs your password again." in page and "<select" not in page
        for post, form in (
            (f"{PAGE}/{path}/role", {"role": "owner"}), (f"{PAGE}/{path}/removal", {}),
            (f"{PAGE}/invitations", {"email": "x@acme.example", "role": "admin"}),
        ):  # fmt: skip
            assert (await alice.post(post, data=form)).status_code == 403
    assert await role(ana) == "agent" and await OneTimeToken.count() == 0


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"email": "", "role": "agent"}, "Write an address"),
        ({"email": "lea@acme", "role": "agent"}, "Write the whole address"),
        ({"email": "a@b.example\r\nBcc: c@d.example", "role": "agent"}, "Write the whole address"),
        ({"email": "lea@acme.example", "role": "owner"}, "Choose one of the roles you may give."),
        ({"email": "lea@acme.example", "role": ""}, "Choose one of the roles you may give."),
        ({"email": "Ana@Acme.example", "role": "agent"}, "belongs to the team already"),
    ],
)
async def test_an_invitation_that_cannot_be_is_refused_at_its_field(alice, ana, form, says):
    response = await alice.post(f"{PAGE}/invitations", data=form)
    assert response.status_code == 422 and says in response.text
    assert await OneTimeToken.count() == 0


async def test_an_admin_may_not_invite_admins(ada):
    response = await ada.post(f"{PAGE}/invitations", data={"email": "lea@acme.example", "role": "admin"})
    assert response.status_code == 422 and 'value="admin"' not in response.text
    assert (
        await ada.post(f"{PAGE}/invitations", data={"email": "lea@acme.example", "role": "agent"})
    ).status_code == 200


async def test_inviting_twice_leaves_one_open_invitation(alice):
    for wanted in ("viewer", "agent"):
        await alice.post(f"{PAGE}/invitations", data={"email": "lea@acme.example", "role": wanted})
    assert [each.role for each in await OneTimeToken.objects()] == ["agent"]


async def test_another_organizations_invitation_does_not_exist(alice, bob):
    await alice.post(f"{PAGE}/invitations", data={"email": "lea@acme.example", "role": "agent"})
    token = await OneTimeToken.objects().first()
    for verb in ("resend", "link"):
        assert (await bob.post(f"/borealis/settings/team/invitations/{token.id}/{verb}")).status_code == 404
    await bob.post(f"/borealis/settings/team/invitations/{token.id}/removal")
    assert await OneTimeToken.count() == 1


async def test_no_more_than_fifty_invitations_an_hour_leave(alice):
    statuses = []
    for n in range(52):
        form = {"email": f"p{n}@acme.example", "role": "viewer"}
        statuses.append((await alice.post(f"{PAGE}/invitations", data=form)).status_code)
    assert statuses == [200] * 50 + [422] * 2
