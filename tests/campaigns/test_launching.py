"""Launching: who is in, once; what is fixed; when it begins and ends."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.campaigns import editor, launching, preflight
from dashboard.campaigns.engine import enrolling
from dashboard.campaigns.engine.work import Rounds
from dashboard.campaigns.tables import Campaign, Link, Step
from dashboard.database import rows, transaction
from dashboard.errors import Conflict
from tests.campaigns.seed import a_template
from tests.campaigns.world import a_draft, days, launched, ledger, many_leads
from tests.leads.cast import a_lead
from tests.meanwhile import meanwhile

HOUR = timedelta(hours=1)


async def verbs(campaign: Campaign) -> list[str]:
    found = await rows(
        "SELECT verb FROM activity WHERE subject_kind = 'campaign' AND subject_id = {} ORDER BY id", campaign.id
    )
    return [each["verb"] for each in found]


async def written_anew(campaign: Campaign, subject: str) -> None:
    """Somebody saves another text of its first mail."""
    step = await Step.objects().where(Step.campaign == campaign.id).first()
    await rows("UPDATE mail_template SET version = 2 WHERE id = {}", step.template)
    await rows(
        "INSERT INTO mail_template_version (organization, template, number, subject, html, text, created_at) "
        "VALUES ({}, {}, 2, {}, 'x', 'x', now())", campaign.organization, step.template, subject,
    )  # fmt: skip


async def test_a_blast_reaches_everybody_of_its_audience_once_and_ends(acme):
    inside = [await a_lead(acme, source="Fair") for _ in range(3)]
    await a_lead(acme, source="Elsewhere")
    async with days() as world:
        campaign = await launched(acme, audience="source=Fair")
        await world.round()
        assert sorted(each["to"][0] for each in world.mails()) == sorted(lead.email for lead in inside)
        await world.round()
        assert len(world.mails()) == 3
    campaign = await Campaign.get_of(acme, campaign.id)
    assert campaign.state == "done" and campaign.finished_at is not None
    assert await ledger(campaign) == {"sent": 3}
    assert await verbs(campaign) == ["launched", "finished"]
    states = await rows("SELECT DISTINCT state FROM enrollment WHERE campaign = {}", campaign.id)
    assert [each["state"] for each in states] == ["finished"]


async def test_launching_twice_is_launching_once(acme):
    await a_lead(acme)
    draft = await a_draft(acme)
    await launching.launch(draft, None, clock.now())
    await launching.launch(draft, None, clock.now())
    assert await verbs(draft) == ["launched"]


async def test_what_is_taken_off_the_schedule_while_it_is_about_to_begin_does_not_begin(acme, mail, monkeypatch):
    """Before it begins its audience and sender are looked at, which asks the provider and takes its time."""
    await a_lead(acme)
    now = clock.now()
    campaign = await launching.launch(await a_draft(acme, starts_at=now + HOUR), None, now)
    look = preflight.obstacles

    async def slow(*given):
        await launching.stop(campaign, None, now)
        return await look(*given)

    monkeypatch.setattr(preflight, "obstacles", slow)
    await Rounds().round(now + 2 * HOUR)
    assert (await Campaign.get_of(acme, campaign.id)).state == "draft"
    assert await verbs(campaign) == ["scheduled", "unscheduled"]
    assert await ledger(campaign) == {}


async def test_what_is_changed_while_it_is_looked_at_is_not_launched_unseen(acme, alice):
    await a_lead(acme)
    draft = await a_draft(acme)
    seen = await Campaign.get_of(acme, draft.id)
    await editor.set_audience(acme, draft.id, draft.revision, "source=Everywhere", alice.user, clock.now())
    with pytest.raises(Conflict, match="Nothing was launched"):
        await launching.launch(seen, alice.user, clock.now())
    assert (await Campaign.get_of(acme, draft.id)).state == "draft"


async def test_a_change_at_the_very_moment_of_the_launch_is_not_launched_unseen(acme, alice):
    await a_lead(acme)
    draft = await a_draft(acme)

    async def change() -> None:
        await editor.set_audience(acme, draft.id, draft.revision, "source=Everywhere", alice.user, clock.now())

    with pytest.raises(Conflict, match="Nothing was launched"):
        await meanwhile(change, lambda: launching.launch(draft, alice.user, clock.now()))
    assert (await Campaign.get_of(acme, draft.id)).state == "draft"


async def test_scheduling_twice_at_once_is_scheduling_once(acme):
    await a_lead(acme)
    draft = await a_draft(acme, starts_at=clock.now() + HOUR)
    for _ in range(2):
        assert (await launching.launch(draft, None, clock.now())).state == "scheduled"
    assert await verbs(draft) == ["scheduled"]


async def test_a_step_without_a_mail_cannot_be_launched(acme):
    draft = await a_draft(acme)
    await Step(organization=acme.id, campaign=draft.id, position=1, day=3).save()
    with pytest.raises(Conflict):
        await launching.launch(draft, None, clock.now())
    assert (await Campaign.get_of(acme, draft.id)).state == "draft"


async def test_texts_written_after_the_launch_are_not_sent(acme):
    lead = await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, texts={"subject": "As it was"})
        await written_anew(campaign, "Changed")
        await world.round()
        assert [each["subject"] for each in world.mails(lead.email)] == ["As it was"]


async def test_leads_who_come_after_the_launch_of_a_blast_are_not_in_it(acme):
    await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme)
        await a_lead(acme, "Late", created_at=clock.now() + HOUR)
        await world.round(clock.now() + 2 * HOUR)
        assert len(world.mails()) == 1
    assert await ledger(campaign) == {"sent": 1}


async def test_the_audience_is_taken_in_by_parts_and_nobody_is_left_out(acme, monkeypatch):
    monkeypatch.setattr(enrolling, "CHUNK", 7)
    await many_leads(acme, 30)
    campaign = await launched(acme)
    await Rounds().round(clock.now())  # as if the process had died after the first part
    found = await Campaign.get_of(acme, campaign.id)
    assert found.filled_at is None and found.filled_through > 0
    async with days() as world:
        await world.round()
        assert len({each["to"][0] for each in world.mails()}) == len(world.mails()) == 30


async def test_a_condition_that_means_nothing_any_more_means_nobody(acme):
    await a_lead(acme)
    async with days() as world:
        campaign = await launched(acme, audience="own.gone.is=1&stage=no-such-stage")
        await world.round()
        assert world.mails() == []
    assert (await Campaign.get_of(acme, campaign.id)).state == "done"


async def test_a_scheduled_campaign_begins_when_its_time_has_come(acme, mail):
    mail.objects["domains"] = {"harbor.example": "verified"}
    await a_lead(acme)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, starts_at=now + HOUR)
        assert campaign.state == "scheduled" and campaign.launched_at is None
        await world.round(now + HOUR / 2)
        assert world.mails() == []
        await world.round(now + HOUR)
        assert len(world.mails()) == 1
    found = await Campaign.get_of(acme, campaign.id)
    assert (found.state, found.launched_at) == ("done", now + HOUR)


async def test_what_was_written_after_it_was_scheduled_is_not_sent(acme, mail):
    mail.objects["domains"] = {"harbor.example": "verified"}
    await a_lead(acme)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, starts_at=now + HOUR, texts={"subject": "As it was tested"})
        await written_anew(campaign, "Later")
        await world.round(now + HOUR)
        assert [each["subject"] for each in world.mails()] == ["As it was tested"]


@pytest.mark.parametrize(
    ("domains", "audience", "why"),
    [
        ({"harbor.example": "pending"}, "", "Sender domain not verified"),
        ({"harbor.example": "verified"}, "source=Nobody", "The audience is empty"),
        ({"harbor.example": "verified"}, "stage=no-such-stage", "A condition of the audience is not understood"),
    ],
)
async def test_one_that_could_send_nothing_at_its_time_is_a_draft_again_and_says_why(
    acme, mail, domains, audience, why
):
    mail.objects["domains"] = domains
    await a_lead(acme)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, starts_at=now + HOUR, audience=audience)
        for _ in range(2):
            await world.round(now + HOUR)
        assert world.mails() == []
    found = await Campaign.get_of(acme, campaign.id)
    assert found.state == "draft" and found.why.startswith(f"It did not start: {why}")
    alert, *_ = await rows("SELECT payload FROM delivery WHERE name = 'campaign_not_begun' ORDER BY id")
    assert alert["payload"]["lines"] == [found.why]


async def test_one_that_could_not_begin_can_be_launched_once_it_is_mended(acme, mail):
    mail.objects["domains"] = {"harbor.example": "pending"}
    await a_lead(acme)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, starts_at=now + HOUR)
        await world.round(now + HOUR)
        mended = await Campaign.get_of(acme, campaign.id)
        found = await launching.launch(mended, None, now + 2 * HOUR)
        assert (found.state, found.why) == ("running", "")
        await world.round(now + 2 * HOUR)
        assert len(world.mails()) == 1


async def test_one_that_is_scheduled_can_be_taken_off_the_schedule(acme):
    await a_lead(acme)
    now = clock.now()
    campaign = await launched(acme, starts_at=now + HOUR)
    assert (await launching.stop(campaign, None, now)).state == "draft"
    async with days() as world:
        await world.round(now + 2 * HOUR)
        assert world.mails() == []


async def test_a_welcome_sequence_takes_in_new_leads_of_its_source_and_no_others(acme):
    now = clock.now()
    await a_lead(acme, "Old", source="Guide", created_at=now - HOUR)
    async with days() as world:
        campaign = await launched(acme, now, days=(0, 3), enrols=True, new_only=True, audience="source=Guide")
        await world.round(now)
        assert world.mails() == []
        new = await a_lead(acme, "New", source="Guide", created_at=now + HOUR)
        await a_lead(acme, "Other", source="Fair", created_at=now + HOUR)
        await world.round(now + HOUR)
        assert [each["to"] for each in world.mails()] == [[new.email]]
        await world.round(now + HOUR)
        assert len(world.mails()) == 1
    assert (await Campaign.get_of(acme, campaign.id)).state == "running"
    assert await ledger(campaign) == {"sent": 1, "waiting": 1}


async def test_leads_added_by_hand_are_taken_in_once(acme):
    campaign = await launched(acme, days=(0, 3), audience="source=Nobody")
    lead = await a_lead(acme)
    await rows("UPDATE lead SET email = '', email_normalized = NULL WHERE id = {}", (nameless := await a_lead(acme)).id)
    for expected in (1, 0):
        async with transaction():
            assert await enrolling.enroll(acme, campaign.id, [lead.id, nameless.id], clock.now()) == expected
    assert await ledger(campaign) == {"due": 1, "waiting": 1}


async def test_nobody_of_another_organization_is_taken_in(acme, borealis):
    theirs = await a_lead(borealis)
    campaign = await launched(acme, days=(0, 3))
    async with transaction():
        assert await enrolling.enroll(acme, campaign.id, [theirs.id], clock.now()) == 0
        assert await enrolling.enroll(borealis, campaign.id, [theirs.id], clock.now()) == 0
    async with days() as world:
        await world.round()
        assert world.mails() == []


async def test_links_become_rows_and_no_address_is_in_a_mail(acme):
    lead = await a_lead(acme)
    html = '<p><a href="https://shop.example/offer?x=1&amp;y=2">Offer</a></p>'
    async with days() as world:
        campaign = await launched(acme, texts={"html": html, "text": "See https://shop.example/offer?x=1&y=2."})
        await world.round()
        [mail] = world.mails(lead.email)
    [link] = await Link.objects().where(Link.campaign == campaign.id)
    assert link.url == "https://shop.example/offer?x=1&y=2"
    assert "shop.example" not in mail["html"] + mail["text"] and "https://test.local/c/" in mail["html"]


async def test_the_first_line_of_a_trial_is_a_share_and_the_rest_waits_for_the_winner(acme):
    await many_leads(acme, 200)
    now = clock.now()
    trial = {"subject": "The other one", "share": 40, "hours": 4, "rule": "clicks"}
    async with days() as world:
        campaign = await launched(acme, now, trial=trial, texts={"subject": "The first one"})
        await world.round(now)
        first = [each["subject"] for each in world.mails()]
        assert 40 < len(first) < 120 and set(first) == {"The first one", "The other one"}
        await rows(
            "UPDATE campaign_send s SET clicked_at = now() FROM enrollment e WHERE e.id = s.enrollment "
            "AND e.variant = 'b' AND s.state = 'sent'"
        )
        await world.round(now + 3 * HOUR)
        assert len(world.mails()) == len(first)
        await world.round(now + 5 * HOUR)
        rest = [each["subject"] for each in world.mails()[len(first) :]]
        assert len(first) + len(rest) == 200 and set(rest) == {"The other one"}
    found = await Campaign.get_of(acme, campaign.id)
    assert found.trial["winner"] == "b" and found.state == "done"
    assert "trial_decided" in await verbs(found)


async def test_who_comes_in_after_a_trial_was_decided_gets_the_better_subject(acme):
    await many_leads(acme, 60)
    now = clock.now()
    trial = {"subject": "The other one", "share": 50, "hours": 4, "rule": "clicks"}
    async with days() as world:
        await launched(acme, now, days=(0, 30), enrols=True, trial=trial, texts={"subject": "The first one"})
        await world.round(now)
        await rows(
            "UPDATE campaign_send s SET clicked_at = now() FROM enrollment e WHERE e.id = s.enrollment "
            "AND e.variant = 'b' AND s.state = 'sent'"
        )
        await world.round(now + 5 * HOUR)
        await many_leads(acme, 40, "late.example")
        await world.round(now + 6 * HOUR)
        late = [each["subject"] for each in world.mails() if each["to"][0].endswith("@late.example")]
    assert len(late) == 40 and set(late) == {"The other one"}


async def test_a_trial_with_everybody_is_never_decided(acme):
    await many_leads(acme, 60)
    now = clock.now()
    trial = {"subject": "The other one", "share": 100, "hours": 1, "rule": "clicks"}
    async with days() as world:
        campaign = await launched(acme, now, days=(0, 30), trial=trial, texts={"subject": "The first one"})
        await world.round(now)
        assert {each["subject"] for each in world.mails()} == {"The first one", "The other one"}
        assert len(world.mails()) == 60
        await world.round(now + 5 * HOUR)
    assert "winner" not in (await Campaign.get_of(acme, campaign.id)).trial
    assert "trial_decided" not in await verbs(campaign)


async def test_a_trial_that_nobody_answered_keeps_the_first_subject(acme):
    await many_leads(acme, 60)
    now = clock.now()
    async with days() as world:
        trial = {"subject": "Other", "share": 20, "hours": 1, "rule": "replies"}
        await launched(acme, now, trial=trial, texts={"subject": "First"})
        await world.round(now)
        before = len(world.mails())
        await world.round(now + 2 * HOUR)
        assert {each["subject"] for each in world.mails()[before:]} == {"First"}
        assert len(world.mails()) == 60


async def test_a_template_of_another_organization_is_never_sent(acme, borealis):
    await a_lead(acme)
    foreign = await a_template(borealis, "Theirs")
    draft = await a_draft(acme)
    await rows("UPDATE campaign_step SET template = {} WHERE campaign = {}", foreign.id, draft.id)
    with pytest.raises(Conflict):
        await launching.launch(draft, None, clock.now())
