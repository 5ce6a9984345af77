"""The page of duplicates: pairs found in the background, compared, merged, told apart."""

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.leads import jobs, pairs
from dashboard.leads.tables import Distinct, Merge
from tests.leads.cast import a_lead, as_it_is, said, undo_of
from tests.orders.cast import an_order


async def pair(acme):
    first = await a_lead(acme, "Sofia Marchetti", email="sofia@wren.example", company="Wren & Co")
    second = await a_lead(acme, "S. Marchetti", email="s@mail.example", company="Wren & Co")
    return first, second


async def found() -> list[tuple[int, int]]:
    return [(each["low"], each["high"]) for each in await rows("SELECT low, high FROM lead_pair ORDER BY low, high")]


async def test_the_job_finds_pairs_of_new_leads_once_and_of_changed_ones_again(alice, acme, borealis):
    first, second = await pair(acme)
    await a_lead(borealis, "Sofia Marchetti", email="sofia@wren.example", company="Wren & Co")
    other = await a_lead(acme, "Tom Hall", email="tom@hall.example", company="Hall Ltd")
    counts = await jobs.find_duplicates(clock.now())
    assert counts["compared"] == 4 and await found() == [(first.id, second.id)]
    assert (await jobs.find_duplicates(clock.now()))["compared"] == 0
    changed = {"name": "Sofia Marchetti", "company": "Wren and Co", "email": "", "phone": ""}
    await alice.post(f"/acme/leads/{other.id}/person", data=changed)
    await jobs.find_duplicates(clock.now())
    assert (first.id, other.id) in await found()


async def test_a_pair_goes_when_they_are_alike_no_more_or_one_is_deleted(alice, acme):
    first, second = await pair(acme)
    await jobs.find_duplicates(clock.now())
    await alice.post(f"/acme/leads/{second.id}/person", data={"name": "Tom Hall", "company": "Hall Ltd"})
    await jobs.find_duplicates(clock.now())
    assert await found() == []
    third = await a_lead(acme, "Sofia Marcheti", company="Wren & Co")
    await jobs.find_duplicates(clock.now())
    assert await found() == [(first.id, third.id)]
    await alice.post(f"/acme/leads/{third.id}/deletion")
    assert "Nobody is here twice" in (await alice.get("/acme/leads/duplicates")).text
    await jobs.find_duplicates(clock.now())
    assert await found() == []


async def test_a_name_that_many_bear_tells_nothing(acme):
    for _ in range(5):
        await a_lead(acme, "John Smith")
    await jobs.find_duplicates(clock.now())
    assert await found() == []


async def test_two_are_compared_merged_and_parted_on_the_page(alice, acme):
    first, second = await pair(acme)
    order = await an_order(acme, customer_email=second.email)
    await jobs.find_duplicates(clock.now())
    page = (await alice.get("/acme/leads/duplicates")).text
    assert "Same company and similar name" in page and f"/acme/leads/{first.id}/merge/{second.id}" in page
    compared = (await alice.get(f"/acme/leads/{first.id}/merge/{second.id}")).text
    assert "sofia@wren.example" in compared and "1 order" in compared
    assert 'name="keep-company"' not in compared and 'name="keep-email" value="loser"' in compared
    form = {"keep-email": "loser", "keep-name": "nonsense", "keep-created_at": "loser"}
    answer = await alice.post(f"/acme/leads/{first.id}/merge/{second.id}", data=form)
    assert "S. Marchetti is part of" in answer.text
    assert (await as_it_is(first))["email"] == "s@mail.example"
    lead = (await alice.get(f"/acme/leads/{first.id}")).text
    assert f"Order {order.number}" in lead and "merged S. Marchetti into this lead" in lead
    assert "/reversal" in lead and "Undo" in lead
    assert "Merged lately" in (await alice.get("/acme/leads/duplicates")).text
    back = await alice.post(undo_of(answer))
    assert "Merge duplicates" in back.text and said(back) == "Parted. Both are as they were."
    assert (await as_it_is(first))["email"] == "sofia@wren.example"
    again = await alice.post(undo_of(answer).replace("comparison", "list"))
    assert "Compare" in again.text


async def test_who_is_not_the_same_person_is_never_proposed_again_unless_taken_back(alice, acme):
    first, second = await pair(acme)
    await jobs.find_duplicates(clock.now())
    for _ in range(2):
        answer = await alice.post(f"/acme/leads/{second.id}/distinction/{first.id}")
        assert "Nobody is here twice" in answer.text
    assert await Distinct.count() == 1
    await pairs.look(acme.id, [first.id, second.id])
    assert await found() == []
    assert "Maybe the same person" not in (await alice.get(f"/acme/leads/{first.id}")).text
    assert "Compare" in (await alice.post(undo_of(answer))).text
    assert await found() == [(first.id, second.id)]


async def test_a_conflict_is_said_and_changes_nothing(alice, ana, acme):
    first, second = await pair(acme)
    await alice.post(f"/acme/leads/{first.id}/merge/{second.id}", data={})
    late = await ana.post(f"/acme/leads/{second.id}/merge/{first.id}", data={})
    assert late.status_code == 404 and await Merge.count() == 1
    with_itself = await ana.post(f"/acme/leads/{first.id}/merge/{first.id}", data={})
    assert with_itself.status_code == 404


@pytest.mark.parametrize("path", ["merge/{other}", "distinction/{other}", "distinction/{other}/reversal"])
async def test_another_organizations_lead_does_not_exist(bob, alice, acme, borealis, path):
    first, second = await pair(acme)
    own = await a_lead(borealis)
    before = await as_it_is(second)
    for client, slug, id, other in ((bob, "borealis", own.id, second.id), (alice, "acme", first.id, own.id)):
        answer = await client.post(f"/{slug}/leads/{id}/{path.format(other=other)}", data={})
        assert answer.status_code == 404 or path.endswith("reversal")
        assert "Marchetti, " not in answer.text
    assert await as_it_is(second) == before and await Distinct.count() == 0 and await Merge.count() == 0


async def test_another_organizations_merge_cannot_be_undone(alice, bob, acme):
    first, second = await pair(acme)
    await alice.post(f"/acme/leads/{first.id}/merge/{second.id}", data={})
    assert (await bob.post("/borealis/leads/merges/1/reversal")).status_code == 404
    assert (await as_it_is(second))["merged_into"] == first.id


async def test_a_viewer_sees_pairs_and_decides_nothing(vera, acme):
    first, second = await pair(acme)
    await jobs.find_duplicates(clock.now())
    page = (await vera.get("/acme/leads/duplicates")).text
    assert "S. Marchetti" in page and "Compare" not in page and "Not the same" not in page
    assert (await vera.post(f"/acme/leads/{first.id}/merge/{second.id}", data={})).status_code == 403
