"""Reminders come at 48 hours and at five days, once each, and stop when the form is sent."""

import asyncio
from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.database import rows
from dashboard.deliveries.tables import Delivery
from dashboard.files import actions as files
from dashboard.files import storage
from dashboard.files.tables import File
from dashboard.intake import actions, jobs
from dashboard.intake.tables import Intake, IntakeFile
from dashboard.orders.tables import Order
from tests.intake.cast import RIGHT, again, an_intake, path

HOUR = timedelta(hours=1)


@pytest.fixture
def start():
    return clock.now() - timedelta(days=20)


async def keys(organization):
    named = Delivery.name.is_in(["intake_reminder", "intake_again"])
    return [d["key"] for d in await Delivery.select_of(organization, Delivery.key).where(named).order_by(Delivery.id)]


async def test_each_reminder_comes_once_at_its_time(acme, alice, start):
    intake = await an_intake(acme, alice.user, now=start)
    order = intake.order.id
    first, second = f"intake_reminder:1:{order}", f"intake_reminder:2:{order}"
    for hours, expected in (
        (47, []),
        (48, [first]),
        (49, [first]),
        (119, [first]),
        (120, [first, second]),
        (24 * 19, [first, second]),
    ):
        await jobs.remind(start + hours * HOUR)
        await jobs.remind(start + hours * HOUR)
        assert await keys(acme) == expected, hours
    mails = await Delivery.of(acme).where(Delivery.name == "intake_reminder").order_by(Delivery.id)
    assert all(intake.link in mail.payload["text"] for mail in mails)
    assert mails[0].title != mails[1].title and (await again(intake)).order.reminders == 2


@pytest.mark.parametrize("state", ["queued", "held"])
async def test_a_reminder_that_has_not_left_when_the_answers_come_never_does(stranger, acme, alice, start, state):
    intake = await an_intake(acme, alice.user, now=start)
    await rows("UPDATE delivery SET state = 'sent' WHERE name = 'intake_request'")
    await jobs.remind(start + 48 * HOUR)
    await rows("UPDATE delivery SET state = {} WHERE name = 'intake_reminder'", state)
    assert (await stranger.post(path(intake), data=RIGHT)).status_code in (200, 303)
    found = await rows("SELECT name, state, why FROM delivery WHERE kind = 'mail' ORDER BY id")
    assert [(each["name"], each["state"]) for each in found][-2:] == [
        ("intake_request", "sent"), ("intake_reminder", "cancelled"),
    ]  # fmt: skip
    assert found[-1]["why"] == "The answers came first"


async def test_a_clock_that_jumps_past_both_times_sends_one_mail(acme, alice, start):
    intake = await an_intake(acme, alice.user, now=start)
    for hours in (6 * 24, 6 * 24 + 1, 7 * 24, 12 * 24):
        await jobs.remind(start + hours * HOUR)
    assert await keys(acme) == [f"intake_reminder:2:{intake.order.id}"]


async def test_several_processes_remind_once(acme, alice, start):
    for n in range(12):
        await an_intake(acme, alice.user, now=start, email=f"c{n}@x.example", plan=await some_plan(acme, alice))
    done = await asyncio.gather(*(jobs.remind(start + 50 * HOUR) for _ in range(5)))
    assert sum(counts["reminded"] for counts in done) == 12 == len(await keys(acme))


async def some_plan(acme, alice):
    from dashboard.orders.tables import Plan
    from tests.intake.cast import a_plan

    return await Plan.of(acme).first() or await a_plan(acme, alice.user)


async def test_who_has_sent_or_cancelled_is_left_alone(acme, alice, stranger, start):
    plan = await some_plan(acme, alice)
    sent = await an_intake(acme, alice.user, now=start, plan=plan)
    await stranger.post(path(sent), data=RIGHT)
    cancelled = await an_intake(acme, alice.user, now=start, plan=plan, email="b@x.example")
    await Order.update({Order.status: "cancelled"}).where(Order.id == cancelled.order.id)
    assert await jobs.remind(start + 200 * HOUR) == {"reminded": 0}
    assert await keys(acme) == []


async def test_who_was_asked_again_is_reminded_of_just_that(acme, alice, stranger, start):
    intake = await an_intake(acme, alice.user, now=start)
    await jobs.remind(start + 50 * HOUR)
    await stranger.post(path(intake), data=RIGHT)
    asked_at = start + 100 * HOUR
    await actions.ask_again(await again(intake), ["goal"], "", by=alice.user, now=asked_at)
    await jobs.remind(asked_at + HOUR)
    assert len(await keys(acme)) == 2, "the time counts from the asking"
    await jobs.remind(asked_at + 48 * HOUR)
    assert (await keys(acme))[-1] == f"intake_reminder:1:{intake.order.id}:1"
    mail = await Delivery.of(acme).where(Delivery.key == f"intake_reminder:1:{intake.order.id}:1").first()
    assert mail.name == "intake_again" and "What should the audit change?" in mail.payload["text"]


