"""The page of one campaign: figures that open their rows, what happens next, what went wrong, and holding it."""

import re
from datetime import UTC, datetime, timedelta

import time_machine

from dashboard import clock
from dashboard.activity import actions as activity
from dashboard.campaigns import numbers
from dashboard.database import rows
from tests.campaigns.seed import a_campaign, a_send, clicked, enrolled, steps_of
from tests.leads.cast import said, undo_of
from tests.orders.cast import an_order

STRIP = re.compile(r'<a href="([^"]+)"><span class="l">([^<]+)</span><span class="v">([^<]+)</span>')


async def a_running_one(acme, **changes):
    """Two steps; people in every state."""
    campaign = await a_campaign(acme, days=(0, 3), **changes)
    for state in numbers.STATES:
        reason = "The address was refused" if state == "failed" else ""
        await a_send(campaign, state, reason=reason)
    for fact in ("replied_at", "unsubscribed_at"):
        await a_send(campaign, "delivered", **{fact: clock.now()})
    send = await a_send(campaign, "delivered", await enrolled(campaign, state="stopped", reason="replied"))
    await clicked(send)
    lead = (await rows("SELECT email FROM lead WHERE id = {}", send.lead))[0]
    await an_order(acme, customer_email=lead["email"], placed_at=clock.now())
    return campaign


async def test_the_page_shows_the_figures_and_each_opens_as_many_rows(ana, acme):
    campaign = await a_running_one(acme)
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    figures = {label: (value, href.replace("&amp;", "&")) for href, label, value in STRIP.findall(page)}
    assert {label: value for label, (value, _) in figures.items()} == {
        "Recipients": "15", "Sent": "7", "Delivered": "5", "Clicked": "1", "Replied": "1", "Bought": "1",
        "Unsubscribed": "1", "Bounced": "1",
    }  # fmt: skip
    for label, (value, href) in figures.items():
        answer = await ana.get(href)
        assert answer.status_code == 200, label
        if "/ledger" in href:
            assert len(re.findall(r'id="send-\d+"', answer.text)) == int(value), label
    assert "€129.00" in (await ana.get(figures["Bought"][1])).text
    assert figures["Bought"][1] == f"/acme/campaigns/{campaign.id}/brought?of=orders"
    assert "A payment is credited to the last campaign whose link" in page and "decide nothing" in page


async def test_the_recipients_of_a_step_are_the_sum_of_its_states(ana, acme):
    campaign = await a_running_one(acme)
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    line = re.search(r'<tr>\s*<th scope="row"><b>Day 0</b>.*?</tr>', page, re.DOTALL)[0]
    cells = [int(number) for number in re.findall(r'<td class="end num"><a href="[^"]+">(\d+)</a>', line)]
    assert cells[0] == 15 == sum(cells[1:5]) and cells[-1] == 1


async def test_it_says_why_it_is_paused_and_what_did_not_arrive(ana, acme):
    campaign = await a_running_one(acme, state="paused", why="31 of 512 addresses bounced (6%, limit 5%).")
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    for text in (
        "31 of 512 addresses bounced (6%, limit 5%).",
        "The address was refused",
        "Retry failed only",
        "/resumption",
        "Why people stopped",
        "Replied",
    ):
        assert text in page, text
    assert "reason=The+address+was+refused" in page


async def test_every_reason_why_people_stopped_leads_to_as_many_rows(ana, acme):
    campaign = await a_campaign(acme, days=(0, 3))
    for reason, last in (
        ("replied", "delivered"), ("replied", "stopped"), ("bounced", "bounced"), ("campaign", "stopped"), ("", "sent"),
    ):  # fmt: skip
        person = await enrolled(campaign, state="stopped", reason=reason)
        await a_send(campaign, "delivered", person)
        await a_send(campaign, last, person, step=1)
    going = await enrolled(campaign)
    await a_send(campaign, "stopped", going, reason="Replied")
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    card = page.partition('id="why-stopped"')[2].partition("</section>")[0]
    found = re.findall(r'<a href="([^"]+)">([^<]+)</a>.*?<span class="end">(\d+)</span>', card, re.DOTALL)
    assert sorted((name, number) for _, name, number in found) == [
        ("Bounced", "1"), ("Campaign stopped", "1"), ("Not known", "1"), ("Replied", "2"),
    ]  # fmt: skip
    for href, name, number in found:
        rows_ = (await ana.get(href)).text
        assert rows_.count('<td role="cell" class="c-who') == int(number), (name, href)


