"""Two leads become one, and can be parted again."""

import asyncio
from datetime import timedelta

import pytest
from piccolo.columns import BigInt, Integer

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.campaigns.tables import Campaign, Enrollment
from dashboard.database import row, rows
from dashboard.errors import Conflict, NotFound
from dashboard.leads import actions, merging, parting, references
from dashboard.leads.tables import Consent, Lead, Merge
from dashboard.piccolo_app import APP_CONFIG
from tests.leads.cast import a_lead, a_tag, as_it_is
from tests.orders.cast import an_order
from tests.world import fill


async def merged(alice, acme, winner, loser, **chosen) -> Merge:
    return await merging.merge(acme, winner.id, loser.id, chosen, clock.now(), alice.user)


async def parted(alice, acme, merge, after=timedelta()) -> Merge:
    return await parting.part(acme, merge.id, clock.now() + after, alice.user)


async def pair(acme):
    winner = await a_lead(acme, "Sofia Marchetti", email="sofia@wren.example", company="Wren & Co")
    loser = await a_lead(acme, "S. Marchetti", email="s@mail.example", phone="+44 20 7946 0177", contacts=2)
    return winner, loser


def test_every_column_that_may_name_a_lead_is_covered():
    known = {each.place for each in references.following()} | set(references.STAY)
    wrong = []
    for table in APP_CONFIG.table_classes:
        for column in table._meta.columns:
            place = f"{table._meta.tablename}.{column._meta.name}"
            named = isinstance(column, BigInt | Integer) and column._meta.name in ("lead", "subject_id", "customer")
            points = getattr(column, "_foreign_key_meta", None) and column._foreign_key_meta.resolved_references is Lead
            if (named or points) and place not in known:
                wrong.append(place)
    assert wrong == []
    assert {"orders.lead", "delivery.lead", "enrollment.lead", "note.subject_id"} <= known


def test_every_column_of_a_lead_is_chosen_kept_together_or_its_own():
    chosen = {column for columns in merging.CHOICES.values() for column in columns}
    own = {"id", "organization", "deleted_at", "merged_into", "erased_at", "score", "score_reasons", "scored_at"}
    assert {column._meta.name for column in Lead._meta.columns} == chosen | set(merging.TOGETHER) | own


async def test_what_may_be_there_once_is_unique_by_columns_that_can_be_compared():
    assert "enrollment.lead" in await references.unique()


async def everything() -> dict[str, str]:
    """A hash of every table, but for what tells of the merge itself, of days whose sums are made anew, and of
    how counts are kept."""
    told = {
        "lead_merge": "false",
        "revenue_stale": "false",
        "revenue_arrival_stale": "false",
        "campaign_count": "false",
        "activity": "verb NOT IN ('merged', 'merge_undone')",
    }
    parts = [
        f"SELECT '{name}' AS name, md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) AS hash "
        f'FROM "{name}" t WHERE {told.get(name, "true")}'
        for name in (table._meta.tablename for table in APP_CONFIG.table_classes)
    ]
    counts = "SELECT campaign, step, what, sum(number)::int AS n FROM campaign_count GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    found = {each["name"]: each["hash"] for each in await rows(" UNION ALL ".join(parts))}
    return found | {"campaign_count": str([each for each in await rows(counts) if each["n"]])}


async def test_a_row_of_every_table_follows_and_all_tables_are_as_before_after_undo(alice, acme):
    await fill(acme, alice.user)
    await rows("TRUNCATE lead_pair")
    loser, winner = await Lead.get_of(acme, 1), await a_lead(acme)
    for each in references.following():
        kind = ", subject_kind = 'lead'" if each.of_kind else ""
        await rows(f'UPDATE "{each.table}" SET "{each.column}" = {{}}{kind} WHERE id = 1', loser.id)
    await rows("UPDATE lead SET deleted_at = NULL, erased_at = NULL, merged_into = NULL")
    before = await everything()
    merge = await merged(alice, acme, winner, loser)
    left = [
        each.place
        for each in references.following()
        if (await row(f'SELECT "{each.column}" AS lead FROM "{each.table}" WHERE id = 1'))["lead"] != winner.id
    ]
    assert left == []
    assert {each.place for each in references.following()} <= set(merge.moved)
    await parted(alice, acme, merge)
    after = await everything()
    assert [name for name in before if before[name] != after[name]] == []


