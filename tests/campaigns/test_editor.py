"""A campaign while it is written: settings, steps, audience, and two people at once."""

import re
from datetime import UTC, datetime

import pytest

from dashboard.campaigns import editor, editor_forms, planning
from dashboard.campaigns.tables import Campaign
from dashboard.database import row, rows
from tests.campaigns.seed import a_campaign, a_template
from tests.leads.cast import a_lead, a_tag

SETTINGS = {
    "name": "Winter", "from_name": "Maya", "reply_to": "maya@acme.example", "window_from": "09:00", "window_to": "17:00",
    "weekdays": ["0", "1", "2", "3", "4"], "zone": "recipient", "per_hour": "50", "per_day": "300",
    "starts_on": "2026-11-30", "starts_time": "09:30",
}  # fmt: skip


async def a_draft(organization, days=(0,), **changes) -> Campaign:
    return await a_campaign(organization, "Winter capacity", days, state="draft", launched_at=None, **changes)


async def stored(id: int) -> dict:
    found = await row("SELECT * FROM campaign WHERE id = {}", id)
    assert found is not None
    return found


async def steps(id: int) -> list[tuple[int, int]]:
    found = await rows("SELECT position, day FROM campaign_step WHERE campaign = {} ORDER BY position", id)
    return [(each["position"], each["day"]) for each in found]


def href(campaign: Campaign) -> str:
    return f"/acme/campaigns/{campaign.id}"


@pytest.mark.parametrize(("start", "days"), [("blast", [0]), ("sequence", [0, 3, 7, 14]), ("welcome", [0, 3, 7, 14])])
async def test_a_new_campaign_begins_with_its_usual_days(ana, acme, start, days):
    made = await ana.post("/acme/campaigns", data={"name": "Winter capacity", "start": start, "source": "Price list"})
    campaign = await Campaign.objects().first()
    assert made.headers["location"] == f"{href(campaign)}/edit"
    assert [day for _, day in await steps(campaign.id)] == days
    welcome = start == "welcome"
    assert (campaign.enrols, campaign.new_only) == (start != "blast", welcome)
    assert campaign.audience == ("source=Price+list" if welcome else "")
    page = (await ana.get(f"{href(campaign)}/edit")).text
    said = {
        "blast": "Fixed at the launch: who comes to match later gets nothing.",
        "sequence": "Who matches at the launch, and whoever comes to match later.",
        "welcome": "New leads that match come in by themselves.",
    }
    assert said[start] in page


async def test_a_welcome_sequence_for_one_source_means_its_leads_only(alice, acme):
    await a_lead(acme, "Robin", source="Price list")
    await a_lead(acme, "Sasha", source="Fair")
    await alice.post("/acme/campaigns", data={"name": "Welcome", "start": "welcome", "source": "Price list"})
    campaign = await Campaign.objects().first()
    page = (await alice.get(f"{href(campaign)}/recipients")).text
    assert "Robin" in page and "Sasha" not in page


async def test_a_campaign_without_a_name_or_a_beginning_is_refused(alice, acme):
    answer = await alice.post("/acme/campaigns", data={"name": "", "start": "nonsense"})
    assert (
        answer.status_code == 422 and "Give the campaign a name" in answer.text and "Choose how to begin" in answer.text
    )
    assert not await Campaign.exists()


