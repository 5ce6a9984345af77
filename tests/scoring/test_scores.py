"""Every lead has a score from named reasons that add up, computed in sets, soon after anything happens."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.activity.tables import Activity
from dashboard.database import row, rows
from dashboard.deliveries.tables import Delivery, Suppression
from dashboard.leads import actions as leads
from dashboard.leads.tables import Consent, Lead, Signal
from dashboard.orders.tables import Order
from dashboard.scoring import computing, jobs
from dashboard.scoring.signals import USUAL, Rule

DAY = timedelta(days=1)


async def a_lead(organization, email="sofia@wrenandco.example", name="", **changes):
    lead = await leads.find_or_create(organization, email, name)
    if changes:
        await Lead.update(changes).where(Lead.id == lead.id)
    return await Lead.get_of(organization, lead.id)


async def rules(organization, *asked: Rule, at=None):
    """These signals and no others, as Settings would store them."""
    await Signal.delete().where(Signal.organization == organization.id)
    for position, rule in enumerate(asked):
        await Signal(
            organization=organization.id, key=rule.key, label=rule.label, points=rule.points, params=rule.params,
            enabled=rule.enabled, position=position, created_at=at or clock.now() - DAY,
        ).save()  # fmt: skip


async def scored(lead, now=None):
    """The lead after the job that runs every minute; its score, and its reasons as a dict."""
    await jobs.score_changed(now or clock.now())
    found = await Lead.get_of(lead.organization, lead.id)
    assert sum(points for points, _ in found.score_reasons) == found.score
    return found.score, {why: points for points, why in found.score_reasons}


async def an_order(organization, lead, at, number=1, **changes):
    facts = {"confirmed_at": at, "amount": 100, "currency": "EUR", "plan_name": "Audit"} | changes
    order = Order(organization=organization.id, lead=lead.id, number=number, placed_at=at, **facts)
    await order.save()
    return order


async def a_mail(organization, lead, key="m1", **changes):
    delivery = Delivery(
        organization=organization.id, key=key, kind="mail", name="intake_request", recipient=lead.email, title="Hello",
        due_at=clock.now(), lead=lead.id, **changes,
    )  # fmt: skip
    await delivery.save()
    return delivery


async def score_lines(lead):
    found = (
        await Activity.select(Activity.title, Activity.detail, Activity.actor)
        .where(Activity.subject_kind == "lead", Activity.subject_id == lead.id, Activity.verb == "scored")
        .order_by(Activity.id)
    )
    return [(each["title"], each["detail"], each["actor"]) for each in found]


async def test_a_new_lead_is_scored_within_a_run_from_what_is_known(acme):
    lead = await a_lead(acme, name="Sofia Marchetti", company="Wren & Co", phone="020 1", phone_normalized="0201")
    assert await scored(lead) == (25, {"Gave a name": 5, "Gave a company": 10, "Gave a phone number": 10})
    assert await score_lines(lead) == []  # a first score is no change


@pytest.mark.parametrize(
    ("rule", "holds", "fails"),
    [
        (Rule("source", "S", 7, {"values": ["Referral", "Fair"]}), {"source": "fair"}, {"source": "Website"}),
        (Rule("attribute", "S", 7, {"attribute": "size", "test": "given"}), {"attributes": {"size": 0}}, {"attributes": {"size": ""}}),
        (Rule("attribute", "S", 7, {"attribute": "size", "test": "at_least", "values": ["20"]}), {"attributes": {"size": 20}}, {"attributes": {"size": 19.5}}),
        (Rule("attribute", "S", 7, {"attribute": "size", "test": "at_least", "values": ["20"]}), {"attributes": {"size": "35"}}, {"attributes": {"size": "many"}}),
        (Rule("attribute", "S", 7, {"attribute": "kind", "test": "is", "values": ["Shop", "Café"]}), {"attributes": {"kind": "café"}}, {"attributes": {"kind": "Office"}}),
        (Rule("attribute", "S", 7, {"attribute": "own", "test": "is", "values": ["yes"]}), {"attributes": {"own": True}}, {"attributes": {"own": False}}),
        (Rule("recent", "S", 7, {"days": 14}), {"last_contact_at": clock.now() - 13 * DAY}, {"last_contact_at": clock.now() - 15 * DAY}),
        (Rule("quiet", "S", 7, {"days": 90}), {"created_at": clock.now() - 91 * DAY}, {"created_at": clock.now() - 91 * DAY, "last_contact_at": clock.now() - DAY}),
    ],
)  # fmt: skip
async def test_a_signal_holds_for_whom_it_is_meant_and_for_nobody_else(acme, rule, holds, fails):
    await rules(acme, rule)
    yes = await a_lead(acme, "yes@x.example", **holds)
    no = await a_lead(acme, "no@x.example", **fails)
    assert await scored(yes) == (7, {"S": 7})
    assert await scored(no) == (0, {})


async def test_mails_count_by_arrival_and_click_and_never_by_opening(acme):
    lead = await a_lead(acme)
    await rules(acme, Rule("delivered", "Arrived", 5), Rule("clicked", "Clicked", 15, {"days": 30}))
    mail = await a_mail(acme, lead, state="sent", opened_at=clock.now(), settled_at=clock.now())
    assert await scored(lead) == (0, {})
    await Delivery.update({Delivery.state: "delivered", Delivery.settled_at: clock.now()}).where(Delivery.id == mail.id)
    assert await scored(lead) == (5, {"Arrived": 5})
    await Delivery.update({Delivery.clicked_at: clock.now()}).where(Delivery.id == mail.id)
    assert await scored(lead) == (20, {"Arrived": 5, "Clicked": 15})


async def test_no_usual_signal_asks_whether_a_mail_was_opened():
    asked = [rule.kind.holds for rule in USUAL] + list(computing.FACTS.values())
    assert not [sql for sql in asked if "opened" in sql]


async def test_what_happens_to_a_lead_counts_with_the_next_run(acme):
    lead = await a_lead(acme)
    await rules(
        acme, Rule("ordered", "Ordered", 20), Rule("ordered", "Again", 10, {"times": 2}), Rule("checkout", "Left", 6, {"days": 30}),
        Rule("consent", "Agreed", 4), Rule("bounced", "Bounced", -9), Rule("suppressed", "Never again", -30),
    )  # fmt: skip
    assert await scored(lead) == (0, {})
    first = await an_order(acme, lead, clock.now())
    await activity.record(acme, "order", first.id, "placed", "Placed", actor="customer")
    assert await scored(lead) == (20, {"Ordered": 20})
    second = await an_order(acme, lead, clock.now(), 2)
    await activity.record(acme, "order", second.id, "placed", "Placed", actor="customer")
    await activity.record(acme, "lead", lead.id, "abandoned_checkout", "Left", actor="customer")
    consent = Consent(organization=acme.id, lead=lead.id, text="Write to me", given_at=clock.now())
    await consent.save()
    assert await scored(lead) == (40, {"Ordered": 20, "Again": 10, "Left": 6, "Agreed": 4})
    await Consent.update({Consent.withdrawn_at: clock.now()}).where(Consent.id == consent.id)
    await Order.update({Order.status: "cancelled"}).where(Order.id == second.id)
    await activity.record(acme, "order", second.id, "cancelled", "Cancelled")
    await a_mail(acme, lead, state="bounced", settled_at=clock.now())
    assert await scored(lead) == (17, {"Ordered": 20, "Left": 6, "Bounced": -9})
    await Suppression(organization=acme.id, email_normalized=lead.email_normalized, reason="bounced").save()
    score, reasons = await scored(lead)
    assert score == 0 and reasons["Less than 0 does not count"] == 13


async def test_reasons_add_up_also_at_the_ends_of_the_scale(acme):
    lead = await a_lead(acme, name="Sofia", company="Wren & Co")
    await rules(acme, Rule("name", "Name", 80), Rule("company", "Company", 50))
    assert await scored(lead) == (100, {"Name": 80, "Company": 50, "More than 100 does not count": -30})


async def test_a_noticeable_move_is_a_line_of_the_machine_and_a_small_one_is_none(acme):
    lead = await a_lead(acme, name="Sofia")
    await rules(
        acme,
        Rule("name", "Gave a name", 66),
        Rule("company", "Gave a company", 25),
        Rule("phone", "Gave a phone number", 9),
    )
    assert (await scored(lead))[0] == 66
    await Lead.update({Lead.company: "Wren & Co", Lead.scored_at: None}).where(Lead.id == lead.id)
    assert (await scored(lead))[0] == 91
    assert await score_lines(lead) == [("Score went from 66 to 91", "Gave a company", "machine")]
    await Lead.update({Lead.phone_normalized: "0201", Lead.scored_at: None}).where(Lead.id == lead.id)
    assert (await scored(lead))[0] == 100
    assert len(await score_lines(lead)) == 1
    await Lead.update({Lead.company: "", Lead.scored_at: None}).where(Lead.id == lead.id)
    assert (await scored(lead))[0] == 75
    assert (await score_lines(lead))[1][:2] == ("Score went from 100 to 75", "no longer: Gave a company")


async def test_new_points_reach_every_lead_without_a_line_on_anybodys_timeline(acme):
    lead = await a_lead(acme, name="Sofia")
    await rules(acme, Rule("name", "Gave a name", 20))
    assert (await scored(lead))[0] == 20
    await Lead.update({Lead.scored_at: clock.now() - timedelta(hours=1)}).where(Lead.id == lead.id)
    await rules(acme, Rule("name", "Gave a name", 70), at=clock.now() - timedelta(minutes=1))
    assert (await scored(lead))[0] == 70
    assert await score_lines(lead) == []


async def test_a_signal_that_is_off_gives_nothing(acme):
    lead = await a_lead(acme, name="Sofia")
    await rules(acme, Rule("name", "Gave a name", 20, enabled=False))
    assert await scored(lead) == (0, {})


async def test_the_night_notices_that_time_has_passed_and_writes_only_what_changed(acme):
    await rules(acme, Rule("recent", "Lately", 15, {"days": 14}), Rule("name", "Named", 5))
    warm = await a_lead(acme, "warm@x.example", name="W", last_contact_at=clock.now() - 13 * DAY)
    cold = await a_lead(acme, "cold@x.example", name="C")
    await jobs.score_changed(clock.now())
    before = await row("SELECT xmin::text FROM lead WHERE id = {}", cold.id)
    assert await jobs.score_all(clock.now() + 2 * DAY) == {"scored": 2, "moved": 1}
    assert (await Lead.get_of(acme, warm.id)).score == 5
    assert await row("SELECT xmin::text FROM lead WHERE id = {}", cold.id) == before
    assert await score_lines(warm) == [("Score went from 20 to 5", "no longer: Lately", "machine")]


async def test_a_second_run_has_nothing_left_to_do(acme, monkeypatch):
    monkeypatch.setattr(computing, "CHUNK", 3)
    monkeypatch.setattr(jobs, "CHUNK", 3)
    for n in range(8):
        await a_lead(acme, f"l{n}@x.example", name="L")
    assert (await jobs.score_changed(clock.now()))["scored"] == 8
    assert (await jobs.score_changed(clock.now()))["scored"] == 0
    assert (await jobs.score_all(clock.now()))["scored"] == 8


async def test_a_lead_that_somebody_is_changing_is_scored_as_it_was_left(acme):
    from dashboard.database import current_engine

    lead = await a_lead(acme, name="Sofia")
    busy = await current_engine().get_new_connection()
    try:
        change = busy.transaction()
        await change.start()
        await busy.execute("UPDATE lead SET company = 'Wren & Co', scored_at = NULL WHERE id = $1", lead.id)
        assert (await jobs.score_changed(clock.now()))["scored"] == 0
        await change.commit()
    finally:
        await busy.close()
    assert await scored(lead) == (15, {"Gave a name": 5, "Gave a company": 10})


async def test_each_organization_has_signals_of_its_own(acme, borealis):
    await rules(acme, Rule("name", "Named", 40))
    ours, theirs = await a_lead(acme, name="A"), await a_lead(borealis, name="B")
    assert (await scored(ours), await scored(theirs)) == ((40, {"Named": 40}), (5, {"Gave a name": 5}))


async def test_deleted_leads_are_left_alone(acme):
    lead = await a_lead(acme, name="Sofia", deleted_at=clock.now())
    await jobs.score_changed(clock.now())
    await jobs.score_all(clock.now())
    found = await rows("SELECT score, scored_at FROM lead WHERE id = {}", lead.id)
    assert found == [{"score": 0, "scored_at": None}]
