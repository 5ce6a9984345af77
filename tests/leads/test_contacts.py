"""When we last wrote to somebody, and how often: by a ticket, by a campaign, in a chat; and whether they answered."""

from datetime import timedelta

from dashboard import clock, schedule
from dashboard.campaigns import audience
from dashboard.conversations import actions as conversations
from dashboard.conversations import replying
from dashboard.conversations.tables import Channel
from dashboard.database import rows
from dashboard.leads import contacts, detail, queries
from dashboard.leads.tables import Lead
from dashboard.runs.tables import Run
from dashboard.scoring import jobs as scoring
from tests.campaigns.world import days, launched
from tests.deliveries import a_delivery, world
from tests.leads.cast import a_lead, as_it_is

DAY = timedelta(days=1)


async def noted() -> dict[str, int]:
    """What the minute's job did."""
    run = await schedule.run_by_name(contacts.JOB, clock.now())
    return (await Run.objects().get(Run.id == run.id)).counts


async def silent(organization, at) -> list[str]:
    """Who is found by the view “No reply” on that day."""
    filters = await audience.read(organization, "noreply=14", 0, at)
    page, _ = await queries.find_leads(organization, filters)
    return sorted(each["name"] for each in page.rows)


async def times(lead: Lead, organization) -> int:
    return (await detail.find(organization, lead.id))["contacts"]


async def a_chat(organization, lead, now):
    made, _ = await conversations.begin(organization, Channel.web, now, lead=lead)
    await conversations.receive(made, "Are you there?", "first", now)
    return made


async def test_an_answer_by_mail_is_a_contact_as_soon_as_it_left(acme, alice):
    lead, now = await a_lead(acme, "Ingrid"), clock.now()
    thread, _ = await conversations.begin(acme, Channel.mail, now, lead=lead, email=lead.email)
    await replying.reply(acme, thread, "It is ready.", "k1", now, by=alice.user)
    assert (await as_it_is(lead))["last_contact_at"] is None, "it has not left yet"
    async with world() as w:
        await w.work(now)
    assert (await as_it_is(lead))["last_contact_at"] == now and await times(lead, acme) == 1
    assert (await as_it_is(lead))["scored_at"] is None
    assert await silent(acme, now + 15 * DAY) == ["Ingrid"] and await silent(acme, now + 13 * DAY) == []


async def test_a_mail_of_a_campaign_is_a_contact_and_counted_once(acme):
    lead, other, now = await a_lead(acme, "Lucas"), await a_lead(acme, "Mei"), clock.now()
    async with days() as sending:
        await launched(acme)
        await sending.round()
    assert await noted() == {"mails": 2, "contacts": 2}
    assert await noted() == {"mails": 2, "contacts": 0}, "the last minutes are read again, to no effect"
    for each in (lead, other):
        assert (await as_it_is(each))["last_contact_at"] >= now and await times(each, acme) == 1
    await rows("UPDATE activity SET created_at = {} WHERE subject_kind = 'lead'", now - DAY)
    assert await silent(acme, clock.now() + 15 * DAY) == ["Lucas", "Mei"]


async def test_every_page_of_what_left_is_read(acme, monkeypatch):
    monkeypatch.setattr(contacts, "CHUNK", 2)
    people = [await a_lead(acme, f"Nr {n}") for n in range(5)]
    now = clock.now()
    for each in people:  # all in one moment, as a batch settles
        await a_delivery(acme, name="campaign", lead=each, state="sent", settled_at=now)
    assert await noted() == {"mails": 5, "contacts": 5}
    assert {(await as_it_is(each))["last_contact_at"] for each in people} == {now}


async def test_what_an_order_says_by_itself_is_no_contact_and_what_did_not_arrive_neither(acme):
    lead, now = await a_lead(acme, "Quiet"), clock.now()
    for name, state in (("payment_confirmation", "sent"), ("follow_up", "delivered"), ("reply", "failed")):
        await a_delivery(acme, name=name, lead=lead, state=state, settled_at=now)
    assert await noted() == {"mails": 0, "contacts": 0}
    assert (await as_it_is(lead))["last_contact_at"] is None and await times(lead, acme) == 0


async def test_an_answer_in_a_chat_is_a_contact_at_once_and_what_they_say_then_is_a_reply(acme, alice):
    lead, now = await a_lead(acme, "Signe"), clock.now()
    chat = await a_chat(acme, lead, now)
    assert (await as_it_is(lead))["last_contact_at"] is None, "they wrote, not we"
    said = now + timedelta(minutes=1)
    for _ in range(2):  # two clicks are one
        await replying.reply(acme, chat, "Here I am.", "k1", said, by=alice.user)
    assert (await as_it_is(lead))["last_contact_at"] == said and await times(lead, acme) == 1
    assert await silent(acme, now + 20 * DAY) == ["Signe"]
    await conversations.receive(chat, "Thank you.", "second", now + DAY)
    assert await silent(acme, now + 20 * DAY) == []


async def test_an_offer_to_everybody_warms_nobody_and_does_not_hide_who_was_called(acme, alice):
    stranger, called = await a_lead(acme, "Stranger"), await a_lead(acme, "Called")
    await alice.post(f"/acme/leads/{called.id}/contacts", data={"how": "call", "once": "x" * 20})
    await scoring.score_changed(clock.now())
    before = {each.id: (await as_it_is(each))["score"] for each in (stranger, called)}
    for each in (stranger, called):
        await a_delivery(acme, name="campaign", lead=each, state="sent", settled_at=clock.now())
    assert (await noted())["contacts"] == 2
    await scoring.score_changed(clock.now())
    assert {each.id: (await as_it_is(each))["score"] for each in (stranger, called)} == before
    assert before[called.id] == before[stranger.id] + 15
