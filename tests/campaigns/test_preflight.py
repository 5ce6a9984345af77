"""Before a launch: what stands against it, by name, with its fix; who would get what and when; the test mail."""

import html
import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.campaigns import editor, launching, preflight, reaching, rendering, seeds
from dashboard.campaigns.tables import Campaign, Template, TemplateVersion
from dashboard.clock import now as the_time
from dashboard.database import row, rows
from dashboard.deliveries import suppressed
from dashboard.deliveries.mails import first_name
from dashboard.deliveries.tables import Delivery, Suppression
from dashboard.leads.tables import Lead
from tests.campaigns.seed import a_campaign, enrolled
from tests.campaigns.world import days
from tests.hostile import CORPUS
from tests.leads.cast import a_lead

GOOD = {
    "subject": "Hi {{ first_name | you }}",
    "html": '<p>Hi</p><a href="{{ unsubscribe_link }}">Stop</a>',
    "text": "",
}


async def a_draft(organization, days=(0,), words: dict[str, str] = GOOD, **changes) -> Campaign:
    draft = await a_campaign(organization, "Winter capacity", days, state="draft", launched_at=None, **changes)
    await TemplateVersion.update(words, force=True)
    return draft


async def found(organization, campaign, key: str) -> list[tuple[str, str, str]]:
    checked = await preflight.look(organization, campaign.id, 0, the_time())
    return [(each.level, each.text, each.detail) for each in checked.findings if each.key == key]


async def test_a_campaign_with_everything_in_place_is_tested_and_launched(alice, acme, mail, app):
    await a_lead(acme, "Robin Reyes", company="Harbor")
    draft = await a_draft(acme)
    href = f"/acme/campaigns/{draft.id}"
    refused = await alice.post(f"{href}/launch", data={"revision": "0"})
    assert refused.status_code == 409 and "No test mail sent yet" in refused.text
    tested = await alice.post(f"{href}/trial-mail", data={"person": "0"})
    assert "One test mail on the way to alice@acme.example" in tested.headers["hx-trigger"] and ">Ready<" in tested.text
    launched = await alice.post(f"{href}/launch", data={"revision": "0"})
    assert launched.headers["location"] == href
    assert (await Campaign.get_of(acme, draft.id)).state == "running"
    again = await alice.post(f"{href}/launch", data={"revision": "0"})
    assert again.headers["location"] == href


async def test_a_test_mail_is_one_delivery_for_each_mail_and_subject(alice, acme):
    draft = await a_draft(acme, (0, 3), trial={"subject": "Other subject", "share": 20, "hours": 4})
    for _ in range(2):
        await alice.post(f"/acme/campaigns/{draft.id}/trial-mail", data={"person": "0"})
    deliveries = await Delivery.objects().order_by(Delivery.id)
    assert [each.title for each in deliveries] == ["[Test] Hi you", "[Test] Other subject", "[Test] Hi you"]
    assert {each.recipient for each in deliveries} == {"alice@acme.example"}
    for each in deliveries:
        payload = (await row("SELECT payload FROM delivery WHERE id = {}", each.id))["payload"]
        assert payload["headers"]["List-Unsubscribe-Post"] == rendering.ONE_CLICK and "/o/" not in payload["html"]


@pytest.mark.parametrize("change", ["text", "subject", "sender", "second"])
async def test_a_test_counts_until_what_people_see_is_changed(alice, acme, change):
    draft = await a_draft(acme)
    await alice.post(f"/acme/campaigns/{draft.id}/trial-mail", data={"person": "0"})
    assert (await found(acme, draft, "test"))[0][0] == "fine"
    await rows("UPDATE campaign SET audience = 'score.over=1', per_hour = 5 WHERE id = {}", draft.id)
    assert (await found(acme, draft, "test"))[0][0] == "fine"
    match change:
        case "text":
            await rows("UPDATE mail_template_version SET text = 'Other'")
        case "subject":
            await rows("UPDATE mail_template_version SET subject = 'Other'")
        case "sender":
            await rows("UPDATE campaign SET from_name = 'Other' WHERE id = {}", draft.id)
        case "second":
            await rows("UPDATE campaign SET trial = {} WHERE id = {}", {"subject": "B", "share": 20}, draft.id)
    assert await found(acme, draft, "test") == [("blocked", "Changed since the last test mail", "Send one to yourself")]