async def test_orders_notes_consents_and_tags_of_both_are_one_persons_and_later_ones_stay(alice, acme):
    winner, loser = await pair(acme)
    red, blue = await a_tag(acme, "red"), await a_tag(acme, "blue")
    await rows("UPDATE lead SET tags = {} WHERE id = {}", [red], winner.id)
    await rows("UPDATE lead SET tags = {} WHERE id = {}", [blue, red], loser.id)
    first = await an_order(acme, customer_email=loser.email)
    await activity.write_note(acme, "lead", loser.id, "Likes green", alice.user)
    await Consent(organization=acme.id, lead=loser.id, text="Yes", given_at=clock.now()).save()
    merge = await merged(alice, acme, winner, loser)
    one = await as_it_is(winner)
    assert one["tags"] == [red, blue] and one["contacts"] == 2 and one["phone"] == "+44 20 7946 0177"
    assert one["name"] == "Sofia Marchetti" and one["scored_at"] is None
    page = (await alice.get(f"/acme/leads/{winner.id}")).text
    assert "Likes green" in page and f"Order {first.number}" in page
    later = await an_order(acme, customer_email=loser.email)
    assert later.lead == winner.id
    await parted(alice, acme, merge)
    owners = await rows("SELECT id, lead FROM orders ORDER BY id")
    assert owners == [{"id": first.id, "lead": loser.id}, {"id": later.id, "lead": winner.id}]
    assert (await as_it_is(winner))["tags"] == [red] and (await as_it_is(loser))["tags"] == [blue, red]


async def test_the_chosen_values_are_kept_and_the_addresses_change_places(alice, acme):
    winner, loser = await pair(acme)
    for lead, answers in ((winner, {"size": 5, "city": "Rome"}), (loser, {"size": 9, "vat": "IT1"})):
        await rows("UPDATE lead SET attributes = {} WHERE id = {}", answers, lead.id)
    before = [await as_it_is(winner), await as_it_is(loser)]
    chosen = {"name": "loser", "email": "loser", "company": "winner", "attribute-size": "loser"}
    merge = await merging.merge(acme, winner.id, loser.id, chosen, clock.now(), alice.user)
    one = await as_it_is(winner)
    assert (one["name"], one["email"], one["company"]) == ("S. Marchetti", "s@mail.example", "Wren & Co")
    assert one["attributes"] == {"size": 9, "city": "Rome", "vat": "IT1"}
    for address in ("sofia@wren.example", "S@mail.example"):
        assert (await actions.find_or_create(acme, address)).id == winner.id
    await parted(alice, acme, merge)
    after = [await as_it_is(winner), await as_it_is(loser)]
    assert [{**each, "scored_at": 0} for each in after] == [{**each, "scored_at": 0} for each in before]
    assert (await actions.find_or_create(acme, "sofia@wren.example")).id == winner.id


async def test_what_somebody_changed_since_survives_the_undo(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser, name="loser", phone="loser")
    late = await a_tag(acme, "late")
    await rows("UPDATE lead SET name = 'Sofia M.', tags = {}, contacts = 7 WHERE id = {}", [late], winner.id)
    await parted(alice, acme, merge)
    one = await as_it_is(winner)
    assert (one["name"], one["phone"], one["tags"], one["contacts"]) == ("Sofia M.", "", [late], 5)


async def test_an_address_somebody_else_took_meanwhile_is_said(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser, email="loser")
    await rows("UPDATE lead SET email = 'x@mail.example', email_normalized = 'x@mail.example' WHERE id = {}", winner.id)
    other = await a_lead(acme, email="s@mail.example")
    with pytest.raises(Conflict, match=r"Another lead has s@mail\.example now"):
        await parted(alice, acme, merge)
    assert (await as_it_is(loser))["merged_into"] == winner.id != other.id


async def test_a_chain_is_flat_and_is_undone_from_its_end(alice, acme):
    first, second = await pair(acme)
    third = await a_lead(acme, "Third", email="third@mail.example")
    order = await an_order(acme, customer_email=third.email)
    inner = await merged(alice, acme, second, third)
    outer = await merged(alice, acme, first, second)
    assert (await as_it_is(third))["merged_into"] == first.id
    assert (await actions.find_or_create(acme, third.email)).id == first.id
    assert (await alice.get(f"/acme/leads/{third.id}")).headers["location"] == f"/acme/leads/{first.id}"
    with pytest.raises(Conflict, match="merged into another one since"):
        await parted(alice, acme, inner)
    await parted(alice, acme, outer)
    assert (await as_it_is(third))["merged_into"] == second.id
    assert (await row("SELECT lead FROM orders WHERE id = {}", order.id))["lead"] == second.id
    await parted(alice, acme, inner)
    assert (await row("SELECT lead FROM orders WHERE id = {}", order.id))["lead"] == third.id


