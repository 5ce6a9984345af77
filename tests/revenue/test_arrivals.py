"""The leads kept for each day say what the leads themselves say, whatever happens to them."""

import asyncio
import random
from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from dashboard.database import rows, transaction
from dashboard.revenue import arrivals, funnel, upkeep
from dashboard.revenue.periods import Period
from tests.builders import a_member
from tests.revenue import year

pytestmark = pytest.mark.slow

SPANS = [
    (date(2025, 9, 1), date(2026, 12, 31)), (date(2025, 12, 1), date(2026, 11, 21)),
    (date(2026, 1, 10), date(2026, 5, 5)), (date(2026, 6, 1), date(2026, 6, 30)), (date(2026, 3, 29), date(2026, 3, 29)),
]  # fmt: skip
MOVE = (
    "INSERT INTO activity (organization, subject_kind, subject_id, verb, data, created_at) "
    "SELECT organization, 'lead', id, 'moved', {data}, created_at + interval '9 days' FROM lead WHERE id = {{}}"
)
OUT, BACK = (
    MOVE.format(data=f"jsonb_build_object('batch', '{batch}b1', 'from', jsonb_build_object('stage', '{one}'), "
                     f"'to', jsonb_build_object('stage', '{other}'))")
    for batch, one, other in (("", "new", "quoted"), ("undo:", "quoted", "new"))
)  # fmt: skip


async def as_the_leads(organization, zone: str = "UTC") -> None:
    """Every span by bucket and source, set against the people one by one, that is the rows behind the figures."""
    outside, seen = await arrivals.unqualified(organization), 0
    for first, last in SPANS:
        period, expected = Period("custom", first, last, zone), Counter[tuple]()
        people = await rows(funnel.PEOPLE, *funnel.asked(organization, period, outside))
        for person in people:
            day = person["created_at"].astimezone(ZoneInfo(zone)).date()
            bucket = next(each.first for each in period.buckets() if each.first <= day <= each.last)
            expected.update((bucket, person["source"], step) for step in ("leads", *arrivals.MOMENTS)
                            if step == "leads" or person[step])  # fmt: skip
        found = {
            (line["day"], line["source"], step): line[step]
            for line in await arrivals.counted(organization, period, outside)
            for step in ("leads", *arrivals.MOMENTS) if line[step]
        }  # fmt: skip
        assert found == dict(expected)
        seen += len(people)
    assert seen


async def marks() -> int:
    return (await rows("SELECT count(*) AS n FROM revenue_arrival_stale"))[0]["n"]


@pytest.fixture
async def made(acme):
    agents = [await a_member(acme, f"agent{nr}@acme.example", f"Agent {nr}", "agent") for nr in (1, 2)]
    found = await year.make(acme, agents, 200)
    for lead in list(found.leads)[::5]:
        await rows(OUT, lead)
    for lead in list(found.leads)[::15]:
        await rows(BACK, lead)
    await upkeep.refresh(acme.id)
    assert await marks() == 0 and await upkeep.differences(acme.id) == []
    return found


STAGE = "INSERT INTO lead_stage (organization, key, name, kind, position, created_at) SELECT organization, "
# What may happen to the figures of a day of leads: a statement, and the table whose row it takes.
CHANGES = {
    "a lead is deleted": ("DELETE FROM lead WHERE id = {}", "lead"),
    "a lead is put away": ("UPDATE lead SET deleted_at = now() WHERE id = {}", "lead"),
    "a lead comes back": ("UPDATE lead SET deleted_at = NULL WHERE deleted_at IS NOT NULL AND id > {} - 99999", "lead"),
    "a lead came from elsewhere": ("UPDATE lead SET source = 'Fair' WHERE id = {}", "lead"),
    "a lead came earlier": ("UPDATE lead SET created_at = created_at - interval '50 days' WHERE id = {}", "lead"),
    "a lead is moved": ("UPDATE lead SET stage = 'quoted', stage_at = '2026-06-30 23:59:59.999999Z' WHERE id = {}", "lead"),
    "a lead is lost": ("UPDATE lead SET stage = 'lost', stage_at = '2026-07-01' WHERE id = {}", "lead"),
    "a move is on the timeline": (OUT, "lead"),
    "a move is taken back": (BACK, "lead"),
    "a move belongs to another lead": (
        "UPDATE activity SET subject_id = (SELECT max(id) FROM lead) WHERE id = {}", "activity",
    ),
    "a move was later": ("UPDATE activity SET created_at = created_at + interval '99 days' WHERE id = {}", "activity"),
    "a move is forgotten": ("DELETE FROM activity WHERE id = {}", "activity"),
    "an order is deleted": ("DELETE FROM orders WHERE id = {}", "orders"),
    "an order gets another lead": ("UPDATE orders SET lead = (SELECT max(id) FROM lead) WHERE id = {}", "orders"),
    "an order was paid later": ("UPDATE orders SET confirmed_at = confirmed_at + interval '70 days' WHERE id = {}", "orders"),
    "an order is not paid": ("UPDATE orders SET confirmed_at = NULL WHERE id = {}", "orders"),
    "an order is done": (
        "UPDATE orders SET status = 'done', done_at = '2026-06-30 23:59:59.999999Z' WHERE id = {}", "orders",
    ),
    "an order is not done": ("UPDATE orders SET status = 'in_progress', done_at = NULL WHERE id = {}", "orders"),
    "an order comes in": (
        "INSERT INTO orders (id, organization, number, lead, amount, currency, placed_at, confirmed_at, created_at) "
        "SELECT (SELECT max(id) + 1 FROM orders), organization, (SELECT max(id) + 1 FROM orders), id, 1, 'EUR', now(), '2026-05-06', now() FROM lead WHERE id = {}", "lead",
    ),
    "stages are other ones": (
        f"{STAGE}'first', 'First', 'open', 0, now() FROM lead WHERE id = {{}} ON CONFLICT DO NOTHING", "lead",
    ),
    "quoted counts as lost": (
        f"{STAGE}'quoted', 'Quoted', 'lost', 1, now() FROM lead WHERE id = {{}} ON CONFLICT DO NOTHING", "lead",
    ),
}  # fmt: skip