async def test_people_without_a_value_are_counted_by_placeholder(acme):
    for name, company in (("Robin", "Harbor"), ("Sasha", ""), ("", ""), ("https://evil.example", "X")):
        await a_lead(acme, name, company=company)
    words = {
        "subject": "{{ company }}",
        "html": "{{ first_name }} {{ name | you }} {{ attribute.size }} {{ unsubscribe_link }}",
    }
    draft = await a_draft(acme, words=GOOD | words)
    assert await found(acme, draft, "placeholders") == [
        ("blocked", "Placeholder without a value", "company, 2 people"),
        ("blocked", "Placeholder without a value", "first_name, 2 people"),
        ("blocked", "Placeholder without a value", "size, 4 people"),
    ]
    await rows("UPDATE lead SET name = 'Kim', company = 'K', attributes = {}", {"size": 3})
    assert await found(acme, draft, "placeholders") == []


async def test_what_has_no_value_in_sql_is_what_has_none_in_the_mail(acme):
    random.seed(5)
    parts = [
        *CORPUS[:60],
        "Robin",
        "Zoë",
        "Anne-Marie",
        "O'Neil",
        "J.R.",
        "J.",
        "Dr. No",
        "名前",
        "3PO",
        " x ",
        "a\tb",
        "Ål",
        "x" * 50,
        "Ann,",
        "_a",
        "a1",
    ]
    names = [*parts, *(f"{random.choice(parts)} {random.choice(parts)}"[:200] for _ in range(100))]
    leads = [
        Lead(organization=acme.id, name=name.replace("\0", "")[:200], email=f"n{n}@x.example")
        for n, name in enumerate(names)
    ]
    await Lead.insert(*leads)
    lacking = {each["name"] for each in await rows("SELECT name FROM lead l WHERE {}", reaching.lacking("first_name"))}
    wrong = [each.name for each in leads if bool(first_name(each.name)) == (each.name in lacking)]
    assert wrong == []


async def test_an_empty_audience_and_one_that_is_not_understood_block(acme):
    draft = await a_draft(acme)
    assert await found(acme, draft, "audience") == [("blocked", "The audience is empty", "No lead matches")]
    await rows("UPDATE campaign SET enrols = TRUE, new_only = TRUE WHERE id = {}", draft.id)
    assert (await found(acme, draft, "audience"))[0][0] == "fine"
    await rows("UPDATE campaign SET audience = 'attr.gone=1' WHERE id = {}", draft.id)
    assert (await found(acme, draft, "audience"))[0][:2] == (
        "blocked",
        "A condition of the audience is not understood any more",
    )


async def test_suppressed_people_and_those_without_an_address_are_left_out_and_counted(acme):
    people = [await a_lead(acme, f"Person {n}") for n in range(4)]
    await Suppression(organization=acme.id, email_normalized=people[0].email_normalized, reason="bounced").save()
    hidden = suppressed.hidden_name(acme.id, people[1].email_normalized)
    await Suppression(organization=acme.id, email_normalized=hidden, reason="unsubscribed").save()
    await rows("UPDATE lead SET email = '', email_normalized = NULL WHERE id = {}", people[2].id)
    draft = await a_draft(acme)
    assert await found(acme, draft, "suppressed") == [
        ("fine", "2 suppressed are left out", "Unsubscribed, bounced or complained")
    ]
    assert await found(acme, draft, "addresses") == [("fine", "1 without an address is left out", "")]
    assert (await preflight.look(acme, draft.id, 0, the_time())).reach.people == 1


