"""Campaigns on Today: paused by somebody, by itself, or not begun at their time; each with its reason and its fix."""

from dashboard import clock
from dashboard.campaigns import launching
from dashboard.campaigns.tables import Campaign
from dashboard.today import queries
from tests.campaigns.seed import a_campaign, a_send
from tests.today.test_today import line, today


async def test_a_campaign_somebody_paused_waits_on_today_and_goes_on_from_there(ana, acme):
    campaign = await a_campaign(acme, "Autumn")
    await a_send(campaign, "waiting")
    await launching.pause(campaign, ana.user, clock.now())
    shown = line(await today(ana), f"campaign-{campaign.id}")
    assert "Campaign is paused" in shown and "Autumn" in shown
    assert f"Paused by {ana.user.name}. 1 mail waits." in shown
    assert f'hx-post="/acme/campaigns/{campaign.id}/resumption"' in shown
    await ana.post(f"/acme/campaigns/{campaign.id}/resumption")
    assert line(await today(ana), f"campaign-{campaign.id}") == ""


async def test_one_that_paused_by_itself_says_why_and_leads_to_what_came_back(ana, acme):
    campaign = await a_campaign(acme, "Autumn")
    why = "Paused by itself: 12 of 200 mails bounced, more than 5 %."
    await launching.pause(campaign, None, clock.now(), why)
    shown = line(await today(ana), f"campaign-{campaign.id}")
    assert "Campaign paused by itself" in shown and "12 of 200 mails bounced, more than 5 %. 0 mails wait." in shown
    assert f'href="/acme/campaigns/{campaign.id}"' in shown and "hx-post" not in shown


async def test_one_that_could_not_begin_leads_to_its_editor(ana, acme):
    campaign = await a_campaign(
        acme, "Winter", state="draft", launched_at=None, why="It did not start: Mail cannot be sent yet."
    )
    shown = line(await today(ana), f"campaign-{campaign.id}")
    assert "Campaign did not start" in shown and "Mail cannot be sent yet." in shown
    assert f'href="/acme/campaigns/{campaign.id}/edit"' in shown


async def test_a_viewer_gets_no_button_that_posts(vera, acme):
    campaign = await a_campaign(acme, state="paused", why="Paused by Ana")
    shown = line(await today(vera), f"campaign-{campaign.id}")
    assert "Paused by Ana" in shown and "hx-post" not in shown


async def test_the_navigation_counts_them_and_nobody_elses(ana, bob, acme, borealis):
    await a_campaign(acme, "One", state="paused")
    await a_campaign(acme, "Two")
    deleted = await a_campaign(acme, "Gone", state="draft", launched_at=None, why="It did not start: …")
    await Campaign.update({Campaign.deleted_at: clock.now()}).where(Campaign.id == deleted.id)
    assert (await queries.counts(acme, [], clock.now())).campaigns == 1
    found = await queries.counts(borealis, [], clock.now())
    assert (found.campaigns, found.today) == (0, 0)
