"""Counts of the ledger: right after every statement, whatever changed the rows, and cheap to read."""

import asyncio
import re
from collections import Counter

from dashboard.campaigns import numbers
from dashboard.campaigns.tables import Enrollment, Send, Step
from dashboard.commands import verify
from dashboard.database import rows, transaction
from tests.campaigns.seed import a_campaign, a_send, clicked, enrolled, steps_of

KEPT = "SELECT step, what, sum(number)::int AS n FROM campaign_count WHERE campaign = {} GROUP BY 1, 2 HAVING sum(number) <> 0"


async def kept(campaign) -> dict:
    return {(each["step"], each["what"]): each["n"] for each in await rows(KEPT, campaign.id)}


async def counted(campaign) -> dict:
    """The same, from the rows."""
    found: Counter = Counter()
    for send in await Send.objects().where(Send.campaign == campaign.id):
        facts = [send.state] + [
            f"*{fact}" for fact in ("opened", "clicked", "replied", "unsubscribed") if getattr(send, f"{fact}_at")
        ]
        found.update((send.step, fact) for fact in facts)
    for person in await Enrollment.objects().where(Enrollment.campaign == campaign.id):
        facts = ["people", person.state, f"variant:{person.variant}"]
        facts += [f"why:{person.reason}"] if person.state == "stopped" else []
        found.update((None, fact) for fact in facts)
    return dict(found)


async def test_counts_follow_every_change_of_the_rows(acme):
    campaign = await a_campaign(acme, days=(0, 3))
    for state in ("waiting", "delivered", "delivered", "bounced"):
        await a_send(campaign, state)
    assert await kept(campaign) == await counted(campaign)
    await rows(
        "UPDATE campaign_send SET state = 'delivered', clicked_at = now() WHERE campaign = {} AND state = 'waiting'",
        campaign.id,
    )
    await rows("UPDATE enrollment SET state = 'stopped', reason = 'replied' WHERE campaign = {}", campaign.id)
    assert await kept(campaign) == await counted(campaign)
    assert (await kept(campaign))[(None, "why:replied")] == 4
    await rows("DELETE FROM campaign_send WHERE campaign = {} AND state = 'bounced'", campaign.id)
    await rows(
        "DELETE FROM enrollment WHERE campaign = {} AND NOT EXISTS (SELECT FROM campaign_send s WHERE s.enrollment = enrollment.id)",
        campaign.id,
    )
    assert await kept(campaign) == await counted(campaign)


async def test_counts_stay_right_while_many_change_rows_at_once_and_lines_are_folded(acme):
    campaign = await a_campaign(acme)
    for _ in range(40):
        await a_send(campaign, "queued")
    ids = [each["id"] for each in await rows("SELECT id FROM campaign_send WHERE campaign = {}", campaign.id)]

    async def walk(mine: list[int]) -> None:
        for state in ("sent", "delivered", "complained", "delivered"):
            for id in mine:
                async with transaction():
                    await rows("UPDATE campaign_send SET state = {} WHERE id = {}", state, id)
                    await rows("SELECT campaign_count_fold({}, {})", acme.id, campaign.id)

    await asyncio.gather(*(walk(ids[n::4]) for n in range(4)))
    assert await kept(campaign) == await counted(campaign)
    await rows("SELECT campaign_count_fold({}, {})", acme.id, campaign.id)
    assert await kept(campaign) == await counted(campaign)
    lines = await rows("SELECT count(*)::int AS n FROM campaign_count WHERE campaign = {}", campaign.id)
    assert lines[0]["n"] == len(await counted(campaign))


async def test_a_change_that_is_rolled_back_counts_nothing(acme):
    campaign = await a_campaign(acme)
    person, step = await enrolled(campaign), (await steps_of(campaign))[0]
    before = await kept(campaign)
    try:
        async with transaction():
            await Send(
                organization=acme.id, campaign=campaign.id, step=step.id, enrollment=person.id, lead=person.lead
            ).save()
            raise ValueError
    except ValueError:
        pass
    assert await kept(campaign) == before == await counted(campaign)


async def test_the_figures_of_a_campaign_are_the_sums_of_its_rows(acme):
    campaign = await a_campaign(acme, days=(0, 3))
    for state in ("delivered", "delivered", "complained", "bounced", "sent", "failed", "unknown", "suppressed"):
        await a_send(campaign, state)
    person = await enrolled(campaign, state="stopped", reason="replied")
    await a_send(campaign, "delivered", person)
    await a_send(campaign, "stopped", person, step=1)
    whole, steps = await numbers.of_campaign(acme, campaign.id)
    first, second = [steps[step.id] for step in await steps_of(campaign)]
    assert (whole.recipients, whole.rows, whole.sent, whole.delivered, whole.bounced) == (9, 10, 6, 4, 1)
    assert (first.rows, first.trouble, second.rows, second.mails["stopped"]) == (9, 2, 1, 1)
    assert whole.stopped == [("replied", 1)] and whole.rate(1) == 1 / 4
    assert first.rows == sum(first.mails[state] for state in numbers.STATES)


async def test_a_template_is_measured_over_all_campaigns_that_used_it(acme, borealis):
    one, other = await a_campaign(acme, "One"), await a_campaign(acme, "Other")
    template = (await steps_of(one))[0].template
    await Step.update({Step.template: template}).where(Step.campaign == other.id)
    await clicked(await a_send(one))
    await a_send(other, "bounced")
    theirs = await a_campaign(borealis)
    await a_send(theirs)
    found = await numbers.of_templates(acme)
    assert set(found) == {template}
    assert (found[template].sent, found[template].delivered, found[template].had("clicked")) == (2, 1, 1)


async def test_counts_that_differ_from_the_ledger_are_a_broken_promise(acme):
    campaign = await a_campaign(acme)
    await a_send(campaign, "delivered", unsubscribed_at=None)
    assert not [each for each in await verify.violations() if "counts" in each]
    await rows("UPDATE campaign_count SET number = number + 1 WHERE what = 'delivered'")
    assert [each for each in await verify.violations() if "counts" in each] == [
        f"I5: a campaign's counts differ from its ledger ({campaign.id})"
    ]


async def test_a_templates_figures_open_the_rows_of_each_campaign_that_sent_it(ana, acme):
    one, other = await a_campaign(acme, "One"), await a_campaign(acme, "Other", (0, 3))
    template = (await steps_of(one))[0].template
    [step, _] = await steps_of(other)
    await Step.update({Step.template: template}).where(Step.id == step.id)
    await a_send(one)
    await a_send(other)
    await clicked(await a_send(other))
    assert [(each["name"], each["figures"].sent) for each in await numbers.of_template(acme, template)] == [
        ("Other", 2), ("One", 1),
    ]  # fmt: skip
    page = (await ana.get(f"/acme/campaigns/templates/{template}")).text
    table = page.partition("What its mails did</h2>")[2].partition("</table>")[0]
    for href, number in re.findall(r'<td class="end num[^"]*"><a href="([^"]+)">([\d,]+)</a>', table):
        rows_of = await ana.get(href.replace("&amp;", "&"))
        assert len(re.findall(r'<tr role="row" id="send-', rows_of.text)) == int(number), href