async def test_settings_are_kept_in_the_organizations_time(alice, acme):
    await type(acme).update({type(acme).time_zone: "Europe/Oslo"}).where(type(acme).id == acme.id)
    draft = await a_draft(acme)
    assert (await alice.post(f"{href(draft)}/settings", data=SETTINGS | {"revision": "0"})).status_code == 200
    found = await stored(draft.id)
    assert (found["window_from"], found["window_to"], found["weekdays"]) == (540, 1020, [0, 1, 2, 3, 4])
    assert found["starts_at"] == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)
    assert (found["per_hour"], found["per_day"], found["zone"], found["reply_to"]) == (
        50,
        300,
        "recipient",
        "maya@acme.example",
    )
    assert found["revision"] == 1 and found["changed_by"] == alice.user.id
    page = (await alice.get(f"{href(draft)}/edit")).text
    assert 'value="2026-11-30"' in page and 'value="09:30"' in page


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Give the campaign a name"), ("reply_to", "no address", "Write the whole address"),
        ("weekdays", [], "Choose a day"), ("per_hour", "many", "Write a number"), ("window_from", "25:00", "times like 09:00"),
        ("starts_on", "2026-02-30", "Choose a day"), ("trial_subject", "Hi {{ nobody }}", "There is no placeholder"),
    ],
)  # fmt: skip
async def test_wrong_settings_are_named_at_their_field_and_nothing_is_saved(alice, acme, field, value, sentence):
    draft = await a_draft(acme)
    typed = SETTINGS | {"revision": "0", "from_name": "Typed sender", field: value}
    answer = await alice.post(f"{href(draft)}/settings", data=typed)
    assert answer.status_code == 422 and sentence in answer.text and "Typed sender" in answer.text
    assert (await stored(draft.id))["revision"] == 0


async def test_who_saves_an_old_revision_is_told_who_was_first(alice, ana, acme):
    draft = await a_draft(acme)
    await alice.post(f"{href(draft)}/settings", data=SETTINGS | {"revision": "0"})
    late = await ana.post(f"{href(draft)}/settings", data=SETTINGS | {"revision": "0", "name": "Ana's"})
    assert late.status_code == 409 and "Alice Arden changed this campaign meanwhile" in late.text
    assert (await stored(draft.id))["name"] == "Winter"
    revision = re.search(r'name="revision" value="(\d+)"', late.text)[1]
    assert (await ana.post(f"{href(draft)}/settings", data=SETTINGS | {"revision": revision})).status_code == 200


async def test_two_subjects_are_tried_by_a_stated_rule(alice, acme):
    draft = await a_draft(acme)
    trial = {"trial_subject": "Other", "trial_share": "30", "trial_hours": "8", "trial_rule": "replies"}
    page = (await alice.post(f"{href(draft)}/settings", data=SETTINGS | trial | {"revision": "0"})).text
    assert (await stored(draft.id))["trial"] == {"subject": "Other", "share": 30, "hours": 8, "rule": "replies"}
    assert "30 % of the people are drawn by lot" in page and "a larger part of its people replied to" in page


async def test_a_sequence_with_a_mail_for_those_who_replied_does_not_say_that_a_reply_stops_it(alice, acme):
    draft = await a_draft(acme, (0, 3))
    assert "Stops at a reply" in (await alice.get(f"{href(draft)}/edit")).text
    await rows(
        "UPDATE campaign_step SET condition = {} WHERE campaign = {} AND position = 1", {"kind": "replied"}, draft.id
    )
    page = (await alice.get(f"{href(draft)}/edit")).text
    assert "Goes on after a reply" in page and "Stops at a reply" not in page


def test_a_trial_with_everybody_decides_nothing():
    assert "Nothing is decided" in editor_forms.rule_in_words({"share": 100, "hours": 4})


async def test_steps_are_added_moved_and_removed_in_the_order_of_their_days(alice, acme):
    draft = await a_draft(acme, (0, 3))
    await alice.post(f"{href(draft)}/steps", data={"revision": "0"})
    assert await steps(draft.id) == [(0, 0), (1, 3), (2, 6)]
    ids = [each["id"] for each in await editor.steps(acme, draft.id)]
    await alice.post(f"{href(draft)}/steps/{ids[2]}", data={"revision": "1", "day": "1"})
    assert [each["id"] for each in await editor.steps(acme, draft.id)] == [ids[0], ids[2], ids[1]]
    await alice.delete(f"{href(draft)}/steps/{ids[0]}?revision=2")
    assert await steps(draft.id) == [(0, 1), (1, 3)]
    await alice.post(f"{href(draft)}/steps/preset", data={"revision": "3"})
    assert [day for _, day in await steps(draft.id)] == [0, 3, 7, 14]
    assert [each["id"] for each in await editor.steps(acme, draft.id)][:2] == [ids[2], ids[1]]


