"""The settings of the chat."""

import pytest

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.assistant import answering
from dashboard.chat import identity
from dashboard.database import rows


async def chosen(organization):
    return (await rows("SELECT support FROM organization WHERE id = {}", organization.id))[0]["support"]


async def test_sites_and_the_cap_are_kept_and_used(alice, acme, stranger):
    await rows("UPDATE organization SET support = {} WHERE id = {}", {"identity_version": 2}, acme.id)
    saved = await alice.post(
        "/acme/settings/support",
        data={"origins": "https://Shop.example/\n\nhttps://shop.example", "hosts": "", "cap": "2.5"},
    )
    assert saved.status_code == 200 and "https://shop.example" in saved.text
    assert await chosen(acme) == {
        "identity_version": 2,
        "origins": ["https://shop.example"],
        "link_hosts": [],
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


async def test_answers_may_link_to_the_sites_that_are_listed(alice, acme):
    form = {
        "origins": "https://shop.example",
        "hosts": "https://WWW.Company.example/\ndocs.company.example",
        "cap": "5",
    }
    saved = await alice.post("/acme/settings/support", data=form)
    assert saved.status_code == 200 and "www.company.example\ndocs.company.example</textarea>" in saved.text
    organization = await Organization.objects().where(Organization.id == acme.id).first()
    hosts = answering.hosts_of(organization)
    assert {"www.company.example", "docs.company.example", "shop.example", "test.local"} == hosts
    for wrong in ("company", "a b/c", "www.company.example/x", "*", "user@company.example", "-a.example", "1.2.3.4"):
        refused = await alice.post("/acme/settings/support", data=form | {"hosts": wrong})
        assert refused.status_code == 422 and "is no name of a site" in refused.text, wrong


async def test_a_secret_somebody_saw_is_replaced_and_a_second_press_makes_no_third(alice, acme, stranger):
    old = await Organization.objects().where(Organization.id == acme.id).first()
    expires = int(clock.now().timestamp()) + 600
    body = {"message": "Hi", "identity": {"email": "r@customer.example", "expires": expires}}
    body["identity"]["signature"] = identity.sign(old, "r@customer.example", expires)

    async def asked() -> int:
        return (await stranger.request("POST", "/api/support/private", json=body)).status_code

    assert await asked() == 200
    for _ in range(2):
        made = await alice.post("/acme/settings/support/secret", data={"version": "1"})
    assert (await chosen(acme))["identity_version"] == 2 and "Nothing was changed" in made.headers["HX-Trigger"]
    new = await Organization.objects().where(Organization.id == acme.id).first()
    assert identity.secret_of(new) in made.text and identity.secret_of(old) not in made.text and await asked() == 403
    back = await alice.post("/acme/settings/support/secret?back=1&version=2", data={})
    assert "works again" in back.headers["HX-Trigger"] and await asked() == 200


async def test_only_admins_renew_the_secret(ana, bob, acme):
    assert (await ana.post("/acme/settings/support/secret", data={"version": "1"})).status_code == 403
    assert (await bob.post("/acme/settings/support/secret", data={"version": "1"})).status_code == 404
    assert await chosen(acme) == {}