async def test_one_order_that_cannot_be_reminded_keeps_nobody_waiting_and_is_not_hidden(acme, alice, start):
    plan = await some_plan(acme, alice)
    bad = await an_intake(acme, alice.user, now=start, plan=plan)
    good = await an_intake(acme, alice.user, now=start, plan=plan, email="b@x.example")
    key = f"intake_reminder:1:{bad.order.id}"
    await rows(f"ALTER TABLE delivery ADD CONSTRAINT poison CHECK (key <> '{key}')")
    try:
        with pytest.raises(RuntimeError, match="1 of 2"):
            await jobs.remind(start + 50 * HOUR)
    finally:
        await rows("ALTER TABLE delivery DROP CONSTRAINT poison")
    assert await keys(acme) == [f"intake_reminder:1:{good.order.id}"]
    assert await jobs.remind(start + 51 * HOUR) == {"reminded": 1}, "it is tried again"


async def with_file(organization, by, saved_at, **facts):
    intake = await an_intake(organization, by, **facts)
    file = await files.store(organization, b"x", "a.txt", "customer")
    await IntakeFile(organization=organization.id, intake=intake.id, field="brand", file=file.id).save()
    await Intake.update({Intake.saved_at: saved_at}).where(Intake.id == intake.id)
    return intake, file


async def test_uploads_never_sent_are_deleted_after_30_days_and_answers_stay(acme, alice, stranger):
    now, plan = clock.now(), await some_plan(acme, alice)
    old, gone = await with_file(acme, alice.user, now - timedelta(days=31), plan=plan)
    await Intake.update({Intake.answers: {"goal": "Kept"}}).where(Intake.id == old.id)
    _, fresh = await with_file(acme, alice.user, now - timedelta(days=29), plan=plan, email="b@x.example")
    called_off, cancelled = await with_file(acme, alice.user, now, plan=plan, email="c@x.example")
    await Order.update({Order.status: "cancelled", Order.cancelled_at: now - timedelta(days=2)}).where(
        Order.id == called_off.order.id
    )
    just, undoable = await with_file(acme, alice.user, now, plan=plan, email="d@x.example")
    await Order.update({Order.status: "cancelled", Order.cancelled_at: now}).where(Order.id == just.order.id)
    sent, kept = await with_file(acme, alice.user, now - timedelta(days=1), plan=plan, email="e@x.example")
    await stranger.post(path(sent), data=RIGHT)
    await Intake.update({Intake.saved_at: now - timedelta(days=60)}).where(Intake.id == sent.id)
    assert await jobs.forget_unsubmitted_uploads(now) == {"removed": 2}
    assert await jobs.forget_unsubmitted_uploads(now) == {"removed": 0}
    assert {file.id for file in await File.of(acme)} == {fresh.id, undoable.id, kept.id}
    assert not await storage.exists(gone.storage_key) and not await storage.exists(cancelled.storage_key)
    assert await storage.exists(kept.storage_key) and (await again(old)).answers == {"goal": "Kept"}


async def test_who_comes_back_to_a_form_while_the_old_ones_are_cleaned_up_keeps_their_files(acme, alice, monkeypatch):
    now, plan = clock.now(), await some_plan(acme, alice)
    _, gone = await with_file(acme, alice.user, now - timedelta(days=31), plan=plan)
    back, kept = await with_file(acme, alice.user, now - timedelta(days=31), plan=plan, email="b@x.example")
    reopened, also = await with_file(acme, alice.user, now, plan=plan, email="c@x.example")
    await rows(
        "UPDATE orders SET status = 'cancelled', cancelled_at = {} WHERE id = {}",
        now - timedelta(days=2), reopened.order.id,
    )  # fmt: skip
    forget = jobs._forget

    async def slow(intake_id, *given):
        await Intake.update({Intake.saved_at: now}).where(Intake.id == back.id)
        await rows("UPDATE orders SET status = 'intake_pending', cancelled_at = NULL WHERE id = {}", reopened.order.id)
        return await forget(intake_id, *given)

    monkeypatch.setattr(jobs, "_forget", slow)
    assert await jobs.forget_unsubmitted_uploads(now) == {"removed": 1}
    assert {file.id for file in await File.of(acme)} == {kept.id, also.id}
    assert not await storage.exists(gone.storage_key) and await storage.exists(kept.storage_key)