@pytest.mark.parametrize(
    ("day", "sentence"), [("3", "a mail on day 3 already"), ("-1", "a day from 0"), ("999", "a day from 0")]
)
async def test_a_day_that_cannot_be_is_refused(alice, acme, day, sentence):
    draft = await a_draft(acme, (0, 3))
    first = (await editor.steps(acme, draft.id))[0]["id"]
    answer = await alice.post(f"{href(draft)}/steps/{first}", data={"revision": "0", "day": day})
    assert answer.status_code == 422 and sentence in answer.text and await steps(draft.id) == [(0, 0), (1, 3)]


async def test_a_step_says_for_whom_it_is_and_openings_are_not_offered(alice, acme):
    draft, tag = await a_draft(acme, (0, 3)), await a_tag(acme, "Dental")
    last = (await editor.steps(acme, draft.id))[1]
    change = {"revision": "0", "day": "3", "template": str(last["template"]), "condition": "tag", "tag": str(tag)}
    page = (await alice.post(f"{href(draft)}/steps/{last['id']}", data=change)).text
    assert (await editor.steps(acme, draft.id))[1]["condition"] == {"kind": "tag", "tag": tag}
    assert "Only if they have the tag “Dental”" in page and "opened" not in page.lower()
    for kind in ("clicked", "replied", "bought"):
        assert f'<option value="{kind}"' in page


async def test_a_step_takes_no_template_and_no_tag_of_another_company(alice, acme, borealis):
    draft, foreign = await a_draft(acme, (0, 3)), await a_template(borealis)
    step, tag = (await editor.steps(acme, draft.id))[1], await a_tag(borealis, "Theirs")
    assert (
        await alice.post(
            f"{href(draft)}/steps/{step['id']}", data={"revision": "0", "day": "3", "template": str(foreign.id)}
        )
    ).status_code == 404
    wrong = {"revision": "0", "day": "3", "template": str(step["template"]), "condition": "tag", "tag": str(tag)}
    assert (await alice.post(f"{href(draft)}/steps/{step['id']}", data=wrong)).status_code == 422
    assert (await editor.steps(acme, draft.id))[1]["condition"] == {} and (await stored(draft.id))["revision"] == 0


async def test_a_mail_is_written_for_a_step(alice, acme):
    await alice.post("/acme/campaigns", data={"name": "Winter", "start": "sequence"})
    campaign = await Campaign.objects().first()
    second = (await editor.steps(acme, campaign.id))[1]
    answer = await alice.post(f"{href(campaign)}/steps/{second['id']}/mail", data={"revision": "0"})
    step = (await editor.steps(acme, campaign.id))[1]
    assert step["template_name"] == "Winter, day 3"
    assert answer.headers["location"] == f"/acme/campaigns/templates/{step['template']}?campaign={campaign.id}"


async def test_the_audience_is_chosen_by_the_filters_of_the_lead_list(alice, acme):
    await a_lead(acme, "Robin Reyes", score=90)
    await a_lead(acme, "Sasha Sorel", score=10)
    draft = await a_draft(acme)
    page = (await alice.get(f"{href(draft)}/audience?score.over=50")).text
    assert "Robin Reyes" in page and "Sasha Sorel" not in page and "not saved yet" in page
    assert (await alice.get(f"{href(draft)}/audience/count?score.over=50")).text.strip() == "1"
    assert (await stored(draft.id))["audience"] == ""
    await alice.post(f"{href(draft)}/audience", data={"revision": "0", "query": "score.over=50"})
    assert (await stored(draft.id))["audience"] == "score.over=50"
    edited = (await alice.get(f"{href(draft)}/edit")).text
    assert re.search(r"<span>Score [a-z ]+ <b>50</b></span>", edited)
    assert "Robin Reyes" in edited and "Sasha Sorel" not in edited


