"""Presses, pictures, what Resend tells, and replies: what is counted, what stops a sequence, and what changes nothing."""

from datetime import timedelta

import pytest

from dashboard import clock, links
from dashboard.campaigns import launching
from dashboard.campaigns.engine.mails import REPLY
from dashboard.campaigns.rendering import CLICK, OPEN
from dashboard.campaigns.tables import Campaign, Click, Enrollment, Link, Send
from dashboard.database import rows, transaction
from dashboard.webhooks.resend import HANDLERS
from tests.campaigns.seed import a_campaign, a_send
from tests.campaigns.world import days, launched, ledger, lines, many_leads
from tests.leads.cast import a_lead, verbs_of

DAY = timedelta(days=1)
BROWSER = {"User-Agent": "Mozilla/5.0 (Macintosh) Firefox/140.0"}


async def a_link(campaign: Campaign, url: str = "https://shop.example/offer") -> Link:
    link = Link(organization=campaign.organization, campaign=campaign.id, url=url)
    await link.save()
    return link


async def tell(organization, kind: str, delivery: int, **data) -> str:
    """A report of Resend about that delivery."""
    found = await rows("SELECT provider_id FROM delivery WHERE id = {}", delivery)
    event = {"type": f"email.{kind}", "data": {"email_id": found[0]["provider_id"], **data}}
    async with transaction():
        return await HANDLERS[f"resend:email.{kind}"](organization, event, clock.now())


async def mailed(organization, world, **facts) -> tuple[Campaign, Send]:
    """A sequence whose first mail has left."""
    campaign = await launched(organization, days=(0, 3), **facts)
    await world.round()
    send = await Send.objects().where(Send.campaign == campaign.id, Send.state == "sent").first()
    return campaign, send


# ── links ──