async def test_overlap_asks_and_can_be_left_out_with_one_click(alice, acme, mail):
    lead, _ = await a_lead(acme, "Robin"), await a_lead(acme, "Sasha")
    running = await a_campaign(acme, "Autumn")
    await enrolled(running, lead)
    draft = await a_draft(acme)
    href = f"/acme/campaigns/{draft.id}"
    assert await found(acme, draft, "overlap") == [("ask", "1 person is in another running campaign", "Autumn (1)")]
    await alice.post(f"{href}/trial-mail", data={"person": "0"})
    refused = await alice.post(f"{href}/launch", data={"revision": "0"})
    assert refused.status_code == 409 and "Say yes to that" in refused.text
    await alice.post(f"{href}/overlap?revision=0")
    checked = await preflight.look(acme, draft.id, 0, the_time())
    assert checked.reach.people == 1 and await found(acme, draft, "overlap") == [
        ("fine", "No overlap with other campaigns", "")
    ]


async def test_leaving_out_holds_beside_conditions_of_which_one_is_enough(alice, acme):
    lead = await a_lead(acme, "Robin", score=90)
    await enrolled(await a_campaign(acme, "Autumn"), lead)
    draft = await a_draft(acme, audience="match=any&score.over=50&name=Sasha")
    await alice.post(f"/acme/campaigns/{draft.id}/overlap?revision=0")
    assert (await preflight.look(acme, draft.id, 0, the_time())).reach.people == 0


async def test_somebody_can_say_yes_to_an_overlap(alice, acme, mail):
    lead = await a_lead(acme, "Robin")
    await enrolled(await a_campaign(acme, "Autumn"), lead)
    draft = await a_draft(acme)
    await alice.post(f"/acme/campaigns/{draft.id}/trial-mail", data={"person": "0"})
    await alice.post(f"/acme/campaigns/{draft.id}/launch", data={"revision": "0", "yes_overlap": "1"})
    assert (await Campaign.get_of(acme, draft.id)).state == "running"


async def test_a_mail_without_a_way_out_blocks(acme):
    draft = await a_draft(acme, words=GOOD | {"text": "No link here"})
    [(level, text, detail)] = await found(acme, draft, "unsubscribe")
    assert (level, text) == ("blocked", "No link to unsubscribe") and detail.endswith("in its plain text")


async def test_a_link_to_an_example_blocks_until_it_is_ones_own(acme):
    way_out = '<a href="{{ unsubscribe_link }}">Stop</a>'
    for address, wanted in (
        ("https://www.example.com/checklist", ["blocked"]), ("http://example.org", ["blocked"]),
        ("https://notexample.com/checklist", []), ("https://files.acme.example/checklist", []),
    ):  # fmt: skip
        draft = await a_draft(acme, words=GOOD | {"html": f'<a href="{address}">Open it</a>{way_out}'})
        assert [level for level, _, _ in await found(acme, draft, "examples")] == wanted, address
    magnet = next(texts for name, _, texts in seeds.STARTERS if name == "Lead magnet")
    draft = await a_draft(acme, words={"subject": "Here", "html": magnet.html})
    [(_, text, detail)] = await found(acme, draft, "examples")
    assert text == "A link leads to an example" and "www.example.com" in detail


async def test_a_step_without_a_mail_or_with_an_archived_one_blocks(acme):
    draft = await a_draft(acme, (0, 3, 7))
    ids = [each["id"] for each in await editor.steps(acme, draft.id)]
    await rows("UPDATE campaign_step SET template = NULL WHERE id = {}", ids[1])
    await Template.update({Template.archived_at: the_time()}).where(Template.name == "Winter capacity 7")
    texts = [text for level, text, _ in await found(acme, draft, "steps") if level == "blocked"]
    assert texts == ["Day 3 has no text", "Day 7 uses an archived template"]


async def test_mail_that_is_not_connected_blocks(acme):
    draft = await a_draft(acme)
    [(level, text, detail)] = await found(acme, draft, "sender")
    assert (level, text) == ("blocked", "Mail cannot be sent yet") and "RESEND_API_KEY" in detail


@pytest.mark.parametrize(
    ("domains", "level", "text"),
    [
        ({"harbor.example": "verified"}, "fine", "Sender verified"),
        ({"harbor.example": "pending"}, "blocked", "Sender domain not verified"),
        ({"other.example": "verified"}, "blocked", "Sender domain not verified"),
        ({}, "blocked", "Sender domain not verified"),
    ],
)
async def test_the_sender_is_what_its_provider_says_of_the_domain(acme, mail, domains, level, text):
    mail.objects["domains"] = domains
    draft = await a_draft(acme)
    assert (await found(acme, draft, "sender"))[0][:2] == (level, text)


