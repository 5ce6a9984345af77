"""Many leads taken into a campaign from the list of leads, and back again."""

from dashboard import clock
from dashboard.campaigns import launching, picking
from dashboard.campaigns.batches import OPENING
from dashboard.campaigns.tables import Campaign, Enrollment, Send
from dashboard.database import row, rows
from dashboard.leads import engine
from tests.campaigns.seed import a_campaign
from tests.leads.cast import a_lead, said, undo_of, verbs_of

HREF = "/acme/leads/bulk/campaign"


async def a_sequence(organization) -> Campaign:
    return await a_campaign(organization, "Follow up", (0, 3), state="running")


async def work() -> None:
    while await engine.work(OPENING, lambda: True):
        pass


async def inside(campaign: Campaign) -> list[int]:
    found = await Enrollment.select(Enrollment.lead).where(Enrollment.campaign == campaign.id).order_by(Enrollment.lead)
    return [each["lead"] for each in found]


async def test_ticked_leads_come_in_once_with_a_line_of_the_ledger_for_each_step(alice, acme):
    campaign = await a_sequence(acme)
    leads = [await a_lead(acme, f"Lead {n}") for n in range(3)]
    ids = [str(lead.id) for lead in leads]
    await alice.post(HREF, data={"campaign": str(campaign.id), "ids": ids[:1]})
    answer = await alice.post(HREF, data={"campaign": str(campaign.id), "ids": ids})
    assert said(answer) == "2 leads added to “Follow up”. 1 already was."
    assert await inside(campaign) == [lead.id for lead in leads]
    assert await Send.count().where(Send.campaign == campaign.id) == 6
    assert "campaign_added" in await verbs_of(leads[0])


async def test_taking_it_back_leaves_nothing_of_those_who_got_no_mail(alice, acme):
    campaign = await a_sequence(acme)
    leads = [await a_lead(acme, f"Lead {n}") for n in range(2)]
    answer = await alice.post(HREF, data={"campaign": str(campaign.id), "ids": [str(lead.id) for lead in leads]})
    await rows("UPDATE campaign_send SET state = 'sent' WHERE lead = {} AND due_at <= now()", leads[1].id)
    await alice.post(undo_of(answer))
    await work()
    assert await inside(campaign) == [leads[1].id] and "campaign_added" not in await verbs_of(leads[0])
    left = await rows("SELECT state, reason FROM campaign_send ORDER BY due_at")
    assert [each["state"] for each in left] == ["sent", "stopped"]
    assert (await Enrollment.objects().first()).state == "stopped"


async def test_all_that_match_come_in_in_the_background(alice, acme):
    campaign = await a_sequence(acme)
    await rows(
        "INSERT INTO lead (organization, name, email, email_normalized, score) SELECT {}, 'Lead', n || '@many.example', "
        "CASE WHEN n > 3 THEN n || '@many.example' END, n FROM generate_series(1, 400) n", acme.id,
    )  # fmt: skip
    answer = await alice.post(HREF, data={"campaign": str(campaign.id), "all": "1", "query": "score.under=300"})
    assert answer.headers["location"].startswith("/acme/leads/batches/")
    await work()
    batch = await row("SELECT state, total, counts FROM lead_batch")
    expected = await row("SELECT count(*) AS n FROM lead WHERE score <= 300 AND email_normalized IS NOT NULL")
    assert batch["state"] == "done" and batch["counts"] == {"updated": expected["n"], "failed": 3}
    assert len(await inside(campaign)) == expected["n"]


async def test_a_campaign_that_ended_takes_nobody_in(alice, acme):
    campaign, lead = await a_sequence(acme), await a_lead(acme)
    await launching.stop(campaign, None, clock.now())
    answer = await alice.post(HREF, data={"campaign": str(campaign.id), "ids": [str(lead.id)]})
    assert answer.status_code == 404 and await inside(campaign) == []


async def test_without_a_campaign_they_become_the_audience_of_a_draft(ana, acme):
    leads = [await a_lead(acme, name) for name in ("Robin", "Toni", "Sasha")]
    answer = await ana.post(HREF, data={"campaign": "", "ids": [str(lead.id) for lead in leads[:2]]})
    draft = await Campaign.objects().first()
    assert answer.headers["location"] == f"/acme/campaigns/{draft.id}/edit" and draft.state == "draft"
    page = (await ana.get(f"/acme/campaigns/{draft.id}/recipients")).text
    assert "Robin" in page and "Toni" in page and "Sasha" not in page


async def test_all_that_match_become_the_audience_of_a_draft_as_a_filter(ana, acme):
    for n in range(120):
        await a_lead(acme, f"Lead {n}", source="Guide" if n else "Other")
    await ana.post(HREF, data={"campaign": "", "all": "1", "query": "source=Guide"})
    assert (await Campaign.objects().first()).audience == "source=Guide"


async def test_picked_leads_join_a_draft_whose_people_were_picked(ana, acme):
    first, second, third = [await a_lead(acme, name) for name in ("Robin", "Sasha", "Toni")]
    await ana.post(HREF, data={"campaign": "", "ids": [str(first.id)]})
    draft = await Campaign.objects().first()
    assert draft.name in (await ana.get(f"{HREF}/new")).text
    answer = await ana.post(HREF, data={"campaign": str(draft.id), "ids": [str(first.id), str(second.id)]})
    assert answer.headers["location"] == f"/acme/campaigns/{draft.id}/edit"
    page = (await ana.get(f"/acme/campaigns/{draft.id}/recipients")).text
    assert "Robin" in page and "Sasha" in page and "Toni" not in page
    assert third.id and [each["leads"] for each in await picking.drafts(acme)] == [[first.id, second.id]]


async def test_a_draft_of_a_filter_and_one_that_is_full_take_no_picked_leads(ana, acme, monkeypatch):
    leads = [await a_lead(acme, f"Lead {n}") for n in range(3)]
    by_filter = await a_campaign(acme, "By filter", state="draft", launched_at=None, audience="source=Guide")
    assert "By filter" not in (await ana.get(f"{HREF}/new")).text
    answer = await ana.post(HREF, data={"campaign": str(by_filter.id), "ids": [str(leads[0].id)]})
    assert answer.status_code == 404 and (await Campaign.get_of(acme, by_filter.id)).audience == "source=Guide"
    monkeypatch.setattr("dashboard.campaigns.picking.MOST", 2)
    await ana.post(HREF, data={"campaign": "", "ids": [str(lead.id) for lead in leads[:2]]})
    [draft] = await picking.drafts(acme)
    answer = await ana.post(HREF, data={"campaign": str(draft["id"]), "ids": [str(leads[2].id)]})
    assert answer.status_code == 409 and (await picking.drafts(acme))[0]["leads"] == [lead.id for lead in leads[:2]]


async def test_the_dialog_offers_sequences_that_run(alice, acme, bob):
    await a_sequence(acme)
    assert "Follow up" in (await alice.get(f"{HREF}/new")).text
    assert "Follow up" not in (await bob.get("/borealis/leads/bulk/campaign/new")).text


async def test_another_company_adds_neither_its_leads_nor_to_its_campaigns(alice, bob, acme, borealis):
    campaign, lead, theirs = await a_sequence(acme), await a_lead(acme), await a_lead(borealis)
    assert (
        await bob.post("/borealis/leads/bulk/campaign", data={"campaign": str(campaign.id), "ids": [str(theirs.id)]})
    ).status_code == 404
    assert (
        await alice.post(HREF, data={"campaign": str(campaign.id), "ids": [str(theirs.id), str(lead.id)]})
    ).status_code == 404
    assert await inside(campaign) == []
