"""The one-time link of a new installation."""

import asyncio

from dashboard import clock
from dashboard.accounts import one_time
from dashboard.accounts.tables import Membership, Organization, User
from tests.canaries import PASSWORD

FORM = {
    "organization": "Harbour & Pine", "name": "Maya Lind", "email": "maya@harbourpine.example",
    "password": PASSWORD,
}  # fmt: skip


async def link() -> str:
    return (await one_time.issue(await one_time.prepare("setup", clock.now()))).removeprefix("https://test.local")


async def test_it_makes_the_owner_and_the_first_organization_and_signs_in(stranger):
    path = await link()
    assert (await stranger.get(path)).status_code == 200
    response = await stranger.post(path, data=FORM)
    assert response.status_code == 303 and response.headers["location"] == "/harbour-pine/today"
    assert (await stranger.get("/harbour-pine/settings")).status_code == 200
    assert (await Membership.objects().first()).role == "owner"
    assert (await stranger.get(path)).status_code == 404


async def test_what_is_wrong_is_said_at_each_field_and_the_link_lives_on(stranger):
    path = await link()
    response = await stranger.post(path, data=FORM | {"email": "maya", "password": "twelve chars", "name": ""})
    assert response.status_code == 422 and 'value="Harbour &amp; Pine"' in response.text
    for words in ("Write the whole address", "Use at least 15 characters", "Say what people call you."):
        assert words in response.text
    assert "twelve chars" not in response.text
    assert (await stranger.post(path, data=FORM)).status_code == 303


async def test_of_many_uses_at_once_one_makes_an_organization(stranger):
    path = await link()
    forms = [FORM | {"organization": f"Company {n}", "email": f"p{n}@harbourpine.example"} for n in range(12)]
    answers = await asyncio.gather(*(stranger.post(path, data=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [303] + [404] * 11
    assert await Organization.count() == await User.count() == 1
