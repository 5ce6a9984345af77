"""The settings of the chat."""

import pytest

from dashboard.accounts.tables import Organization
from dashboard.chat import identity
from dashboard.database import rows


async def chosen(organization):
    return (await rows("SELECT support FROM organization WHERE id = {}", organization.id))[0]["support"]


async def test_sites_and_the_cap_are_kept_and_used(alice, acme, stranger):
    await rows("UPDATE organization SET support = {} WHERE id = {}", {"identity_version": 2}, acme.id)
    saved = await alice.post(
        "/acme/settings/support", data={"origins": "https://Shop.example/\n\nhttps://shop.example", "cap": "2.5"}
    )
    assert saved.status_code == 200 and "https://shop.example" in saved.text
    assert await chosen(acme) == {
        "identity_version": 2,
        "origins": ["https://shop.example"],
        "daily_cap_micros": 2_500_000,
    }
    answer = await stranger.request(
        "POST", "/api/support/public", json={"message": "Hello"}, headers={"Origin": "https://shop.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"


@pytest.mark.parametrize("form", [{"origins": "evil", "cap": "1"}, {"origins": "https://a.example/path", "cap": "1"}, {"origins": "*", "cap": "1"},
                                  {"origins": "null", "cap": "1"}, {"origins": "", "cap": "-1"}, {"origins": "", "cap": "nan"}, {"origins": "", "cap": "1e9"}])  # fmt: skip
async def test_what_makes_no_sense_is_said_and_kept_in_the_form(alice, acme, form):
    refused = await alice.post("/acme/settings/support", data=form)
    assert refused.status_code == 422 and "Not saved yet" in refused.text and await chosen(acme) == {}


async def test_only_admins_see_the_secret(alice, ana, bob, acme):
    organization = await Organization.objects().where(Organization.id == acme.id).first()
    assert identity.secret_of(organization) in (await alice.get("/acme/settings/support")).text
    assert (await ana.get("/acme/settings/support")).status_code == 403 and (
        await bob.get("/acme/settings/support")
    ).status_code == 404
    assert "settings/support" not in (await ana.get("/acme/knowledge")).text
