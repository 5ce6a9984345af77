"""Settings → Leads → Score: signals are edited, tried out on the real leads, and saved together."""

import re

from dashboard import clock
from dashboard.activity.tables import Activity
from dashboard.database import rows
from dashboard.forms.tables import Form
from dashboard.leads.tables import Attribute, Lead, Signal
from dashboard.scoring import jobs
from dashboard.scoring.signals import USUAL, Rule, rules_of
from tests.scoring.test_scores import a_lead, scored

PAGE = "/acme/settings/leads/score"


def typed(*rules: Rule, version="", **changes):
    """The form as a browser posts it; changes as s0_points="7"."""
    data = {"version": version}
    for n, rule in enumerate(rules):
        data |= {
            f"s{n}.key": rule.key, f"s{n}.label": rule.label, f"s{n}.points": str(rule.points),
            f"s{n}.values": ", ".join(rule.params.get("values", [])), f"s{n}.days": str(rule.params.get("days", "")),
            f"s{n}.times": str(rule.params.get("times", "")), f"s{n}.test": rule.params.get("test", ""),
            f"s{n}.attribute": rule.params.get("attribute", ""), f"s{n}.form": str(rule.params.get("form", "")),
        }  # fmt: skip
        data |= {f"s{n}.on": "yes"} if rule.enabled else {}
    return data | {name.replace("_", ".", 1): value for name, value in changes.items()}


async def version(organization):
    return (await rules_of(organization)).version


async def test_the_usual_signals_are_shown_with_their_points(vera):
    page = await vera.get(PAGE)
    assert page.status_code == 200
    for rule in USUAL:
        assert f'value="{rule.label}"' in page.text
    assert "Save</button>" not in page.text and "Add signal" not in page.text


async def test_saving_the_usual_ones_as_they_are_changes_nothing(alice, acme):
    answer = await alice.post(PAGE, data=typed(*USUAL))
    assert "Nothing has changed." in answer.headers["hx-trigger"]
    assert await Signal.count().where(Signal.organization == acme.id) == 0


async def test_changed_points_reach_the_scores_and_the_timeline_of_the_organization(alice, acme):
    lead = await a_lead(acme, name="Sofia")
    assert (await scored(lead))[0] == 5
    await Lead.update({Lead.scored_at: clock.now() - jobs.LATE}).where(Lead.id == lead.id)
    saved = await alice.post(PAGE, data=typed(*USUAL, s0_points="33"))
    assert saved.status_code == 200 and "The scores follow within minutes." in saved.headers["hx-trigger"]
    assert (await scored(lead))[0] == 33
    line = await Activity.select(Activity.title, Activity.detail).where(Activity.subject_kind == "organization").first()
    assert line == {"title": "Score signals changed", "detail": "Gave a name: +5 to +33"}


async def test_a_source_a_form_and_an_attribute_of_ones_own_can_be_added(alice, acme):
    await Attribute(organization=acme.id, key="size", label="Team size", kind="number").save()
    form = Form(organization=acme.id, slug="calculator", name="Audit calculator", kind="lead")
    await form.save()
    added = await alice.post(f"{PAGE}/arrangement", data=typed(*USUAL, add="attribute"))
    n = len(USUAL)
    assert f'name="s{n}.attribute"' in added.text and "Team size" in added.text and "autofocus" in added.text
    assert await Signal.count().where(Signal.organization == acme.id) == 0
    mine = (
        Rule("attribute", "20 people or more", 20, {"attribute": "size", "test": "at_least", "values": ["20"]}),
        Rule("form", "Finished the audit calculator", 30, {"form": form.id}),
        Rule("source", "Met at the fair", 8, {"values": ["Fair", "Trade show"]}, enabled=False),
    )
    assert (await alice.post(PAGE, data=typed(*mine))).status_code == 200
    assert (await rules_of(acme)).rules == list(mine)
    lead = await a_lead(acme, attributes={"size": 25}, source="fair")
    assert await scored(lead) == (20, {"20 people or more": 20})


async def test_one_signal_is_taken_out_and_what_was_typed_elsewhere_stays(alice, acme):
    answer = await alice.post(f"{PAGE}/arrangement", data=typed(*USUAL[:3], remove="1", s2_points="77", add="source"))
    assert re.findall(r'name="s\d\.label" value="([^"]*)"', answer.text) == ["Gave a name", "Gave a phone number"]
    assert 'value="77"' in answer.text


async def test_wrong_input_gets_its_sentence_and_nothing_is_saved(alice, acme):
    wrong = typed(
        *USUAL, Rule("source", "", 10), Rule("attribute", "A", 10, {"test": "at_least", "attribute": "gone"}),
        Rule("ordered", "Has ordered", 1), s0_points="lots", s1_points="101", s3_days="-1", s11_days="",
    )  # fmt: skip
    answer = await alice.post(PAGE, data=wrong)
    assert answer.status_code == 422
    for sentence in (
        "Write whole points from -100 to 100.", "Say in a few words why it gives points.", "Choose an attribute.",
        "Write a whole number from 1 to 3650, or nothing.", "Write a number of days, like 14.",
        "Another signal of this kind has the same words.", "Write at least one, with commas between several.",
    ):  # fmt: skip
        assert sentence in answer.text, sentence
    assert 'value="lots"' in answer.text
    assert await Signal.count().where(Signal.organization == acme.id) == 0


async def test_two_people_never_overwrite_each_other(alice, acme):
    first = await version(acme)
    await alice.post(PAGE, data=typed(*USUAL, s0_points="33", version=first))
    late = await alice.post(PAGE, data=typed(*USUAL, s0_points="1", version=first), headers={"HX-Request": "true"})
    assert late.status_code == 409 and "Somebody else has changed the signals" in late.headers["hx-trigger"]
    assert (await rules_of(acme)).rules[0].points == 33


async def test_what_a_change_would_do_is_shown_before_it_is_saved(alice, acme, borealis):
    for n in range(3):
        await a_lead(acme, f"named{n}@x.example", name="N")
    await a_lead(acme, "nameless@x.example")
    await a_lead(borealis, "theirs@x.example", name="T")
    now = await alice.get(f"{PAGE}/distribution")
    assert "Of all 4 leads, <b>0</b> are hot" in now.text
    tried = await alice.post(f"{PAGE}/distribution", data=typed(*USUAL, s0_points="85"))
    assert "<b>3</b> would go up and <b>0</b> down. Hot ones (80 or more): 0 now, <b>3</b> then." in tried.text
    wrong = await alice.post(f"{PAGE}/distribution", data=typed(*USUAL, s0_points="lots"))
    assert wrong.status_code == 200 and "cannot be asked yet" in wrong.text
    assert await rows("SELECT FROM lead WHERE score > 0") == []


async def test_an_agent_may_look_and_change_nothing(ana, acme):
    assert (await ana.get(PAGE)).status_code == 200
    for path in ("", "/arrangement", "/distribution"):
        assert (await ana.post(PAGE + path, data=typed(*USUAL, s0_points="9", add="source"))).status_code == 403
    assert await Signal.count().where(Signal.organization == acme.id) == 0


async def test_another_organizations_signals_do_not_exist(bob, acme):
    assert (await bob.get(PAGE)).status_code == 404
    assert (await bob.post(PAGE, data=typed(*USUAL, s0_points="9"))).status_code == 404
    assert await Signal.count() == 0
