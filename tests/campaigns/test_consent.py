"""Consent: what the pre-flight says of it, narrowing to those who agreed, and who took it back."""

from urllib.parse import parse_qs, urlparse

from dashboard import clock
from dashboard.campaigns import audience, launching, preflight
from dashboard.campaigns.tables import Campaign
from dashboard.deliveries.tables import Suppression
from dashboard.leads.tables import Consent
from tests.campaigns.seed import a_campaign
from tests.campaigns.world import days, launched, lines
from tests.leads.cast import a_lead


async def agreed(organization, lead, **facts) -> Consent:
    """Something this person ticked in a form."""
    made = Consent(organization=organization.id, lead=lead.id, text="News, please", given_at=clock.now(), **facts)
    await made.save()
    return made


async def of_consent(organization, campaign) -> list[tuple[str, str]]:
    found = (await preflight.look(organization, campaign.id, 0, clock.now())).findings
    return [(each.level, each.text) for each in found if each.key == "consent"]


async def test_the_preflight_says_how_many_have_no_consent_on_record(acme):
    leads = [await a_lead(acme, f"Lead {n}") for n in range(3)]
    draft = await a_campaign(acme, state="draft", launched_at=None)
    assert await of_consent(acme, draft) == [("warning", "3 of 3 without a consent on record")]
    await agreed(acme, leads[0])
    await agreed(acme, leads[1], withdrawn_at=clock.now())
    assert await of_consent(acme, draft) == [("warning", "2 of 3 without a consent on record")]
    for lead in leads[1:]:
        await agreed(acme, lead)
    assert await of_consent(acme, draft) == [("fine", "Everybody agreed to hear from you")]


async def test_one_click_leaves_only_those_who_agreed(ana, acme):
    yes, _ = await a_lead(acme, "Yes", source="Guide"), await a_lead(acme, "No", source="Guide")
    await agreed(acme, yes)
    draft = await a_campaign(acme, state="draft", launched_at=None, audience="source=Guide")
    [finding] = [
        each for each in (await preflight.look(acme, draft.id, 0, clock.now())).findings if each.key == "consent"
    ]
    answer = await ana.post(finding.fix_href, follow_redirects=False)
    assert answer.status_code in (200, 303)
    changed = await Campaign.get_of(acme, draft.id)
    assert parse_qs(urlparse(f"?{changed.audience}").query) == {"source": ["Guide"], "consent": ["yes"]}
    people = (await ana.get(f"/acme/campaigns/{draft.id}/recipients")).text
    assert ">Yes<" in people and ">No<" not in people
    assert await of_consent(acme, changed) == [("fine", "Everybody agreed to hear from you")]


def test_a_condition_more_holds_beside_conditions_of_which_one_is_enough():
    assert audience.narrowed("source=A", "consent", "yes") == "source=A&consent=yes"
    assert audience.narrowed("match=any&source=A&tag=1", "consent", "yes").endswith("&2.consent=yes")


async def test_who_takes_the_last_consent_back_gets_no_further_mail(ana, acme):
    lead = await a_lead(acme, "Robin")
    first, second = await agreed(acme, lead), await agreed(acme, lead)
    now = clock.now()
    async with days() as world:
        campaign = await launched(acme, now, days=(0, 3))
        await world.round(now)
        await ana.post(f"/acme/leads/{lead.id}/consents/{first.id}/withdrawal")
        assert await Suppression.count() == 0
        await ana.post(f"/acme/leads/{lead.id}/consents/{second.id}/withdrawal")
        await world.round(clock.now())
        assert len(world.mails()) == 1
    assert [each[1:] for each in await lines(campaign, lead)] == [("sent", ""), ("stopped", "Unsubscribed")]
    later = await launching.launch(await a_campaign(acme, state="draft", launched_at=None), None, clock.now())
    async with days() as world:
        await world.round()
        assert world.mails() == []
    assert [each[1:] for each in await lines(later, lead)] == [("suppressed", "Unsubscribed before")]
