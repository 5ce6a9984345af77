"""The sums kept for each day are those of the journal, whatever happens to it."""

import asyncio
import random
from collections import defaultdict
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.database import rows, snapshot, transaction
from dashboard.orders import money
from dashboard.orders.tables import Order
from dashboard.payments import journal
from dashboard.revenue import daily, periods, recurring, upkeep
from dashboard.revenue.attribution import DIMENSIONS
from dashboard.revenue.sums import NAMES
from tests.builders import a_member
from tests.revenue import plain, year
from tests.revenue.test_page import sold

pytestmark = pytest.mark.slow

FIRST, LAST = date(2025, 9, 1), date(2026, 12, 31)
DAYS = [FIRST + timedelta(days=nr) for nr in range((LAST - FIRST).days + 2)]


async def kept(organization, zone: str) -> dict[tuple, tuple]:
    """What the page would read, by (day, dimension, value, currency)."""
    sheet = await daily.read(organization, zone, [DAYS], ["", *DIMENSIONS])
    return {
        (DAYS[place], dimension, line["value"], line["currency"]): tuple(line[name] for name in NAMES)
        for (dimension, _, place), lines in sheet._lines.items()
        for line in lines
    }


async def from_the_lines(organization, zone: str) -> dict[tuple, tuple]:
    """The same with loops over the rows as they are now."""
    there, found = ZoneInfo(zone), year.Year(organization, year.NOW)
    own = organization.id
    found.leads = {each["id"]: each for each in await rows("SELECT * FROM lead WHERE organization = {}", own)}
    found.orders = {each["id"]: each for each in await rows("SELECT * FROM orders WHERE organization = {}", own)}
    found.clicks = await rows(
        "SELECT c.*, s.campaign FROM campaign_click c JOIN campaign_send s ON s.id = c.send WHERE c.organization = {}",
        own,
    )
    found.payments = await rows(
        'SELECT p.*, op."order" FROM payment p LEFT JOIN order_payment op ON op.payment = p.id '
        "WHERE p.organization = {} AND kind <> 'failure'", own,
    )  # fmt: skip
    found.payments = [each for each in found.payments if year.moved(each)]
    plain.prepare(found, [])
    sums: dict[tuple, dict[str, int]] = defaultdict(lambda: dict.fromkeys(NAMES, 0))
    for line in found.payments:
        day = line["occurred_at"].astimezone(there).date()
        for dimension, value in {"": "", **line["credited"]}.items():
            one = sums[day, dimension, value, line["currency"]]
            one[{"charge": "gross", "refund": "refunds", "dispute": "disputes"}[line["kind"]]] += abs(line["amount"])
            one[{"charge": "charges", "refund": "refunded", "dispute": "disputed"}[line["kind"]]] += 1
            if line["fee"] is not None and line["fee_currency"] == line["currency"]:
                one["fees"] += line["fee"]
                one["with_fee"] += line["fee"] != 0
            if line["first"]:
                one["orders"] += 1
                one["sold"] += line["amount"]
    return {key: tuple(one.values()) for key, one in sums.items()}


async def as_the_journal(organization, zone: str) -> None:
    expected = await from_the_lines(organization, zone)
    assert expected and await kept(organization, zone) == expected


async def marks(organization) -> int:
    return (await rows("SELECT count(*) AS n FROM revenue_stale WHERE organization = {}", organization.id))[0]["n"]


async def some(chance: random.Random, table: str) -> int:
    return chance.choice(await rows(f'SELECT id FROM "{table}" ORDER BY id'))["id"]


