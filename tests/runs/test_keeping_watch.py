"""The clock's own jobs: telling about failures once, and forgetting what is old."""

from datetime import timedelta

from dashboard import clock
from dashboard.deliveries.tables import Delivery
from dashboard.runs import jobs
from dashboard.runs.tables import Run
from dashboard.webhooks import jobs as webhooks
from dashboard.webhooks import ledger
from dashboard.webhooks.tables import InboundEvent, RefusedCount


async def ran(*outcomes, job="count"):
    for outcome in outcomes:
        number = await Run.count()
        await Run.insert(
            Run(job=job, period=f"p{number}", outcome=outcome, error="It broke." if outcome == "failed" else "")
        )


async def alerts():
    return await Delivery.select(Delivery.key, Delivery.organization, Delivery.payload).where(
        Delivery.name == "job_failed"
    )


async def test_one_failure_is_not_worth_an_alarm_two_in_a_row_are_exactly_one(acme, borealis):
    await ran("ok", "failed", "ok", "failed")
    await jobs.watch(clock.now())
    assert await alerts() == []
    await ran("failed")
    assert await jobs.watch(clock.now()) == {"told": 1}
    await ran("failed", "failed")
    assert await jobs.watch(clock.now()) == {"told": 0}
    [alert] = await alerts()
    assert alert["organization"] == acme.id
    assert "Failed 2 times in a row. It broke." in alert["payload"]["lines"]


async def test_a_new_row_of_failures_is_told_again_and_each_job_by_itself(acme):
    await ran("failed", "failed")
    await ran("failed", "failed", job="other")
    await jobs.watch(clock.now())
    await ran("ok", "failed", "failed")
    await jobs.watch(clock.now())
    assert len(await alerts()) == 3


async def test_without_an_organization_there_is_nobody_to_tell(database):
    await ran("failed", "failed")
    assert await jobs.watch(clock.now()) == {}


async def test_old_runs_go_but_the_last_twenty_of_each_job_stay(acme):
    old = clock.now() - timedelta(days=91)
    for n in range(25):
        await Run.insert(Run(job="daily", period=f"d{n}", outcome="ok", started_at=old + timedelta(seconds=n)))
        await Run.insert(Run(job="often", period=f"o{n}", outcome="ok", started_at=old))
    for n in range(20):
        await Run.insert(Run(job="often", period=f"n{n}", outcome="ok"))
    assert await jobs.forget_old(clock.now()) == {"runs": 5 + 25}
    assert await Run.count().where(Run.job == "daily") == 20


async def test_old_events_go_once_they_are_settled_and_failed_ones_stay(acme, borealis):
    now = clock.now()
    borealis.retention = {"events": 400}
    await borealis.save()
    for organization in (acme, borealis):
        for state, days in (("handled", 91), ("ignored", 91), ("failed", 500), ("handled", 89), ("waiting", 91)):
            id = f"{state}{days}"
            await ledger.record(organization.id, "stripe", id, "a.b", b"{}", now - timedelta(days=days))
            await InboundEvent.update({"state": state}).where(InboundEvent.key == f"{organization.id}:stripe:{id}")
        await ledger.refuse(organization.id, "stripe", "too old", now - timedelta(days=91))
    assert await webhooks.forget_old(now) == {"events": 2}
    left = await InboundEvent.select(InboundEvent.external_id).where(InboundEvent.organization == acme.id)
    assert {row["external_id"] for row in left} == {"failed500", "handled89", "waiting91"}
    assert [row["organization"] for row in await RefusedCount.select(RefusedCount.organization)] == [borealis.id]
