"""The ledger: one row for each recipient and step, found by state, step, reason and person, and taken away as a file."""

import csv
import io
import re
from datetime import timedelta

import time_machine

from dashboard import clock
from tests.campaigns.seed import a_campaign, a_send, clicked, enrolled, steps_of
from tests.leads.cast import a_lead


def people(text: str) -> list[str]:
    return re.findall(r"<b>([^<]+)</b></a>(?:<small>|</div>)", text)


async def a_full_one(acme):
    """Two steps, five people."""
    campaign = await a_campaign(acme, days=(0, 3))
    for name, state, reason in (
        ("Ada", "delivered", ""), ("Bea", "bounced", "Mailbox does not exist (550 5.1.1)"), ("Cid", "waiting", ""),
        ("Dan", "failed", "The address was refused"), ("Eve", "stopped", "Replied"),
    ):  # fmt: skip
        person = await enrolled(campaign, await a_lead(acme, f"{name} Lovelace", company=f"{name} & Co"))
        send = await a_send(campaign, state, person, reason=reason)
        if name == "Ada":
            await clicked(send)
            await a_send(campaign, "waiting", person, step=1)
    return campaign, await steps_of(campaign)


async def test_every_row_has_its_person_step_state_and_reason_and_leads_on(ana, acme):
    campaign, _ = await a_full_one(acme)
    page = (await ana.get(f"/acme/campaigns/{campaign.id}/ledger")).text
    assert (
        people(page) == ["Ada Lovelace", "Eve Lovelace", "Dan Lovelace", "Cid Lovelace", "Bea Lovelace", "Ada Lovelace"]
        or len(people(page)) == 6
    )
    for text in (
        "Day 0",
        "Day 3",
        "Mailbox does not exist (550 5.1.1)",
        "Clicked 1 h ago",
        "/acme/outbox/",
        "/acme/leads/",
    ):
        assert text in page, text
    assert re.findall(r'class="n">(\d+)<', page.split("campaigns-total")[0])[:6] == ["6", "2", "1", "1", "1", "1"]


async def test_rows_are_found_by_state_step_reason_what_happened_and_person(ana, acme):
    campaign, (first, second) = await a_full_one(acme)
    for query, found in {
        "state=bounced": ["Bea"], "state=bounced&state=failed": ["Dan", "Bea"], f"step={second.id}": ["Ada"],
        f"step={first.id}&state=waiting": ["Cid"], "reason=Replied": ["Eve"], "did=clicked": ["Ada"],
        "q=lovelace+bea": ["Bea"], "q=cid+%26": ["Cid"], "state=suppressed": [],
    }.items():  # fmt: skip
        page = (await ana.part(f"/acme/campaigns/{campaign.id}/ledger?{query}")).text
        assert [name.split()[0] for name in people(page)] == found, query
    dialog = (await ana.part(f"/acme/campaigns/{campaign.id}/ledger/filters?state=failed")).text
    assert "The address was refused" in dialog and 'value="failed" checked' in dialog
    odd = (await ana.get(f"/acme/campaigns/{campaign.id}/ledger?step=999&state=evil")).text
    assert "Not understood and left out: State, Step." in odd


async def test_pages_go_on_at_the_next_row_and_come_back(ana, acme):
    campaign = await a_campaign(acme)
    for _ in range(60):
        await a_send(campaign, "waiting")
    path = f"/acme/campaigns/{campaign.id}/ledger"
    first = (await ana.get(path)).text
    following = re.search(r'href="([^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = (await ana.get(following)).text
    assert (len(people(first)), len(people(second))) == (50, 10) and not set(people(first)) & set(people(second))
    back = re.search(r'href="([^"]+)" rel="prev"', second)[1].replace("&amp;", "&")
    assert people((await ana.get(back)).text) == people(first)


async def test_the_file_has_what_the_filters_find_and_asks_for_the_password_first(ana, vera, acme):
    campaign, _ = await a_full_one(acme)
    path = f"/acme/campaigns/{campaign.id}/ledger.csv"
    answer = await ana.get(f"{path}?state=bounced")
    lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert (
        len(lines) == 2
        and lines[1][0] == "Bea Lovelace"
        and lines[1][3:6] == ["Day 0", "bounced", "Mailbox does not exist (550 5.1.1)"]
    )
    assert (await vera.get(path)).status_code == 403
    assert (await ana.get(f"{path}?state=evil")).status_code == 422
    with time_machine.travel(clock.now() + timedelta(minutes=20)):
        late = await ana.get(path, follow_redirects=False)
        assert late.status_code == 303 and "/account/confirmation" in late.headers["location"]


async def test_no_name_and_no_reason_becomes_a_formula_in_the_file(ana, acme):
    campaign = await a_campaign(acme)
    for number, text in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")):
        person = await enrolled(campaign, await a_lead(acme, text, company=text, email=f"p{number}@crowd.example"))
        await a_send(campaign, "failed", person, reason=text)
    answer = await ana.get(f"/acme/campaigns/{campaign.id}/ledger.csv")
    lines = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))[1:]
    assert len(lines) == 6
    assert not [cell for line in lines for cell in line if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


async def test_the_rows_of_each_subject_of_a_trial_are_found(ana, acme):
    campaign = await a_campaign(acme, trial={"subject": "Other", "share": 20, "hours": 4, "rule": "clicks"})
    for name, variant in (("Ada", "a"), ("Bea", "b"), ("Cid", "-")):
        await a_send(campaign, "sent", await enrolled(campaign, await a_lead(acme, name), variant=variant))
    path = f"/acme/campaigns/{campaign.id}/ledger"
    assert people((await ana.part(f"{path}?subject=b")).text) == ["Bea"]
    assert people((await ana.part(f"{path}?subject=a&subject=b")).text) == ["Bea", "Ada"]
    assert "Subject B" in (await ana.part(f"{path}/filters")).text


async def test_reasons_say_of_how_many_rows_they_were_counted(ana, acme, monkeypatch):
    monkeypatch.setattr("dashboard.campaigns.ledger.NEWEST", 2)
    campaign = await a_campaign(acme)
    for reason in ("Refused", "Refused", "Mailbox full"):
        await a_send(campaign, "bounced", reason=reason)
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Counted among the newest 2 of 3." in page
    assert "Reasons of the newest 2 rows" in (await ana.part(f"/acme/campaigns/{campaign.id}/ledger/filters")).text


async def test_another_organization_finds_no_ledger(bob, acme, borealis):
    campaign, _ = await a_full_one(acme)
    assert (await bob.get(f"/acme/campaigns/{campaign.id}/ledger")).status_code == 404
    assert (await bob.get(f"/borealis/campaigns/{campaign.id}/ledger")).status_code == 404


async def test_the_ledger_costs_few_queries(ana, acme, queries):
    campaign, _ = await a_full_one(acme)
    with queries() as seen:
        await ana.get(f"/acme/campaigns/{campaign.id}/ledger")
    assert len(seen) <= 7, seen
