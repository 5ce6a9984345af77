"""Day 0, 3, 7, 14 under travelled time: each mail goes out exactly when it should, or never."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.campaigns import leaving
from dashboard.campaigns.engine.windows import Window
from dashboard.campaigns.tables import Enrollment
from dashboard.database import rows, transaction
from dashboard.deliveries.tables import Suppression
from dashboard.orders.tables import Order
from tests.campaigns.world import a_draft, days, launched, ledger, lines
from tests.leads import cast
from tests.leads.cast import a_tag

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PRESET = (0, 3, 7, 14)
BERLIN = ZoneInfo("Europe/Berlin")


def at(year: int, month: int, day: int, hour: int = 10, minute: int = 0, zone: str = "Europe/Berlin") -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


START = at(2026, 9, 1)


async def a_lead(organization, name="Robin", **changes):
    """One who was there before the campaigns of these tests."""
    return await cast.a_lead(organization, name, **{"created_at": at(2025, 1, 1)} | changes)


async def berlin(organization) -> None:
    await rows("UPDATE organization SET time_zone = 'Europe/Berlin' WHERE id = {}", organization.id)
    organization.time_zone = "Europe/Berlin"


async def reply(organization, lead, now):
    await rows("UPDATE campaign_send SET replied_at = {} WHERE lead = {} AND state = 'sent'", now, lead.id)


async def buy(organization, lead, now):
    order = Order(
        organization=organization.id,
        number=1,
        lead=lead.id,
        customer_email=lead.email,
        customer_name="R",
        currency="EUR",
        placed_at=now,
    )
    await order.save()


async def suppress(organization, lead, now, reason):
    await Suppression(
        organization=organization.id, email_normalized=lead.email_normalized, reason=reason, created_at=now
    ).save()


async def unsubscribe(organization, lead, now):
    await suppress(organization, lead, now, "unsubscribed")


async def bounce(organization, lead, now):
    await suppress(organization, lead, now, "bounced")


async def complain(organization, lead, now):
    await suppress(organization, lead, now, "complained")


async def win(organization, lead, now):
    await rows("UPDATE lead SET won_at = {} WHERE id = {}", now, lead.id)


async def lose(organization, lead, now):
    await rows("UPDATE lead SET lost_at = {} WHERE id = {}", now, lead.id)


async def delete(organization, lead, now):
    await rows("UPDATE lead SET deleted_at = {} WHERE id = {}", now, lead.id)


async def by_hand(organization, lead, now):
    enrollment = await Enrollment.objects().where(Enrollment.lead == lead.id).first()
    async with transaction():
        await leaving.stop(organization, [enrollment.id], leaving.BY_HAND, now)


async def test_each_mail_leaves_at_the_hour_of_its_day_and_not_a_minute_earlier(acme):
    await berlin(acme)
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, START, days=PRESET)
        for number, day in enumerate(PRESET):
            if day:
                await world.round(START + day * DAY - timedelta(minutes=1))
                assert len(world.mails()) == number
            await world.round(START + day * DAY)
            assert [each["subject"].split()[1] for each in world.mails(lead.email)] == [
                str(each) for each in PRESET[: number + 1]
            ]
        await world.round(START + 30 * DAY)
        assert len(world.mails()) == 4
    assert await ledger(campaign) == {"sent": 4}
    enrollment = await Enrollment.objects().where(Enrollment.lead == lead.id).first()
    assert enrollment.state == "finished"


@pytest.mark.parametrize(
    ("happens", "reason", "words"),
    [
        (reply, "replied", "Replied"),
        (buy, "bought", "Bought"),
        (unsubscribe, "unsubscribed", "Unsubscribed"),
        (bounce, "bounced", "A mail bounced"),
        (complain, "complained", "Marked a mail as spam"),
        (win, "won", "Won"),
        (lose, "lost", "Lost"),
        (delete, "deleted", "The lead was deleted"),
        (by_hand, "by_hand", "Stopped by hand for this person"),
    ],
)
async def test_what_happens_between_day_3_and_day_7_stops_the_rest_and_nobody_else(acme, happens, reason, words):
    one, other = await a_lead(acme), await a_lead(acme, "Other")
    async with days() as world:
        campaign = await launched(acme, START, days=PRESET)
        for day in (0, 3):
            await world.round(START + day * DAY)
        moment = START + 7 * DAY - HOUR
        await happens(acme, one, moment)
        await world.round(START + 7 * DAY)
        await world.round(START + 14 * DAY)
        assert (len(world.mails(one.email)), len(world.mails(other.email))) == (2, 4)
    assert await lines(campaign, one) == [
        (0, "sent", ""),
        (3, "sent", ""),
        (7, "stopped", words),
        (14, "stopped", words),
    ]
    enrollment = await Enrollment.objects().where(Enrollment.lead == one.id).first()
    assert (enrollment.state, enrollment.reason) == ("stopped", reason)


@pytest.mark.parametrize("happens", [reply, buy, unsubscribe, bounce, win, lose, delete, by_hand])
async def test_it_stops_too_when_nothing_is_due(acme, happens):
    lead = await a_lead(acme)
    async with days() as world:
        await launched(acme, START, days=PRESET)
        await world.round(START)
        await happens(acme, lead, START + HOUR)
        await world.round(START + 2 * HOUR)
    assert (await Enrollment.objects().where(Enrollment.lead == lead.id).first()).state == "stopped"


@pytest.mark.parametrize("happens", [buy, win, lose])
async def test_what_was_so_before_somebody_came_in_stops_nothing(acme, happens):
    lead = await a_lead(acme)
    await happens(acme, lead, START - DAY)
    async with days() as world:
        await launched(acme, START, days=(0, 3))
        await world.round(START)
        await world.round(START + 3 * DAY)
        assert len(world.mails(lead.email)) == 2


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained", "by hand"])
async def test_whoever_was_suppressed_before_gets_a_line_with_the_reason_and_no_mail(acme, reason):
    lead = await a_lead(acme)
    await suppress(acme, lead, START - DAY, reason)
    async with days() as world:
        campaign = await launched(acme, START)
        await world.round(START)
        assert world.mails() == []
    [(_, state, words)] = await lines(campaign, lead)
    assert state == "suppressed" and words


async def test_a_purchase_does_not_stop_a_blast(acme):
    lead = await a_lead(acme)
    async with days() as world:
        await launched(acme, START, per_hour=1)
        await buy(acme, lead, START)
        await world.round(START + HOUR)
        assert len(world.mails(lead.email)) == 1


# ── clocks that change, windows ──


@pytest.mark.parametrize("start", [at(2026, 10, 22, 10), at(2026, 3, 26, 10)])
async def test_day_3_is_at_the_same_time_of_day_though_the_clock_changed(acme, start):
    await berlin(acme)
    await a_lead(acme)
    third = (start.astimezone(BERLIN).replace(tzinfo=None) + 3 * DAY).replace(tzinfo=BERLIN).astimezone(UTC)
    assert third - start != 3 * DAY
    async with days() as world:
        await launched(acme, start, days=(0, 3))
        await world.round(start)
        await world.round(third - timedelta(minutes=1))
        assert len(world.mails()) == 1
        await world.round(third)
        assert len(world.mails()) == 2


async def test_a_window_holds_mails_until_it_opens_and_keeps_the_day(acme):
    await berlin(acme)
    lead = await a_lead(acme)
    start = at(2026, 9, 4, 19)  # Friday, after hours
    async with days() as world:
        campaign = await launched(
            acme, start, days=(0, 3), window_from=9 * 60, window_to=17 * 60, weekdays=[0, 1, 2, 3, 4]
        )
        for moment, expected in (
            (start, 0), (at(2026, 9, 5, 12), 0), (at(2026, 9, 7, 8, 59), 0), (at(2026, 9, 7, 9), 1),
            (at(2026, 9, 9, 16), 1), (at(2026, 9, 10, 8, 59), 1), (at(2026, 9, 10, 9), 2),
        ):  # fmt: skip
            await world.round(moment)
            assert len(world.mails(lead.email)) == expected, moment
    assert await ledger(campaign) == {"sent": 2}


async def test_each_person_gets_it_in_the_morning_of_their_own_zone(acme):
    await berlin(acme)
    here = await a_lead(acme)
    there = await a_lead(acme, source_data={"time_zone": "America/New_York"})
    odd = await a_lead(acme, source_data={"time_zone": "'; DROP TABLE lead; --"})
    start = at(2026, 9, 1, 5)
    async with days() as world:
        await launched(acme, start, window_from=9 * 60, window_to=12 * 60, zone="recipient")
        await world.round(start)
        assert world.mails() == []
        await world.round(at(2026, 9, 1, 9))
        assert {each["to"][0] for each in world.mails()} == {here.email, odd.email}
        await world.round(at(2026, 9, 1, 9, zone="America/New_York") - timedelta(minutes=1))
        assert world.mails(there.email) == []
        await world.round(at(2026, 9, 1, 9, zone="America/New_York"))
        assert len(world.mails(there.email)) == 1


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (Window(), at(2026, 9, 1, 3), at(2026, 9, 1, 3)),
        (Window(540, 1020), at(2026, 9, 1, 8, 59), at(2026, 9, 1, 9)),
        (Window(540, 1020), at(2026, 9, 1, 17), at(2026, 9, 2, 9)),
        (Window(540, 1020, frozenset([0])), at(2026, 9, 1, 10), at(2026, 9, 7, 9)),
        (Window(1320, 120), at(2026, 9, 1, 1), at(2026, 9, 1, 1)),
        (Window(1320, 120), at(2026, 9, 1, 12), at(2026, 9, 1, 22)),
        (Window(1320, 120, frozenset([0])), at(2026, 9, 1, 1), at(2026, 9, 1, 1)),  # Monday's night goes on
        (Window(1320, 120, frozenset([0])), at(2026, 9, 1, 3), at(2026, 9, 7, 22)),
        (Window(120, 180), at(2026, 3, 29, 1), at(2026, 3, 29, 3)),  # 2 o'clock is skipped
        (Window(540, 1020), at(2026, 10, 24, 18), at(2026, 10, 25, 9)),
        (Window(540, 1020, frozenset()), at(2026, 9, 1, 3), at(2026, 9, 1, 3)),
    ],
)
def test_a_window_knows_when_it_opens_next(window, now, opens):
    assert window.opens(now, BERLIN) == opens


# ── days are kept when something was late ──


async def test_a_long_pause_does_not_send_two_mails_at_once(acme):
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, START, days=PRESET)
        await rows("UPDATE campaign SET state = 'paused'")
        await world.round(START)
        await rows("UPDATE campaign SET state = 'running'")
        back = START + 20 * DAY
        await world.round(START + HOUR)  # nobody looked for three weeks
        await rows("UPDATE campaign_send SET state = 'due', queued_at = NULL, delivery = NULL WHERE state = 'sent'")
        await rows("DELETE FROM delivery")
        await rows("UPDATE enrollment SET state = 'active'")
        before = len(world.mails())
        await world.round(back)
        assert len(world.mails(lead.email)) == before + 1
        await world.round(back + 3 * DAY - HOUR)
        assert len(world.mails(lead.email)) == before + 1
        await world.round(back + 3 * DAY)
        assert len(world.mails(lead.email)) == before + 2
        await world.round(back + 7 * DAY)
        await world.round(back + 14 * DAY)
        assert len(world.mails(lead.email)) == before + 4
    assert await ledger(campaign) == {"sent": 4}


async def test_limits_of_an_hour_and_a_day_are_kept(acme):
    for _ in range(12):
        await a_lead(acme)
    sent = []
    async with days() as world:
        await launched(acme, START, per_hour=3, per_day=8)
        for hour in range(30):
            await world.round(START + hour * HOUR + timedelta(minutes=1))
            sent.append(len(world.mails()))
    assert sent[:4] == [3, 6, 8, 8] and sent[23] == 8 and sent[24] == 11 and sent[-1] == 12


# ── conditions ──


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("clicked", False),
        ("not_clicked", True),
        ("not_replied", True),
        ("bought", False),
        ("not_bought", True),
        ("tag", False),
        ("no_tag", True),
    ],
)
async def test_a_condition_decides_whether_a_step_is_skipped(acme, kind, sent):
    lead, tag = await a_lead(acme), await a_tag(acme, "vip")
    async with days() as world:
        campaign = await conditional(acme, {"kind": kind, "tag": tag})
        await world.round(START)
        await world.round(START + 3 * DAY)
        assert len(world.mails(lead.email)) == 1 + sent
    state, reason = (await lines(campaign, lead))[1][1:]
    assert state == ("sent" if sent else "skipped") and bool(reason) != sent


async def test_a_condition_is_asked_on_the_day_and_not_before(acme):
    lead, tag = await a_lead(acme), await a_tag(acme, "vip")
    async with days() as world:
        await conditional(acme, {"kind": "clicked"})
        await conditional(acme, {"kind": "tag", "tag": tag})
        await world.round(START)
        await rows("UPDATE campaign_send SET clicked_at = {} WHERE state = 'sent'", START)
        await rows("UPDATE lead SET tags = {} WHERE id = {}", [tag], lead.id)
        await world.round(START + 3 * DAY)
        assert len(world.mails(lead.email)) == 4


async def test_a_mail_for_those_who_replied_reaches_them(acme):
    lead, silent = await a_lead(acme), await a_lead(acme)
    async with days() as world:
        campaign = await conditional(acme, {"kind": "replied"})
        await world.round(START)
        await reply(acme, lead, START)
        await world.round(START + 3 * DAY)
        assert (len(world.mails(lead.email)), len(world.mails(silent.email))) == (2, 1)
    assert await ledger(campaign) == {"sent": 3, "skipped": 1}


async def conditional(organization, condition):
    from dashboard.campaigns import launching

    draft = await a_draft(organization, days=(0, 3))
    await rows("UPDATE campaign_step SET condition = {} WHERE campaign = {} AND position = 1", condition, draft.id)
    return await launching.launch(draft, None, START)