async def happens(change: str, chance: random.Random) -> None:
    sql, table = CHANGES[change]
    found = await rows(f'SELECT id FROM "{table}" ORDER BY id')
    await rows(sql, chance.choice(found)["id"])


@pytest.mark.parametrize("change", CHANGES)
async def test_the_leads_of_a_day_follow(made, acme, change):
    chance = random.Random(change)
    for _ in range(4):
        await happens(change, chance)
    await as_the_leads(acme)
    await upkeep.refresh(acme.id)
    assert await marks() == 0
    await as_the_leads(acme)
    assert await upkeep.differences(acme.id) == []


async def test_they_follow_whatever_happens_one_after_the_other(made, acme):
    chance = random.Random(6)
    for nr in range(60):
        await happens(chance.choice(list(CHANGES)), chance)
        if nr % 7 == 0:
            await as_the_leads(acme)
        if nr % 11 == 0:
            await upkeep.refresh(acme.id)
            assert await upkeep.differences(acme.id) == []
    await as_the_leads(acme)


async def test_nothing_is_marked_by_what_changes_no_step(made, acme):
    await rows("UPDATE lead SET score = 7, name = 'Nobody'")
    await rows("UPDATE orders SET customer_name = 'Somebody else', amount = amount + 1")
    await rows("INSERT INTO activity (organization, subject_kind, subject_id, verb, data, created_at) "
               "SELECT organization, 'lead', id, 'called', '{{}}', now() FROM lead")  # fmt: skip
    assert await marks() == 0


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati"])
async def test_another_time_zone_cuts_the_days_of_leads_anew(made, acme, zone):
    await as_the_leads(acme, zone)  # asked for before the organization has it
    await rows("UPDATE organization SET time_zone = {} WHERE id = {}", zone, acme.id)
    await as_the_leads(acme, zone)
    await upkeep.refresh(acme.id)
    assert await marks() == 0
    await as_the_leads(acme, zone)
    await as_the_leads(acme, "UTC")


async def test_a_rebuild_mends_leads_somebody_counted_by_hand(made, acme):
    await rows("UPDATE revenue_arrival SET leads = leads + 1")
    assert {each["dimension"] for each in await upkeep.differences(acme.id)} == {"leads"}
    await upkeep.rebuild(acme.id)
    assert await upkeep.differences(acme.id) == []
    await as_the_leads(acme)


async def test_an_order_that_commits_after_its_leads_day_changed_is_counted_on_the_new_day(made, acme):
    """The mark names the lead: its day moved, and was made anew, while the order was being written."""
    [lead] = await rows("SELECT id FROM lead WHERE deleted_at IS NULL ORDER BY id LIMIT 1")
    begun, moved = asyncio.Event(), asyncio.Event()

    async def book():
        async with transaction():
            sql, _ = CHANGES["an order comes in"]
            await rows(sql, lead["id"])
            begun.set()
            await moved.wait()

    booking = asyncio.create_task(book())
    await begun.wait()
    await rows("UPDATE lead SET created_at = created_at - interval '3 days' WHERE id = {}", lead["id"])
    await upkeep.refresh(acme.id)
    assert await marks() == 0
    moved.set()
    await booking
    await as_the_leads(acme)
    await upkeep.refresh(acme.id)
    await as_the_leads(acme)
    assert await upkeep.differences(acme.id) == []


async def test_deleting_a_company_leaves_no_days_of_leads(made, acme):
    await rows("DELETE FROM organization WHERE id = {}", acme.id)
    for table in ("revenue_arrival", "revenue_arrival_stale"):
        assert (await rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] == 0
