"""The form is sent when an order is confirmed, once, where the plan has one."""

import asyncio

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.deliveries.tables import Delivery
from dashboard.forms import actions as forms
from dashboard.intake import actions, queries
from dashboard.intake.tables import Intake
from dashboard.orders.tables import Order, Plan
from tests.intake.cast import DEFINITION, a_plan, an_order


async def test_the_order_waits_and_the_mail_has_the_private_link(acme, alice):
    plan = await a_plan(acme, alice.user)
    order = await an_order(acme, plan)
    now = clock.now()
    assert await actions.request(acme, order, now)
    assert order.status == "intake_pending" and order.intake_requested_at == now
    intake = await queries.of_order(acme, order)
    mail = await Delivery.of(acme).first()
    assert (
        mail.key == f"intake_request:{order.id}"
        and intake.link in mail.payload["text"]
        and intake.link in mail.payload["html"]
    )
    assert intake.link.startswith("https://test.local/f/")
    line = await Activity.of(acme).where(Activity.verb == "intake_requested").first()
    assert line.detail == "“Tell us about your website”, version 1"


async def test_ten_times_at_once_is_once(acme, alice):
    plan = await a_plan(acme, alice.user)
    order = await an_order(acme, plan)
    rows = [await Order.get_of(acme, order.id) for _ in range(10)]
    done = await asyncio.gather(*(actions.request(acme, row, clock.now()) for row in rows))
    assert sorted(done) == [False] * 9 + [True]
    assert await Intake.count() == 1 and await Delivery.count() == 1


async def test_without_a_published_form_nothing_happens(acme, alice):
    draft = await forms.create(acme, "Draft", by=alice.user, draft=DEFINITION)
    for form in (None, draft.id):
        plan = Plan(organization=acme.id, name=f"Plan {form}", form=form)
        await plan.save()
        order = await an_order(acme, plan)
        assert not await actions.request(acme, order, clock.now())
        assert (await Order.get_of(acme, order.id)).status == "new"
    no_plan = await an_order(acme, plan)
    no_plan.plan = None
    assert not await actions.request(acme, no_plan, clock.now())
    assert await Intake.count() == 0 and await Delivery.count() == 0


async def test_work_that_has_begun_is_not_held_up(acme, alice):
    plan = await a_plan(acme, alice.user)
    order = await an_order(acme, plan, status="in_progress")
    assert not await actions.request(acme, order, clock.now())
    assert (await Order.get_of(acme, order.id)).status == "in_progress"


async def test_without_an_address_the_form_waits_for_a_person_to_send_the_link(acme, alice):
    plan = await a_plan(acme, alice.user)
    order = await an_order(acme, plan, email="")
    assert await actions.request(acme, order, clock.now())
    line = await Activity.of(acme).where(Activity.verb == "intake_requested").first()
    assert "Copy the link" in line.detail and await Delivery.count() == 0