async def test_the_filter_dialog_leads_back_to_the_audience(alice, acme):
    draft = await a_draft(acme)
    form = {"at": f"campaign-{draft.id}", "c.1.1": "score", "o.1.1": "over", "v.1.1": "50", "do": "show"}
    answer = await alice.get("/acme/leads/filters", params=form, headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"] == f"{href(draft)}/audience?score.over=50"


async def test_me_in_a_saved_filter_means_the_one_who_chose_it(alice, ana, acme):
    draft = await a_draft(acme)
    await ana.post(f"{href(draft)}/audience", data={"revision": "0", "query": "owner=me"})
    assert (await stored(draft.id))["audience"] == f"owner={ana.user.id}"


async def test_a_filter_that_is_not_understood_would_mean_everybody_and_is_refused(alice, acme):
    draft = await a_draft(acme)
    answer = await alice.post(f"{href(draft)}/audience", data={"revision": "0", "query": "attr.gone=1"})
    assert answer.status_code == 422 and (await stored(draft.id))["audience"] == ""


async def test_what_was_launched_is_edited_no_more(alice, acme):
    campaign = await a_campaign(acme, "Running")
    assert (await alice.get(f"{href(campaign)}/edit")).status_code == 303
    answer = await alice.post(f"{href(campaign)}/settings", data=SETTINGS | {"revision": "0"})
    assert answer.status_code == 409 and "launched meanwhile" in answer.text
    assert (await stored(campaign.id))["name"] == "Running"


def a_plan(people: int, days=(0,), **changes) -> planning.Plan:
    facts = {
        "window_from": 0,
        "window_to": 1440,
        "weekdays": [0, 1, 2, 3, 4, 5, 6],
        "per_hour": 0,
        "per_day": 0,
        "starts_at": None,
    }
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
    return planning.plan(facts | changes, [{"day": day} for day in days], people, "UTC", now)


def test_the_duration_follows_from_hours_and_limits():
    assert a_plan(418).words == "All 418 leave within minutes of the start"
    assert a_plan(418, per_hour=50).words == "All 418 leave in about 9 hours"
    assert a_plan(1000, per_day=300).words == "All 1,000 leave in about 4 days"
    office = {"window_from": 540, "window_to": 1020, "weekdays": [0, 1, 2, 3, 4]}
    assert a_plan(4000, per_hour=50, **office).words == "All 4,000 leave in about 14 days"
    assert a_plan(0).words == "" and a_plan(0).days == []


def test_mails_by_day_keep_to_weekdays_and_limits_and_add_up():
    office = {"window_from": 540, "window_to": 1020, "weekdays": [0, 1, 2, 3, 4]}
    found = a_plan(100, (0, 3), per_day=60, **office)
    assert [(day.isoformat(), count) for day, count in found.days] == [
        ("2026-11-20", 60), ("2026-11-23", 60), ("2026-11-24", 60), ("2026-11-25", 20),
    ]  # fmt: skip
    assert found.later == 0 and sum(count for _, count in found.days) == 200
    assert a_plan(100, starts_at=datetime(2026, 11, 21, 3, tzinfo=UTC), **office).first == datetime(
        2026, 11, 23, 9, tzinfo=UTC
    )


async def test_viewers_read_and_others_find_nothing(vera, bob, acme):
    draft = await a_draft(acme, (0, 3))
    step = (await editor.steps(acme, draft.id))[0]["id"]
    assert (await vera.get(f"{href(draft)}/edit")).status_code == 200
    for path in (
        "settings",
        "steps",
        "steps/preset",
        f"steps/{step}",
        f"steps/{step}/mail",
        "audience",
        "trial-mail",
        "launch",
        "overlap",
    ):
        assert (await vera.post(f"{href(draft)}/{path}", data={"revision": "0"})).status_code == 403
        answer = await bob.post(f"/borealis/campaigns/{draft.id}/{path}", data=SETTINGS | {"revision": "0"})
        assert answer.status_code == 404, path
    for path in ("edit", "audience", "audience/count", "preflight", "recipients", "preview"):
        assert (await bob.get(f"/borealis/campaigns/{draft.id}/{path}")).status_code == 404, path
    assert (await stored(draft.id))["revision"] == 0
