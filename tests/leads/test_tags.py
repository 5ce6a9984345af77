"""Tags: put on a lead, made on the way, renamed, coloured and deleted in Settings."""

from dashboard.leads.tables import Tag
from tests.leads.cast import a_lead, a_tag, as_it_is, undo_of


async def test_tags_are_put_on_and_taken_off_and_a_new_word_becomes_one(ana, acme):
    lead, hot, cold = await a_lead(acme), await a_tag(acme, "hot"), await a_tag(acme, "cold")
    path = f"/acme/leads/{lead.id}/tags"
    await ana.post(path, data={"tag": [str(cold)]})
    answer = await ana.post(path, data={"had": [str(cold)], "tag": [str(hot)], "new": "Wants Demo"})
    made = await Tag.objects().get(Tag.name == "Wants Demo")
    assert (await as_it_is(lead))["tags"] == [hot, made.id]
    assert "Wants Demo" in answer.text and "Added hot, Wants Demo; removed cold" in answer.text
    await ana.post(undo_of(answer))
    assert (await as_it_is(lead))["tags"] == [cold]


async def test_two_people_with_the_form_open_do_not_undo_each_other(ana, alice, acme):
    lead, hot, vip = await a_lead(acme), await a_tag(acme, "hot"), await a_tag(acme, "vip")
    await ana.post(f"/acme/leads/{lead.id}/tags", data={"tag": str(hot)})
    await alice.post(f"/acme/leads/{lead.id}/tags", data={"tag": str(vip)})  # opened before hot was there
    assert sorted((await as_it_is(lead))["tags"]) == sorted([hot, vip])


async def test_a_known_word_is_the_same_tag_whatever_its_case(ana, acme):
    lead, hot = await a_lead(acme), await a_tag(acme, "Hot")
    await ana.post(f"/acme/leads/{lead.id}/tags", data={"new": "HOT"})
    assert (await as_it_is(lead))["tags"] == [hot] and await Tag.count() == 1


async def test_a_neighbours_tag_is_not_there(ana, acme, borealis):
    lead, theirs = await a_lead(acme), await a_tag(borealis, "theirs")
    assert (await ana.post(f"/acme/leads/{lead.id}/tags", data={"tag": str(theirs)})).status_code == 404
    assert (await as_it_is(lead))["tags"] == []
    assert "theirs" not in (await ana.get(f"/acme/leads/{lead.id}/tags")).text


async def test_a_tag_gets_another_name_and_colour(alice, acme):
    lead, hot, _ = await a_lead(acme), await a_tag(acme, "hot"), await a_tag(acme, "cold")
    path = f"/acme/settings/leads/tags/{hot}"
    taken = await alice.post(path, data={"name": "COLD", "colour": "2"})
    assert taken.status_code == 422 and "already" in taken.text
    answer = await alice.post(path, data={"name": "burning", "colour": "4"})
    assert "burning" in answer.text and 'class="tag c4"' in answer.text
    tag = await Tag.objects().get(Tag.id == hot)
    assert (tag.name, tag.colour) == ("burning", 4) and lead.id


async def test_a_deleted_tag_leaves_every_lead_and_no_other_organizations(alice, acme, borealis):
    hot, theirs = await a_tag(acme, "hot"), await a_tag(borealis, "hot")
    first, second = await a_lead(acme, tags=[hot]), await a_lead(acme, tags=[hot, 999])
    foreign = await a_lead(borealis, tags=[theirs])
    answer = await alice.post(f"/acme/settings/leads/tags/{hot}/removal")
    assert answer.status_code == 200 and await Tag.count() == 1
    assert (await as_it_is(first))["tags"] == [] and (await as_it_is(second))["tags"] == [999]
    assert (await as_it_is(foreign))["tags"] == [theirs]
    assert (await alice.post(f"/acme/settings/leads/tags/{theirs}/removal")).status_code == 404


async def test_settings_count_who_has_a_tag_and_only_admins_change_it(alice, ana, acme):
    hot = await a_tag(acme, "hot")
    for _ in range(3):
        await a_lead(acme, tags=[hot])
    assert "3 leads" in (await alice.get("/acme/settings/leads")).text
    assert "3 leads" in (await ana.get("/acme/settings/leads")).text
    assert (await ana.post(f"/acme/settings/leads/tags/{hot}", data={"name": "x"})).status_code == 403