# What may happen to the figures of a day: a statement, and the values it takes.
CHANGES = {
    "a payment is corrected": ("UPDATE payment SET amount = amount * 2 WHERE id = {}", "payment"),
    "a payment is taken back": ("UPDATE payment SET status = 'reversed' WHERE id = {}", "payment"),
    "a payment is moved": ("UPDATE payment SET occurred_at = occurred_at - interval '40 days' WHERE id = {}", "payment"),
    "a fee is known": ("UPDATE payment SET fee = 31, fee_currency = currency WHERE id = {}", "payment"),
    "a payment fails after all": ("UPDATE payment SET kind = 'failure', amount = 0 WHERE id = {}", "payment"),
    "a payment is deleted": ("DELETE FROM payment WHERE id = {}", "payment"),
    "a payment leaves its order": ("DELETE FROM order_payment WHERE id = {}", "order_payment"),
    "a payment gets another order": (
        'UPDATE order_payment SET "order" = (SELECT min(id) FROM orders) WHERE id = {}', "order_payment",
    ),
    "an order gets another agent": ("UPDATE orders SET assignee = NULL WHERE id = {}", "orders"),
    "an order gets another plan": ("UPDATE orders SET plan = 1, tier = 'starter' WHERE id = {}", "orders"),
    "an order gets another lead": ("UPDATE orders SET lead = (SELECT max(id) FROM lead) WHERE id = {}", "orders"),
    "an order was placed earlier": ("UPDATE orders SET placed_at = placed_at - interval '9 days' WHERE id = {}", "orders"),
    "an order is deleted": ("DELETE FROM orders WHERE id = {}", "orders"),
    "a lead came from elsewhere": ("UPDATE lead SET source = 'Fair' WHERE id = {}", "lead"),
    "a lead is deleted": ("DELETE FROM lead WHERE id = {}", "lead"),
    "a click belongs to another lead": (
        "UPDATE campaign_click SET lead = (SELECT min(id) FROM lead) WHERE id = {}", "campaign_click",
    ),
    "a click was earlier": (
        "UPDATE campaign_click SET clicked_at = clicked_at - interval '5 days' WHERE id = {}", "campaign_click",
    ),
    "a click is forgotten": ("DELETE FROM campaign_click WHERE id = {}", "campaign_click"),
    "a campaign is deleted": ("DELETE FROM campaign WHERE id = {}", "campaign"),
    "an agent leaves": ("DELETE FROM app_user WHERE id = {}", "app_user"),
}  # fmt: skip


@pytest.fixture
async def made(acme):
    agents = [await a_member(acme, f"agent{nr}@acme.example", f"Agent {nr}", "agent") for nr in (1, 2)]
    found = await year.make(acme, agents, 200)
    await upkeep.refresh(acme.id)
    assert await marks(acme) == 0
    await as_the_journal(acme, "UTC")
    return found


@pytest.mark.parametrize("change", CHANGES)
async def test_the_days_follow(made, acme, change):
    chance, (sql, table) = random.Random(change), CHANGES[change]
    for _ in range(1 if table in ("campaign", "app_user") else 4):
        await rows(sql, await some(chance, table))
    await as_the_journal(acme, "UTC")
    await upkeep.refresh(acme.id)
    assert await marks(acme) == 0
    await as_the_journal(acme, "UTC")


async def test_nothing_is_marked_by_what_changes_no_figure(made, acme):
    await rows("UPDATE payment SET status = 'checked', rank = rank + 1 WHERE status NOT IN ('reversed', 'reversal')")
    await rows("UPDATE orders SET customer_name = 'Somebody else', status = 'done'")
    await rows("UPDATE lead SET score = 7, name = 'Nobody'")
    await rows("INSERT INTO payment (id, organization, key, kind, amount, currency, occurred_at, created_at) "
               "VALUES (9999, {}, 'x', 'failure', 0, 'EUR', now(), now())", acme.id)  # fmt: skip
    assert await marks(acme) == 0


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
async def test_another_time_zone_cuts_all_days_anew(made, acme, zone):
    await as_the_journal(acme, zone)  # asked for before the organization has it
    await rows("UPDATE organization SET time_zone = {} WHERE id = {}", zone, acme.id)
    await as_the_journal(acme, zone)
    await upkeep.refresh(acme.id)
    assert await marks(acme) == 0
    await as_the_journal(acme, zone)
    await as_the_journal(acme, "UTC")


async def test_a_rebuild_mends_what_somebody_broke_by_hand(made, acme):
    await rows("UPDATE revenue_day SET gross = gross + 1")
    assert await kept(acme, "UTC") != await from_the_lines(acme, "UTC")
    assert [each["day"] for each in await upkeep.differences(acme.id)]
    await upkeep.rebuild(acme.id)
    await as_the_journal(acme, "UTC")
    assert await upkeep.differences(acme.id) == []


async def test_what_is_booked_while_days_are_made_is_not_lost(acme):
    """A booking that began before the days were made and commits afterwards leaves a mark of its own."""
    await sold(acme, 1, 10_000)
    begun, made_anew = asyncio.Event(), asyncio.Event()

    async def book():
        async with transaction():
            await sold(acme, 2, 5_000)
            begun.set()
            await made_anew.wait()

    booking = asyncio.create_task(book())
    await begun.wait()
    assert await upkeep.refresh(acme.id) > 0 and await marks(acme) == 0
    made_anew.set()
    await booking
    await as_the_journal(acme, "UTC")
    await upkeep.refresh(acme.id)
    await as_the_journal(acme, "UTC")


