"""The board: lanes of cards, what they are worth, and moving a card."""

import re
from datetime import timedelta

from dashboard import clock
from dashboard.database import rows
from tests.leads.cast import a_lead, a_tag, as_it_is, said, undo_of


def cards(text: str) -> list[str]:
    return re.findall(r'id="card-(\d+)"', text)


def lane(text: str, key: str) -> str:
    """The markup of one lane."""
    return text.split(f'id="lane-{key}"')[1].split("</section>")[0]


async def test_every_lead_is_in_the_lane_of_its_stage_the_newest_first(alice, acme):
    tag = await a_tag(acme, "retail", 3)
    first = await a_lead(acme, "Hannah Kowalski", company="Pierogi House", value=820000, currency="EUR", tags=[tag])
    second, third = await a_lead(acme, "Daniel Osei"), await a_lead(acme, "Emeka Okafor", stage="quoted")
    text = (await alice.get("/acme/leads/board")).text
    assert cards(lane(text, "new")) == [str(second.id), str(first.id)] and cards(lane(text, "quoted")) == [
        str(third.id)
    ]
    for word in ("Hannah Kowalski", "Pierogi House", "€8,200<", "retail"):
        assert word in lane(text, "new"), word
    assert "hx-morph-skip" in text and "draggable" in text


async def test_a_card_that_was_moved_is_on_top_of_its_lane(ana, acme):
    old, _ = await a_lead(acme, "Old"), await a_lead(acme, "Young", stage="quoted")
    answer = await ana.post(f"/acme/leads/{old.id}/stage?in=board", data={"stage": "quoted"})
    assert said(answer) == "Old moved to Quoted." and answer.text == "" and "lead-moved" in answer.headers["hx-trigger"]
    assert cards(lane((await ana.get("/acme/leads/board")).text, "quoted"))[0] == str(old.id)
    back = await ana.post(undo_of(answer))
    assert back.text == "" and "lead-moved" in back.headers["hx-trigger"]
    row = await as_it_is(old)
    assert (row["stage"], row["stage_at"]) == ("new", None)


async def test_the_numbers_are_per_stage_and_currency_and_come_after_the_cards(alice, acme):
    now = clock.now()
    for value, currency in ((150000, "EUR"), (50000, "EUR"), (1850000, "GBP"), (0, "")):
        await a_lead(acme, stage="qualified", value=value, currency=currency)
    await a_lead(
        acme, stage="won", value=1, currency="EUR", won_at=now, won_amount=462000, won_currency="USD", stage_at=now
    )
    past = now - timedelta(days=31)
    await a_lead(acme, stage="won", won_at=past, won_amount=999900, won_currency="USD", stage_at=past)
    text = (await alice.get("/acme/leads/board/counts")).text
    assert "€2k · £18.5k" in text and "$4.6k" in text and "4 open deals" in text
    assert re.search(r'id="lane-count-qualified"[^>]*>4<', text) and re.search(r'id="lane-count-won"[^>]*>1<', text)
    assert len(cards(lane((await alice.get("/acme/leads/board")).text, "won"))) == 1


async def test_a_long_lane_comes_in_stretches_that_miss_and_repeat_nobody(alice, acme):
    moment = clock.now() - timedelta(days=2)
    ids = [str((await a_lead(acme, f"Lead {n}", created_at=moment - timedelta(minutes=n // 9))).id) for n in range(47)]
    text = (await alice.get("/acme/leads/board")).text
    seen = cards(text)
    assert len(seen) == 20
    while more := re.search(r'hx-get="([^"]*/lanes/new[^"]*)"', text):
        await a_lead(acme, "Meanwhile")
        text = (await alice.part(more[1].replace("&amp;", "&"))).text
        seen += cards(text)
    assert sorted(seen) == sorted(ids) and len(seen) == 47
    until = re.search(r'name="until_new"[^>]*value="([^"]+)"', text)[1]
    unrolled = (await alice.part(f"/acme/leads/board?until_new={until}")).text
    assert set(seen) < set(cards(unrolled)) and len(cards(unrolled)) == 49


async def test_the_board_has_the_filters_of_the_list(alice, ana, acme):
    mine, _ = await a_lead(acme, owner=alice.user.id), await a_lead(acme, owner=ana.user.id)
    text = (await alice.get("/acme/leads/board?owner=me")).text
    assert cards(text) == [str(mine.id)] and "Remove filter Owner" in text
    assert "1 open deal<" in (await alice.get("/acme/leads/board/counts?owner=me")).text


async def test_the_board_costs_few_queries_however_many_stages(alice, acme, queries):
    for stage in ("new", "qualified", "quoted", "won", "lost"):
        await a_lead(acme, stage=stage, stage_at=clock.now())
    with queries() as seen:
        assert (await alice.get("/acme/leads/board")).status_code == 200
    assert len(seen) <= 7, seen
    with queries() as seen:
        assert (await alice.get("/acme/leads/board/counts")).status_code == 200
    assert len(seen) <= 6, seen


async def test_deleted_leads_and_other_organizations_are_not_on_it(alice, bob, acme, borealis):
    await a_lead(acme, "Gone", deleted_at=clock.now())
    await a_lead(borealis, "Theirs")
    text = (await alice.get("/acme/leads/board")).text
    assert cards(text) == [] and "Theirs" not in text
    assert (await bob.get("/acme/leads/board")).status_code == 404
    assert (await alice.get("/acme/leads/board/lanes/evil")).status_code == 404


async def test_cursors_that_are_none_of_ours_show_the_beginning(alice, acme):
    await a_lead(acme)
    for cursor in ("x", "W10", "WyIyMDI2LTExLTIxIiwwXQ", "eyJhIjoxfQ", "WzFlOTk5LDFd"):
        assert len(cards((await alice.get(f"/acme/leads/board/lanes/new?below={cursor}")).text)) == 1, cursor
        assert len(cards((await alice.get(f"/acme/leads/board?until_new={cursor}")).text)) == 1, cursor


async def test_a_lane_is_read_by_its_index_alone(acme):
    await rows(
        "INSERT INTO lead (organization, email, name, stage, created_at) SELECT {}, '', 'N' || n, "
        "(ARRAY['new','qualified','quoted'])[1 + n % 3], now() - n * interval '1 minute' FROM generate_series(1, 3000) n",
        acme.id,
    )
    await rows("ANALYZE lead")
    plan = await rows(
        "EXPLAIN SELECT l.id FROM lead l WHERE l.organization = {} AND l.stage = 'new' AND l.deleted_at IS NULL "
        "AND (coalesce(l.stage_at, l.created_at), l.id) < (now() - interval '1 day', 5) "
        "ORDER BY coalesce(l.stage_at, l.created_at) DESC, l.id DESC LIMIT 21",
        acme.id,
    )
    said = " ".join(line["QUERY PLAN"] for line in plan)
    assert "lead_board" in said and "Sort" not in said, said