async def test_it_says_what_happens_next_in_the_companys_time(ana, acme):
    await rows("UPDATE organization SET time_zone = 'Europe/Berlin' WHERE id = {}", acme.id)
    facts = {"window_from": 540, "window_to": 1020, "weekdays": [0, 1, 2, 3, 4], "per_hour": 1}
    campaign = await a_campaign(acme, days=(0, 3), **facts)
    saturday = datetime(2026, 11, 21, 10, tzinfo=UTC)
    for _ in range(4):
        await a_send(campaign, "waiting", due_at=saturday + timedelta(hours=1), step=1)
    with time_machine.travel(saturday, tick=False):
        page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Next: Day 3, Mon 23 Nov 2026, 09:00" in page
    assert (
        "4 mails to come. At most 1 an hour. Between 09:00 and 17:00 in our time, Monday to Friday. All of them need about 4 hours of open time."
        in page
    )


async def test_a_limit_that_is_used_up_says_when_the_next_mail_leaves(ana, acme):
    campaign = await a_campaign(acme, per_hour=2)
    now = datetime(2026, 11, 21, 10, tzinfo=UTC)
    for minutes in (40, 30, 20):
        await a_send(campaign, "delivered", queued_at=now - timedelta(minutes=minutes))
    await a_send(campaign, "due", due_at=now - timedelta(hours=1))
    with time_machine.travel(now, tick=False):
        page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Next: The mail, today, 10:30 (in 30 min)" in page


async def test_the_timeline_tells_who_did_what(ana, acme):
    campaign = await a_campaign(acme)
    await activity.record(acme, "campaign", campaign.id, "paused", "paused it", by=ana.user)
    await activity.record(acme, "campaign", campaign.id, "paused", "Paused by itself", detail="6 of 100 bounced")
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Ana Alba paused it" in page and "6 of 100 bounced" in page


async def test_a_trial_shows_how_both_subjects_do(ana, acme):
    campaign = await a_campaign(
        acme, trial={"subject": "Your site in two minutes", "share": 20, "hours": 4, "rule": "clicks"}
    )
    for variant in ("a", "a", "b", "-"):
        send = await a_send(campaign, "delivered", await enrolled(campaign, variant=variant))
        if variant == "b":
            await clicked(send)
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    table = page.partition("Two subjects")[2].partition("</table>")[0]
    assert "Your site in two minutes" in table
    assert [int(each) for each in re.findall(r'<td class="end num"><a [^>]*>(\d+)', table)] == [2, 2, 0, 0, 1, 1, 1, 0]


async def test_a_trial_with_everybody_says_that_nothing_is_decided(ana, acme):
    campaign = await a_campaign(acme, trial={"subject": "Your site", "share": 100, "hours": 4, "rule": "clicks"})
    await clicked(await a_send(campaign, "delivered", await enrolled(campaign, variant="b")))
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Half of the people get each. Nothing is decided." in page and "goes to the rest" not in page


async def test_a_draft_leads_to_its_editor_and_a_stranger_nowhere(ana, bob, acme, borealis):
    draft = await a_campaign(acme, state="draft", launched_at=None)
    answer = await ana.get(f"/acme/campaigns/{draft.id}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/acme/campaigns/{draft.id}/edit")
    running = await a_campaign(acme)
    assert (await bob.get(f"/borealis/campaigns/{running.id}")).status_code == 404
    assert (await ana.get(f"/acme/campaigns/{2**70}")).status_code == 404


async def test_the_page_costs_few_queries_however_large_the_campaign(ana, acme, queries):
    campaign = await a_running_one(acme)
    assert len(await steps_of(campaign)) == 2
    with queries() as seen:
        await ana.get(f"/acme/campaigns/{campaign.id}")
    assert len(seen) <= 11, seen