async def test_whoever_reads_while_others_book_sees_the_journal_of_one_moment(acme):
    for number in range(1, 6):
        await sold(acme, number, 10_000 * number, days=number)
    over, compared = asyncio.Event(), 0

    async def book(first: int):
        for number in range(first, first + 15):
            order = await _booked(acme, number)
            if number % 3 == 0:
                await rows("UPDATE lead SET source = {} WHERE id = {}", f"Fair {number % 4}", order.lead)

    async def make_days():
        while not over.is_set():
            await upkeep.refresh(acme.id)
            await asyncio.sleep(0.005)

    async def look():
        nonlocal compared
        while not over.is_set():
            async with snapshot():
                assert await kept(acme, "UTC") == await from_the_lines(acme, "UTC")
            compared += 1

    others = [asyncio.create_task(each) for each in (make_days(), make_days(), look())]
    await asyncio.gather(*(book(first) for first in (100, 200, 300)))
    over.set()
    await asyncio.gather(*others)
    assert compared > 3
    await upkeep.refresh(acme.id)
    assert await marks(acme) == 0
    await as_the_journal(acme, "UTC")


async def _booked(organization, number: int) -> Order:
    """As a webhook books: one transaction with the money lock."""
    async with transaction():
        await journal.lock(organization)
        return await sold(organization, number, 100 * number, ["EUR", "JPY"][number % 2], days=number % 7)


async def test_deleting_an_organization_leaves_nothing(made, acme):
    await rows("DELETE FROM organization WHERE id = {}", acme.id)
    for table in ("revenue_day", "revenue_stale"):
        assert (await rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] == 0


async def test_a_company_sees_only_its_own_days(made, borealis):
    assert await kept(borealis, "UTC") == {}


async def test_money_that_finds_its_order_later_is_credited_then(acme):
    order = await sold(acme, 1, 10_000)
    await journal.book_charge(
        acme, amount=777, currency="EUR", occurred_at=order.placed_at - timedelta(days=2), payment_intent="pi_1b"
    )
    await upkeep.refresh(acme.id)
    await rows("UPDATE payment SET subscription = 'sub_1' WHERE payment_intent = 'pi_1b'")
    order.subscription = "sub_1"
    await order.save()
    await money.settle(acme, order)
    await as_the_journal(acme, "UTC")
    await upkeep.refresh(acme.id)
    await as_the_journal(acme, "UTC")


# ── movements of subscriptions ──

REPORTS = {
    "nothing": "SELECT 1",
    "a report comes late": (
        "INSERT INTO subscription_report (id, organization, key, subscription, status, monthly, currency, occurred_at, "
        "created_at) SELECT 9999, organization, 'late', subscription, status, 12345, currency, "
        "occurred_at - interval '3 days', now() FROM subscription_report WHERE id = 4"
    ),
    "a report is corrected": "UPDATE subscription_report SET monthly = monthly + 500 WHERE id = 4",
    "reports are forgotten": "DELETE FROM subscription_report WHERE subscription = 'sub_1'",
    "the time zone changes": "UPDATE organization SET time_zone = 'Pacific/Kiritimati'",
}


@pytest.mark.parametrize("change", REPORTS)
async def test_the_movements_follow(made, acme, change):
    """Read from the reports while these have changed, from the sums when those are made anew: the same."""
    await rows(REPORTS[change])
    zone = (await rows("SELECT time_zone FROM organization"))[0]["time_zone"]
    period = periods.Period("custom", date(2026, 3, 1), date(2026, 11, 21), zone)
    before = await recurring.by_bucket(acme, period)
    assert bool(await rows("SELECT 1 FROM revenue_movement_stale")) == (change != "nothing")
    await upkeep.refresh(acme.id)
    assert await rows("SELECT 1 FROM revenue_movement_stale") == []
    assert sorted(map(str, await recurring.by_bucket(acme, period))) == sorted(map(str, before)) != []
    assert await upkeep.differences(acme.id) == []


async def test_a_movement_changed_by_hand_is_found_and_mended(made, acme):
    await rows("UPDATE revenue_movement SET change = change + 1")
    assert await upkeep.differences(acme.id)
    await upkeep.rebuild(acme.id)
    assert await upkeep.differences(acme.id) == []