async def test_a_press_leads_on_and_is_counted(acme, stranger):
    campaign = await a_campaign(acme)
    send, link = await a_send(campaign), await a_link(campaign)
    answer = await stranger.get(f"/c/{links.token(CLICK, send.id, link.id)}", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://shop.example/offer")
    await stranger.get(f"/c/{links.token(CLICK, send.id, link.id)}", headers=BROWSER)
    [press] = await Click.objects()
    assert (press.send, press.link, press.lead) == (send.id, link.id, send.lead)
    assert (await Send.objects().get(Send.id == send.id)).clicked_at is not None


@pytest.mark.parametrize(
    "agent", ["", "Mozilla/5.0 (compatible; Barracuda Sentinel)", "python-requests/2", "Slackbot 1.0"]
)
async def test_a_scanner_is_led_on_and_not_counted(acme, stranger, agent):
    campaign = await a_campaign(acme)
    send, link = await a_send(campaign), await a_link(campaign)
    answer = await stranger.get(f"/c/{links.token(CLICK, send.id, link.id)}", headers={"User-Agent": agent})
    assert answer.status_code == 302
    assert await Click.count() == 0


async def test_looking_ahead_is_no_press(acme, stranger):
    campaign = await a_campaign(acme)
    send, link = await a_send(campaign), await a_link(campaign)
    path = f"/c/{links.token(CLICK, send.id, link.id)}"
    assert (await stranger.request("HEAD", path, headers=BROWSER)).status_code == 302
    await stranger.get(path, headers=BROWSER | {"Sec-Purpose": "prefetch;prerender"})
    assert await Click.count() == 0


async def test_no_changed_byte_leads_anywhere(acme, borealis, stranger):
    campaign, foreign = await a_campaign(acme), await a_campaign(borealis)
    send, link, theirs = await a_send(campaign), await a_link(campaign), await a_link(foreign, "https://evil.example/")
    token = links.token(CLICK, send.id, link.id)
    wrong = [token[:at] + ("a" if token[at] != "a" else "b") + token[at + 1 :] for at in range(len(token))]
    wrong += [
        links.token(CLICK, send.id, theirs.id),
        links.token(OPEN, send.id, link.id),
        links.token(CLICK, send.id, 999),
    ]
    wrong += [f"{token}?url=https://evil.example/"[: len(token)] + "x", "https:%2F%2Fevil.example", ""]
    for each in wrong:
        answer = await stranger.get(f"/c/{each}", headers=BROWSER)
        assert answer.status_code == 404 and "location" not in answer.headers, each
    assert await Click.count() == 0


async def test_an_address_that_is_no_web_address_is_never_followed(acme, stranger):
    campaign = await a_campaign(acme)
    send, link = await a_send(campaign), await a_link(campaign, "javascript:alert(1)")
    answer = await stranger.get(f"/c/{links.token(CLICK, send.id, link.id)}", headers=BROWSER)
    assert answer.status_code == 404


# ── the picture ──


async def test_the_picture_is_always_one_and_names_nobody(acme, stranger):
    send = await a_send(await a_campaign(acme))
    for token in (f"{links.token(OPEN, send.id)}.gif", "nonsense.gif", f"{links.token(OPEN, 999)}.gif"):
        answer = await stranger.get(f"/o/{token}")
        assert answer.status_code == 200 and answer.content.startswith(b"GIF89a")
        assert answer.headers["cache-control"] == "no-store" and "set-cookie" not in answer.headers
    found = await Send.objects().get(Send.id == send.id)
    assert found.opened_at is not None and found.state == "delivered"


# ── what Resend tells ──


@pytest.mark.parametrize(
    ("kind", "data", "state"),
    [
        ("delivered", {}, "delivered"),
        ("bounced", {"bounce": {"type": "Permanent", "message": "No such user"}}, "bounced"),
        ("complained", {}, "complained"),
        ("failed", {"failed": {"reason": "Domain gone"}}, "failed"),
        ("suppressed", {"suppressed": {"message": "On the list"}}, "suppressed"),
        ("delivery_delayed", {}, "sent"),
    ],
)
async def test_a_report_reaches_the_ledger(acme, kind, data, state):
    await a_lead(acme)
    async with days() as world:
        _, send = await mailed(acme, world)
        for _ in range(2):
            await tell(acme, kind, send.delivery, **data)
    found = await Send.objects().get(Send.id == send.id)
    assert found.state == state
    assert bool(found.reason) == (kind != "delivered")


async def test_reports_in_any_order_end_alike(acme):
    await many_leads(acme, 2)
    async with days() as world:
        campaign = await launched(acme)
        await world.round()
        one, two = await Send.objects().where(Send.campaign == campaign.id).order_by(Send.id)
        bounce = {"bounce": {"type": "Permanent", "message": "Gone"}}
        await tell(acme, "delivered", one.delivery)
        await tell(acme, "bounced", one.delivery, **bounce)
        await tell(acme, "bounced", two.delivery, **bounce)
        await tell(acme, "delivered", two.delivery)
    assert await ledger(campaign) == {"bounced": 2}


async def test_a_report_that_is_faster_than_the_answer_counts(acme):
    await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme)
        await world.round()
        await rows("UPDATE campaign_send SET state = 'queued'")
        send = await Send.objects().where(Send.campaign == campaign.id).first()
        await tell(acme, "delivered", send.delivery)
        await world.round()
    assert await ledger(campaign) == {"delivered": 1}


async def test_openings_and_presses_that_resend_saw_are_noted(acme):
    await a_lead(acme)
    async with days() as world:
        _, send = await mailed(acme, world)
        await tell(acme, "opened", send.delivery)
        await tell(acme, "clicked", send.delivery, click={"link": "https://x.example"})
    found = await Send.objects().get(Send.id == send.id)
    assert found.opened_at and found.clicked_at and found.state == "sent"


@pytest.mark.parametrize(("kind", "most"), [("bounced", 10), ("complained", 0)])
async def test_too_many_that_come_back_pause_the_campaign_with_a_reason_and_an_alert(acme, kind, most):
    await many_leads(acme, 200)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now, days=(0, 3))
        await world.round(now)
        sends = await Send.objects().where(Send.campaign == campaign.id, Send.state == "sent").order_by(Send.id)
        for send in sends[:most]:
            await tell(acme, kind, send.delivery, bounce={"type": "Permanent", "message": "Gone"})
        await world.round(now)
        assert (await Campaign.get_of(acme, campaign.id)).state == "running"
        await tell(acme, kind, sends[most].delivery, bounce={"type": "Permanent", "message": "Gone"})
        await world.round(now)
        found = await Campaign.get_of(acme, campaign.id)
        assert found.state == "paused" and found.why.startswith("Paused by itself: ")
        [alert] = await rows("SELECT title, payload FROM delivery WHERE name = 'campaign_paused'")
        assert alert["payload"]["lines"] == [found.why]
        await launching.resume(found, None, now + timedelta(seconds=1))  # what was before does not pause it again
        await world.round(now)
        assert (await Campaign.get_of(acme, campaign.id)).state == "running"