async def test_pausing_is_taken_back_by_undo_and_resuming_too(ana, acme):
    campaign = await a_campaign(acme, filled_at=clock.now())
    path = f"/acme/campaigns/{campaign.id}"
    paused = await ana.post(f"{path}/pause")
    assert said(paused) == "Autumn site check paused. Nothing leaves." and "Paused by Ana Alba" in paused.text
    resumed = await ana.post(undo_of(paused))
    assert said(resumed) == "Autumn site check goes on." and undo_of(resumed) == f"{path}/pause"
    assert "Paused, by Ana Alba" in resumed.text and "Resumed, by Ana Alba" in resumed.text
    again = await ana.post(f"{path}/resumption")
    assert (
        "Nothing was changed" not in said(again) or (await rows("SELECT state FROM campaign"))[0]["state"] == "running"
    )


async def test_stopping_is_final_says_so_and_settles_every_row(ana, acme):
    campaign = await a_campaign(acme, days=(0, 3), filled_at=clock.now())
    person = await enrolled(campaign)
    await a_send(campaign, "delivered", person)
    await a_send(campaign, "waiting", person, step=1)
    path = f"/acme/campaigns/{campaign.id}"
    page = (await ana.get(path)).text
    assert "1 mail that did not leave will never be sent. This cannot be undone" in page
    answer = await ana.post(f"{path}/end")
    assert said(answer) == "Autumn site check stopped for good." and "undo" not in answer.headers["hx-trigger"]
    assert "Campaign stopped" in answer.text and "/resumption" not in answer.text
    states = await rows("SELECT state, reason FROM campaign_send ORDER BY id")
    assert [each["state"] for each in states] == ["delivered", "stopped"] and states[1]["reason"]


async def test_only_what_failed_is_queued_again(ana, acme):
    campaign = await a_campaign(acme, filled_at=clock.now())
    for state in ("failed", "failed", "unknown", "bounced", "delivered"):
        await a_send(campaign, state, reason="Refused" if state == "failed" else "")
    answer = await ana.post(f"/acme/campaigns/{campaign.id}/retries")
    assert said(answer) == "2 failed mails are queued again."
    states = await rows("SELECT state FROM campaign_send ORDER BY id")
    assert [each["state"] for each in states] == ["due", "due", "unknown", "bounced", "delivered"]


async def test_a_scheduled_campaign_becomes_a_draft_again(ana, acme):
    campaign = await a_campaign(acme, state="scheduled", starts_at=clock.now() + timedelta(days=1))
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "Starts " in page and "Take off the schedule and edit" in page
    answer = await ana.post(f"/acme/campaigns/{campaign.id}/end", headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"] == f"/acme/campaigns/{campaign.id}/edit"


async def test_a_viewer_can_only_look(vera, acme):
    campaign = await a_campaign(acme)
    assert "/pause" not in (await vera.get(f"/acme/campaigns/{campaign.id}")).text
    for verb in ("pause", "resumption", "end", "retries"):
        assert (await vera.post(f"/acme/campaigns/{campaign.id}/{verb}")).status_code == 403


async def test_what_it_brought_opens_order_by_order_for_the_step_that_was_clicked_last(ana, bob, acme, borealis):
    campaign = await a_campaign(acme, days=(0, 3))
    first, second = await steps_of(campaign)
    other = await a_campaign(acme, "Other")
    person = await enrolled(campaign)
    for step, hours in ((0, 5), (1, 2)):
        send = await a_send(campaign, "delivered", person, step=step)
        await clicked(send, clock.now() - timedelta(hours=hours))
    lead = (await rows("SELECT email FROM lead WHERE id = {}", person.lead))[0]
    early = await an_order(acme, customer_email=lead["email"], placed_at=clock.now() - timedelta(hours=3))
    late = await an_order(
        acme, customer_email=lead["email"], placed_at=clock.now() - timedelta(hours=1), currency="USD"
    )
    path = f"/acme/campaigns/{campaign.id}/brought?of=orders"
    numbers_of = {
        query: re.findall(r"/acme/orders/(\d+)", (await ana.get(path + query)).text)
        for query in ("", f"&step={first.id}", f"&step={second.id}")
    }
    assert list(numbers_of.values()) == [[str(late.number), str(early.number)], [str(early.number)], [str(late.number)]]
    page = (await ana.get(f"/acme/campaigns/{campaign.id}")).text
    assert "€129.00" in page and "$129.00" in page
    assert "Nothing so far" in (await ana.get(f"/acme/campaigns/{other.id}/brought")).text
    assert (await bob.get(f"/borealis/campaigns/{campaign.id}/brought")).status_code == 404
