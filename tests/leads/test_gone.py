"""Leads that were deleted: where they are found, and how they come back once the toast is gone."""

import pytest

from dashboard import clock
from dashboard.leads import actions, gone
from dashboard.leads.tables import Lead
from tests.leads.cast import a_lead, as_it_is, verbs_of


async def test_who_was_deleted_is_found_and_brought_back(ana, acme, borealis):
    kept, lead, other = await a_lead(acme, "Kept"), await a_lead(acme, "Ingrid"), await a_lead(borealis, "Elsewhere")
    for each in (lead, other):
        await Lead.update({Lead.deleted_at: clock.now()}).where(Lead.id == each.id)
    assert "/acme/leads/deleted" in (await ana.get("/acme/leads")).text
    page = (await ana.get("/acme/leads/deleted")).text
    assert "Ingrid" in page and "Kept" not in page and "Elsewhere" not in page
    for _ in range(2):  # two clicks are one
        back = await ana.post(f"/acme/leads/{lead.id}/return", follow_redirects=False)
        assert back.status_code == 303 and back.headers["location"] == f"/acme/leads/{lead.id}"
    assert (await as_it_is(lead))["deleted_at"] is None and await verbs_of(lead) == ["brought_back"]
    assert "brought the lead back" in (await ana.get(f"/acme/leads/{lead.id}")).text
    assert "Nobody was deleted" in (await ana.get("/acme/leads/deleted")).text
    assert await verbs_of(kept) == []


async def test_the_list_of_deleted_goes_on_behind_its_last_row(ana, acme, monkeypatch):
    monkeypatch.setattr(gone, "SHOWN", 2)
    now = clock.now()  # one moment, as when many are deleted at once
    people = [await a_lead(acme, f"Nr {n}", deleted_at=now) for n in range(5)]
    seen, behind = [], 0
    while True:
        found, behind = await gone.listed(acme, behind)
        seen += [each["id"] for each in found]
        if not behind:
            break
    assert seen == [each.id for each in reversed(people)]
    first = (await ana.get("/acme/leads/deleted")).text
    assert f"/acme/leads/deleted?behind={people[3].id}" in first and "Nr 2" not in first


async def test_an_address_of_somebody_deleted_offers_to_bring_them_back(ana, acme):
    lead = await a_lead(acme, "Ingrid", email="ingrid@solheim.example", deleted_at=clock.now())
    other = await a_lead(acme, "Other")
    way = f"/acme/leads/{lead.id}/return"
    data = {"name": "Ingrid", "email": "ingrid@solheim.example", "currency": "EUR", "once": "o" * 20}
    new = await ana.post("/acme/leads", data=data)
    assert new.status_code == 422 and "was deleted" in new.text and way in new.text
    edited = await ana.post(f"/acme/leads/{other.id}/person", data=data)
    assert edited.status_code == 422 and "was deleted" in edited.text and way in edited.text
    await ana.post(way)
    again = await ana.post("/acme/leads", data=data)
    assert "has this address already" in again.text and way not in again.text


@pytest.mark.parametrize("column", ["merged_into", "erased_at"])
async def test_who_was_merged_or_forgotten_does_not_come_back_this_way(ana, acme, column):
    winner = await a_lead(acme)
    lead = await a_lead(acme, deleted_at=clock.now(), **{column: winner.id if column == "merged_into" else clock.now()})
    assert (await ana.post(f"/acme/leads/{lead.id}/return")).status_code == 404
    assert "Nobody was deleted" in (await ana.get("/acme/leads/deleted")).text
    answer = await ana.get(f"/acme/leads/{lead.id}", follow_redirects=False)
    assert answer.status_code == (303 if column == "merged_into" else 404)


async def test_viewers_see_them_and_bring_nobody_back(vera, bob, acme):
    lead = await a_lead(acme, "Ingrid", deleted_at=clock.now())
    page = (await vera.get("/acme/leads/deleted")).text
    assert "Ingrid" in page and "Bring back" not in page
    assert "Bring back" not in (await vera.get(f"/acme/leads/{lead.id}")).text
    assert (await vera.post(f"/acme/leads/{lead.id}/return")).status_code == 403
    assert (await bob.post(f"/acme/leads/{lead.id}/return")).status_code == 404


async def test_whoever_was_merged_into_somebody_deleted_is_that_person_and_is_back(acme):
    winner = await a_lead(acme, "", email="one@x.example", deleted_at=clock.now())
    loser = await a_lead(acme, "", email="two@x.example", deleted_at=clock.now(), merged_into=winner.id)
    found = await actions.find_or_create(acme, "TWO@x.example", "Mei", phone="0201 55")
    assert found.id == winner.id and found.deleted_at is None
    assert (found.name, found.phone, found.phone_normalized) == ("Mei", "0201 55", "020155")
    row = await as_it_is(loser)
    assert row["deleted_at"] and (row["name"], row["phone"]) == ("", ""), "the other address is only an address"