async def test_few_mails_say_nothing(acme):
    await many_leads(acme, 199)
    async with days() as world:
        campaign = await launched(acme, days=(0, 3))
        await world.round()
        for send in await Send.objects().where(Send.state == "sent").limit(30):
            await tell(acme, "bounced", send.delivery, bounce={"type": "Permanent", "message": "Gone"})
        await world.round()
    assert (await Campaign.get_of(acme, campaign.id)).state == "running"


# ── replies ──


async def replied(organization, **data) -> str:
    event = {
        "type": "email.received",
        "data": {"from": "Somebody <somebody@else.example>", "subject": "Re: Hello", **data},
    }
    async with transaction():
        return await HANDLERS["resend:email.received"](organization, event, clock.now())


async def test_a_reply_by_its_reference_ends_the_sequence_once(acme):
    lead = await a_lead(acme)
    async with days() as world:
        campaign, send = await mailed(acme, world)
        [mail] = world.mails(lead.email)
        headers = [{"name": "References", "value": f"{mail['headers']['References']} <abc@mx.example>"}]
        for _ in range(2):
            assert "Autumn" in await replied(acme, headers=headers)
        await world.round(clock.now() + 4 * DAY)
        assert len(world.mails()) == 1
    assert await lines(campaign, lead) == [(0, "sent", ""), (3, "stopped", "Replied")]
    assert (await Send.objects().get(Send.id == send.id)).replied_at is not None
    assert (await verbs_of(lead)).count("replied") == 1


async def test_a_reply_is_known_by_its_sender_while_a_sequence_goes_on(acme):
    lead = await a_lead(acme, email="Robin@Wren.example")
    async with days() as world:
        campaign, _ = await mailed(acme, world)
        await replied(acme, **{"from": "Robin <robin@wren.example>"})
    assert (await lines(campaign, lead))[1] == (3, "stopped", "Replied")


@pytest.mark.parametrize(
    "data",
    [
        {"headers": {"Auto-Submitted": "auto-replied"}},
        {"headers": {"Precedence": "auto_reply"}},
        {"subject": "Automatic reply: Hello"},
        {"subject": "Out of the office until Monday"},
        {"subject": "Abwesenheitsnotiz"},
    ],
)
async def test_an_automatic_answer_stops_nothing(acme, data):
    await a_lead(acme, email="robin@wren.example")
    async with days() as world:
        campaign, _ = await mailed(acme, world)
        assert "automatic" in await replied(acme, **{"from": "robin@wren.example"} | data)
        await world.round(clock.now() + 4 * DAY)
        assert len(world.mails()) == 2
    assert await ledger(campaign) == {"sent": 2}


async def test_a_forged_reference_or_another_organization_stops_nothing(acme, borealis):
    lead = await a_lead(acme)
    async with days() as world:
        campaign, send = await mailed(acme, world)
        good = links.token(REPLY, send.id)
        for organization, token in ((borealis, good), (acme, good[:-1] + ("a" if good[-1] != "a" else "b"))):
            said = await replied(organization, headers={"In-Reply-To": f"<{token}@campaign.invalid>"})
            assert "answers no campaign" in said
        assert (await lines(campaign, lead))[1][1] == "waiting"


async def test_a_reply_to_a_blast_is_noted_and_stops_nothing(acme):
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme)
        await world.round()
        send = await Send.objects().where(Send.campaign == campaign.id).first()
        token = f"<{links.token(REPLY, send.id)}@campaign.invalid>"
        await replied(acme, headers={"In-Reply-To": token})
    assert (await lines(campaign, lead)) == [(0, "sent", "")]
    assert (await Send.objects().get(Send.id == send.id)).replied_at is not None
    assert (await Enrollment.objects().where(Enrollment.lead == lead.id).first()).state == "finished"


@pytest.mark.parametrize(
    "data", [{"from": 5}, {"from": ""}, {"headers": [1, {"name": 3}]}, {"subject": None}, {"headers": "x"}]
)
async def test_an_odd_mail_does_no_harm(acme, data):
    assert "answers no campaign" in await replied(acme, **data)
