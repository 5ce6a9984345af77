"""Campaigns on the page of one person: where they are in which, and taking them out by hand."""

from dashboard.database import rows
from tests.campaigns.seed import a_campaign, a_send, enrolled
from tests.leads.cast import a_lead, said, undo_of, verbs_of
from tests.orders.cast import an_order


async def somebody(acme):
    """In a sequence, with one mail behind them and one in the out-tray."""
    campaign = await a_campaign(acme, "Autumn site check", days=(0, 3))
    lead = await a_lead(acme, email="sofia@wrenandco.example")
    person = await enrolled(campaign, lead)
    await a_send(campaign, "delivered", person)
    await a_send(campaign, "queued", person, step=1)
    return campaign, lead, person


async def test_the_lead_says_which_campaigns_they_are_in_and_where(ana, acme):
    campaign, lead, _ = await somebody(acme)
    over = await a_campaign(acme, "Winter", state="done")
    await a_send(over, "delivered", await enrolled(over, lead, state="finished"))
    page = (await ana.get(f"/acme/leads/{lead.id}")).text
    block = page.partition('id="in-campaigns"')[2].partition("</section>")[0]
    assert f"/acme/campaigns/{campaign.id}" in block and "1 mail, next is day 3" in block and "Had 1 mail" in block
    assert block.count("/end") == 1
    assert "no campaign writes to this address" not in block


async def test_stopping_for_one_person_takes_their_mail_back_and_can_be_undone(ana, acme):
    campaign, lead, person = await somebody(acme)
    other = await a_send(campaign, "waiting", step=1)
    path = f"/acme/leads/{lead.id}/campaigns/{person.id}/end"
    answer = await ana.post(path)
    assert said(answer) == "No further mail of “Autumn site check” goes to them."
    assert "1 mail. Stopped by hand for this person" in answer.text
    states = await rows("SELECT id, state, reason FROM campaign_send ORDER BY id")
    assert [each["state"] for each in states] == ["delivered", "stopped", "waiting"]
    assert states[2]["id"] == other.id and states[1]["reason"] == "Stopped by hand for this person"
    await ana.post(path)
    back = await ana.post(undo_of(answer))
    assert said(back) == "“Autumn site check” goes on for them."
    assert [each["state"] for each in await rows("SELECT state FROM campaign_send ORDER BY id")] == [
        "delivered",
        "waiting",
        "waiting",
    ]
    assert await verbs_of(lead) == ["campaign_stopped", "campaign_resumed"]


async def test_it_is_too_late_to_go_on_after_an_hour(ana, acme):
    _, lead, person = await somebody(acme)
    answer = await ana.post(f"/acme/leads/{lead.id}/campaigns/{person.id}/end")
    await rows("UPDATE enrollment SET ended_at = ended_at - interval '61 minutes'")
    late = await ana.post(undo_of(answer))
    assert late.status_code == 409 and "too late" in late.text


async def test_a_suppressed_address_is_said_on_the_lead(ana, acme):
    _, lead, _ = await somebody(acme)
    await rows(
        "INSERT INTO suppression (organization, email_normalized, reason, detail, created_at) VALUES ({}, {}, 'unsubscribed', '', now())",
        acme.id,
        lead.email,
    )
    assert (
        "Unsubscribed just now: no campaign writes to this address." in (await ana.get(f"/acme/leads/{lead.id}")).text
    )


async def test_the_order_of_a_customer_names_their_campaigns(ana, acme):
    await somebody(acme)
    order = await an_order(acme, customer_email="sofia@wrenandco.example")
    assert "Autumn site check" in (await ana.get(f"/acme/orders/{order.number}")).text


async def test_nobody_from_elsewhere_takes_a_person_out(bob, vera, acme, borealis):
    _, lead, person = await somebody(acme)
    path = f"leads/{lead.id}/campaigns/{person.id}/end"
    assert (await vera.post(f"/acme/{path}")).status_code == 403
    assert (await bob.post(f"/acme/{path}")).status_code == 404
    theirs = await a_lead(borealis, email="x@lark.example")
    assert (await bob.post(f"/borealis/leads/{theirs.id}/campaigns/{person.id}/end")).status_code == 409
    assert (await rows("SELECT state FROM enrollment"))[0]["state"] == "active"
