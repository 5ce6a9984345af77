"""Drafts: made from another campaign, thrown away, brought back."""

import pytest

from dashboard import clock
from dashboard.campaigns import launching
from dashboard.campaigns.tables import Campaign, Step
from dashboard.database import row
from tests.campaigns.seed import a_campaign, a_send
from tests.leads.cast import a_lead


async def copied(browser, campaign: Campaign) -> Campaign:
    answer = await browser.post(f"/acme/campaigns/{campaign.id}/copies", follow_redirects=False)
    return await Campaign.objects().get(Campaign.id == int(answer.headers["location"].split("/")[-2]))


async def test_a_copy_has_all_that_was_written_and_nothing_of_what_came_of_it(ana, acme):
    trial = {"subject": "Other", "share": 20, "hours": 4, "rule": "clicks", "winner": "b", "figures": {"a": [1, 2]}}
    campaign = await a_campaign(
        acme, "Autumn", (0, 3), state="stopped", audience="source=Guide", per_hour=100, per_day=500, weekdays=[0, 1],
        window_from=540, window_to=1020, zone="recipient", trial=trial, starts_at=clock.now(), from_name="Ann at Acme",
    )  # fmt: skip
    await Step.update({Step.condition: {"kind": "not_clicked"}}).where(Step.day == 3)
    await a_send(campaign)
    copy = await copied(ana, campaign)
    assert (copy.name, copy.state, copy.launched_at, copy.starts_at) == ("Autumn, copy", "draft", None, None)
    for name in (
        "kind",
        "audience",
        "per_hour",
        "per_day",
        "weekdays",
        "window_from",
        "window_to",
        "zone",
        "from_name",
    ):
        assert getattr(copy, name) == getattr(campaign, name), name
    assert copy.trial == {"subject": "Other", "share": 20, "hours": 4, "rule": "clicks"}
    steps = await Step.select().where(Step.campaign == copy.id).order_by(Step.position)
    before = await Step.select().where(Step.campaign == campaign.id).order_by(Step.position)
    assert [(each["day"], each["template"], each["condition"]) for each in steps] == [
        (each["day"], each["template"], each["condition"]) for each in before
    ]
    assert [each["version"] for each in steps] == [None, None]
    assert (await row("SELECT count(*) AS n FROM enrollment WHERE campaign = {}", copy.id))["n"] == 0
    assert "Autumn, copy" in (await ana.get(f"/acme/campaigns/{copy.id}/edit")).text


async def test_a_draft_that_was_deleted_is_on_no_page_and_comes_back(ana, acme):
    draft = await a_campaign(acme, "Winter", state="draft", launched_at=None)
    answer = await ana.post(f"/acme/campaigns/{draft.id}/deletion")
    assert "This draft was deleted" in answer.text
    for path in (f"/acme/campaigns/{draft.id}", f"/acme/campaigns/{draft.id}/edit"):
        assert (await ana.get(path)).status_code == 404, path
    for path in ("/acme/campaigns", "/acme/search?q=winter", "/acme/leads/filters"):
        assert ">Winter<" not in (await ana.get(path)).text, path
    again = await ana.post(f"/acme/campaigns/{draft.id}/deletion")
    assert again.status_code == 200
    back = await ana.post(f"/acme/campaigns/{draft.id}/deletion/reversal")
    assert back.status_code == 200 and "Winter" in back.text
    assert "Winter" in (await ana.get("/acme/campaigns")).text


@pytest.mark.parametrize("state", ["scheduled", "running", "paused", "stopped", "done"])
async def test_what_was_launched_is_never_deleted(ana, acme, state):
    campaign = await a_campaign(acme, state=state)
    assert (await ana.post(f"/acme/campaigns/{campaign.id}/deletion")).status_code == 409
    assert (await Campaign.get_of(acme, campaign.id)).deleted_at is None


async def test_a_deleted_draft_is_neither_changed_nor_launched_and_frees_its_template(ana, acme):
    draft = await a_campaign(acme, "Winter", state="draft", launched_at=None)
    await ana.post(f"/acme/campaigns/{draft.id}/deletion")
    for path in ("settings", "steps", "launch", "copies", "trial-mail"):
        answer = await ana.post(f"/acme/campaigns/{draft.id}/{path}", data={"revision": "0", "name": "New"})
        assert answer.status_code == 404, path
    step = await Step.objects().where(Step.campaign == draft.id).first()
    assert (await ana.post(f"/acme/campaigns/templates/{step.template}/archive")).status_code == 200


async def test_a_viewer_and_a_stranger_copy_and_delete_nothing(vera, bob, acme, borealis):
    draft = await a_campaign(acme, "Winter", state="draft", launched_at=None)
    for path in ("copies", "deletion"):
        assert (await vera.post(f"/acme/campaigns/{draft.id}/{path}")).status_code == 403
        assert (await bob.post(f"/borealis/campaigns/{draft.id}/{path}")).status_code == 404
    assert (await row("SELECT count(*) AS n FROM campaign WHERE deleted_at IS NULL"))["n"] == 1


async def test_a_copy_of_a_campaign_can_be_launched_to_the_same_people_again(ana, acme):
    await a_lead(acme)
    campaign = await a_campaign(acme, "Autumn", state="done")
    copy = await copied(ana, campaign)
    launched = await launching.launch(copy, None, clock.now())
    assert launched.state == "running"
    assert (await row("SELECT version FROM campaign_step WHERE campaign = {}", copy.id))["version"] is not None