async def test_a_provider_that_does_not_answer_stands_in_nobodys_way(acme, mail):
    mail.mode("resend", "500", 5)
    draft = await a_draft(acme)
    assert (await found(acme, draft, "sender"))[0][:2] == ("warning", "Sender not confirmed")


async def test_the_verified_domain_is_asked_for_once_a_minute(acme, mail):
    draft = await a_draft(acme)
    for _ in range(3):
        await found(acme, draft, "sender")
    assert len([each for each in mail.asked("resend") if each.path == "/domains"]) == 1


async def test_who_gets_what_and_when_is_listed_page_by_page(alice, acme):
    for number in range(60):
        await a_lead(acme, f"Person{number:02} Reyes")
    out = await a_lead(acme, "Robin Out")
    await Suppression(organization=acme.id, email_normalized=out.email_normalized, reason="unsubscribed").save()
    draft = await a_draft(acme, starts_at=datetime(2099, 11, 30, 8, tzinfo=UTC))
    first = await alice.get(f"/acme/campaigns/{draft.id}/recipients")
    assert "Hi Person00" in first.text and "Person50" not in first.text and "30 Nov 2099, 08:00" in first.text
    last = (await Lead.objects().order_by(Lead.id).offset(49).first()).id
    second = await alice.get(f"/acme/campaigns/{draft.id}/recipients?after={last}")
    assert "Hi Person50" in second.text and "Gets nothing" in second.text and "Hi Robin" not in second.text


def told(page: str, person: str) -> list[str]:
    """What the page says one person gets, mail by mail, in words."""
    cell = page.partition(f"<b>{person}</b>")[2].partition("</tr>")[0]
    mails = re.findall(r"<li>(.*?)</li>", cell, re.DOTALL)
    return [
        " ".join(re.sub(r"<[^>]+>", " ", re.sub(r'<span class="vh">.*?</span>', "", each)).split()) for each in mails
    ]


async def test_each_mail_of_each_person_is_listed_with_its_time_condition_and_preview(alice, acme):
    lead = await a_lead(acme, "Robin Reyes", attributes={"time_zone": "Asia/Tokyo"})
    facts = {"window_from": 540, "window_to": 1020, "zone": "recipient", "per_hour": 50, "per_day": 300}
    draft = await a_draft(acme, (0, 3), starts_at=datetime(2099, 11, 30, 0, 30, tzinfo=UTC), **facts)
    await rows(
        "UPDATE campaign_step SET condition = {} WHERE campaign = {} AND position = 1", {"kind": "clicked"}, draft.id
    )
    page = (await alice.get(f"/acme/campaigns/{draft.id}/recipients")).text
    assert told(page, "Robin Reyes") == [
        "Hi Robin Day 0, from 30 Nov 2099, 00:30 on, 30 Nov 2099, 09:30 in Asia/Tokyo",
        "Hi Robin Day 3, from 4 Dec 2099, 00:00 on, 4 Dec 2099, 09:00 in Asia/Tokyo. "
        "Only if they clicked a link in an earlier mail",
    ]
    assert "at most 50 an hour and 300 a day leave" in page
    [_, second] = re.findall(rf'href="(/acme/campaigns/{draft.id}/preview\?person={lead.id}[^"]+)"', page)
    shown = await alice.get(html.unescape(second))
    assert shown.status_code == 200 and "Hi Robin" in shown.text