async def test_two_merges_into_one_can_be_undone_in_any_order(alice, acme):
    winner, loser = await pair(acme)
    third = await a_lead(acme, "Third", email="third@mail.example", contacts=1, company="Third AG")
    before = [await as_it_is(each) for each in (winner, loser, third)]
    one = await merged(alice, acme, winner, loser)
    two = await merged(alice, acme, winner, third)
    await parted(alice, acme, one)
    assert (await as_it_is(winner))["contacts"] == 1 and (await as_it_is(winner))["phone"] == ""
    await parted(alice, acme, two)
    after = [await as_it_is(each) for each in (winner, loser, third)]
    assert [{**each, "scored_at": 0} for each in after] == [{**each, "scored_at": 0} for each in before]


async def test_of_a_campaign_both_are_in_the_winners_place_stays(alice, acme):
    winner, loser = await pair(acme)
    campaign, other = Campaign(organization=acme.id, name="Autumn"), Campaign(organization=acme.id, name="Winter")
    await campaign.save()
    await other.save()
    for lead, of in ((winner, campaign), (loser, campaign), (loser, other)):
        await Enrollment(organization=acme.id, campaign=of.id, lead=lead.id, entered_at=clock.now()).save()
    before = await everything()
    merge = await merged(alice, acme, winner, loser)
    places = await rows("SELECT campaign, lead FROM enrollment ORDER BY id")
    assert places == [
        {"campaign": campaign.id, "lead": winner.id},
        {"campaign": campaign.id, "lead": loser.id},
        {"campaign": other.id, "lead": winner.id},
    ]
    await parted(alice, acme, merge)
    assert await everything() == before


async def test_of_two_people_merging_at_once_one_wins(alice, ana, acme):
    winner, loser = await pair(acme)
    done = await asyncio.gather(
        *(merging.merge(acme, *ids, {}, clock.now(), by) for ids, by in
          (((winner.id, loser.id), alice.user), ((loser.id, winner.id), ana.user), ((winner.id, loser.id), ana.user))),
        return_exceptions=True,
    )  # fmt: skip
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "Conflict", "Merge"]
    assert await Merge.count() == 1
    shown = await rows("SELECT id FROM lead WHERE deleted_at IS NULL")
    assert len(shown) == 1


async def test_undoing_twice_changes_nothing_more(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser)
    await asyncio.gather(*(parted(alice, acme, merge) for _ in range(3)))
    before = await everything()
    await parted(alice, acme, merge)
    assert await everything() == before
    assert len(await rows("SELECT 1 FROM activity WHERE verb = 'merge_undone'")) == 2


async def test_the_timeline_offers_undo_once_only(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser)
    button = f"/acme/leads/merges/{merge.id}/reversal"
    assert button in (await alice.get(f"/acme/leads/{winner.id}")).text
    await parted(alice, acme, merge)
    page = (await alice.get(f"/acme/leads/{winner.id}")).text
    assert "merged" in page and button not in page


async def test_after_thirty_days_it_stays(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser)
    with pytest.raises(Conflict, match="30 days"):
        await parted(alice, acme, merge, timedelta(days=30, minutes=1))
    await parted(alice, acme, merge, timedelta(days=29))
    assert (await as_it_is(loser))["merged_into"] is None


async def test_a_row_that_reached_the_lead_while_it_was_merged_follows_at_night(alice, acme):
    winner, loser = await pair(acme)
    merge = await merged(alice, acme, winner, loser)
    order = await an_order(acme, customer_email=winner.email)
    await rows("UPDATE orders SET lead = {} WHERE id = {}", loser.id, order.id)
    assert await merging.gather() == 1 and await merging.gather() == 0
    assert (await row("SELECT lead FROM orders WHERE id = {}", order.id))["lead"] == winner.id
    await parted(alice, acme, merge)
    assert (await row("SELECT lead FROM orders WHERE id = {}", order.id))["lead"] == winner.id


async def test_what_cannot_be_merged_is_refused(alice, acme, borealis):
    winner, loser = await pair(acme)
    foreign = await a_lead(borealis)
    with pytest.raises(Conflict):
        await merged(alice, acme, winner, winner)
    with pytest.raises(NotFound):
        await merged(alice, acme, winner, foreign)
    await rows("UPDATE lead SET deleted_at = now() WHERE id = {}", loser.id)
    with pytest.raises(Conflict, match="deleted meanwhile"):
        await merged(alice, acme, winner, loser)
    assert await Merge.count() == 0