async def test_what_is_listed_is_what_is_done(alice, acme):
    """Subjects as they are drawn, and the moments of the steps, of everybody."""
    trial = {"subject": "The other one", "share": 50, "hours": 4, "rule": "clicks"}
    for number in range(12):
        await a_lead(acme, f"Person{number:02}", attributes={"time_zone": "Asia/Tokyo"} if number % 2 else {})
    now = datetime(2099, 11, 30, 8, 30, tzinfo=UTC)
    hours = {"window_from": 540, "window_to": 1020, "weekdays": [0, 1, 2, 3, 4], "zone": "recipient"}
    draft = await a_draft(acme, (0, 3), starts_at=now, trial=trial, **hours)
    page = (await alice.get(f"/acme/campaigns/{draft.id}/recipients")).text
    await launching.launch(await Campaign.get_of(acme, draft.id), None, now)
    async with days() as world:
        await world.round(now)
        await world.round(now + timedelta(minutes=1))
        drawn = await rows(
            "SELECT l.name, e.variant FROM enrollment e JOIN lead l ON l.id = e.lead WHERE e.campaign = {}", draft.id
        )
    wanted = {"a": "Hi ", "b": "The other one", "-": "or The other one Day 0"}
    assert len({each["variant"] for each in drawn}) == 3
    for each in drawn:
        first = told(page, each["name"])[0]
        assert wanted[each["variant"]] in first and (" or " in first) == (each["variant"] == "-"), first


async def test_a_person_in_another_zone_gets_it_in_their_hours(alice, acme):
    await a_lead(acme, "Robin", attributes={"time_zone": "Asia/Tokyo"})
    hours = {"window_from": 540, "window_to": 1020, "zone": "recipient"}
    draft = await a_draft(acme, starts_at=datetime(2099, 11, 30, 8, 30, tzinfo=UTC), **hours)
    assert "1 Dec 2099, 00:00" in (await alice.get(f"/acme/campaigns/{draft.id}/recipients")).text


async def test_it_says_how_many_have_a_time_zone_of_their_own_and_where_it_comes_from(alice, acme):
    draft = await a_draft(acme, zone="recipient")
    for name, zone in (("Kim", "Asia/Tokyo"), ("Lee", "Mars/Olympus"), ("Max", "")):
        await a_lead(acme, name, attributes={"time_zone": zone} if zone else {})
    [(level, text, detail)] = await found(acme, draft, "zones")
    assert (level, text) == ("fine", "1 of 3 has a time zone of their own")
    assert "The others count in UTC" in detail and "time_zone" in detail
    assert "the key time_zone" in (await alice.get(f"/acme/campaigns/{draft.id}/edit")).text
    await rows("UPDATE lead SET attributes = {}", {})
    [(level, text, _)] = await found(acme, draft, "zones")
    assert (level, text) == ("warning", "Nobody's time zone is known: all count in UTC")
    await rows("UPDATE campaign SET zone = 'organization'")
    assert await found(acme, draft, "zones") == []


async def test_a_start_in_the_past_is_said(acme):
    draft = await a_draft(acme, starts_at=the_time() - timedelta(hours=1))
    assert (await found(acme, draft, "start"))[0][0] == "warning"


async def test_what_the_editor_loads_afterwards_names_the_findings(vera, acme):
    await a_lead(acme, "Robin")
    draft = await a_draft(acme)
    part = (await vera.get(f"/acme/campaigns/{draft.id}/preflight")).text
    assert "No test mail sent yet" in part and 'id="audience-count"' in part and "Launch to" not in part


async def test_a_revision_that_was_not_seen_is_not_launched(alice, acme, mail):
    await a_lead(acme, "Robin")
    draft = await a_draft(acme)
    await alice.post(f"/acme/campaigns/{draft.id}/trial-mail", data={"person": "0"})
    await rows("UPDATE campaign SET revision = 5 WHERE id = {}", draft.id)
    refused = await alice.post(f"/acme/campaigns/{draft.id}/launch", data={"revision": "4"})
    assert refused.status_code == 409 and "changed meanwhile" in refused.text


async def test_the_preview_of_a_step_shows_the_second_subject(alice, acme):
    draft = await a_draft(acme, (0, 3), trial={"subject": "The other one", "share": 20})
    step = (await editor.steps(acme, draft.id))[0]["id"]
    href = f"/acme/campaigns/{draft.id}/preview?step={step}"
    assert "Hi you" in (await alice.get(href)).text
    assert "The other one" in (await alice.get(f"{href}&subject=b")).text
