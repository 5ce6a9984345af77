"""Rules: off until their simulation was seen, never without a source, stopped at once."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.activity.tables import Activity
from dashboard.approvals import actions, drafting, rules, ruling, simulation
from dashboard.approvals.forms import RuleForm
from dashboard.approvals.tables import ApprovalRule, Suggestion
from dashboard.conversations.tables import Channel, Conversation, Message
from dashboard.database import rows
from dashboard.errors import Conflict
from tests.approvals.asking import QUESTION, a_question, a_suggestion, after_the_hold, an_article, drafted, now_is, says

RULE = {
    "name": "How long", "topics": ["other"], "confidence": "50", "min_sources": "1", "channels": [], "hours": "any",
    "daily_cap": "20",
}  # fmt: skip


@pytest.fixture
async def known(alice, acme):
    await an_article(acme, alice.user)


async def a_rule(organization, by, **changes) -> ApprovalRule:
    return await ruling.save(organization, RuleForm.parse(RULE | changes), None, by)


async def armed(organization, by, **changes) -> ApprovalRule:
    """A rule that somebody switched on after a decision it could be tried on."""
    made = await a_suggestion(organization, email="first@customer.example")
    await actions.approve(organization, made.id, made.version, None, by, clock.now())
    rule = await a_rule(organization, by, **changes)
    found = simulation.simulate(rule, await simulation.decisions(organization))
    await ruling.arm(organization, rule, rule.version, found.said, by, clock.now())
    return await ApprovalRule.get_of(organization, rule.id)


async def test_an_armed_rule_sends_after_the_hold_and_marks_it(known, alice, acme):
    rule = await armed(acme, alice.user)
    made = await a_suggestion(acme, email="second@customer.example")
    assert (made.state, made.decided_via, made.rule) == ("queued", "rule", rule.id)
    await after_the_hold(60)
    made = await now_is(made)
    message = await Message.get_of(acme, made.sent_message)
    line = (
        await Activity.of(acme).where(Activity.verb == "reply_sent", Activity.subject_id == made.conversation).first()
    )
    assert (made.state, made.outcome) == ("sent", "automatic") and message.author_kind == "machine"
    assert line.title == "Sent automatically, by the rule “How long”" and line.actor == "machine"


async def test_two_changes_of_one_rule_are_two_versions_also_from_the_same_page(known, alice, acme):
    rule = await a_rule(acme, alice.user)
    for cap in ("10", "30"):
        await ruling.save(acme, RuleForm.parse(RULE | {"daily_cap": cap}), rule, alice.user)
    assert (await ApprovalRule.get_of(acme, rule.id)).version == 3


async def test_a_rule_that_is_off_sends_nothing(known, alice, acme):
    await a_rule(acme, alice.user)
    assert (await a_suggestion(acme)).state == "waiting"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sources", []), ("needs_person", True), ("checks", []), ("draft", " "),
        ("checks", [{"ok": False, "name": "prices", "said": "x"}]),
        ("sources", [{"kind": "order", "title": "Order 1", "text": "x"}]),
    ],
)  # fmt: skip
async def test_no_rule_sends_what_has_no_source_or_a_mark(known, alice, acme, column, value):
    await armed(acme, alice.user)
    await rows("UPDATE approval_rule SET confidence = 0, min_sources = 0")
    made = await a_suggestion(acme, email="second@customer.example")
    await ruling.stop_all(acme, alice.user, clock.now())
    await ruling.let_run(acme, alice.user)
    await rows(f"UPDATE suggestion SET {column} = {{}} WHERE id = {{}}", value, made.id)
    made, thread = await now_is(made), await a_question(acme, email="third@customer.example")
    assert not await rules.consider(acme, thread, made, clock.now())
    assert (await now_is(made)).state == "waiting"


async def test_the_daily_cap_holds(known, alice, acme):
    await armed(acme, alice.user, daily_cap="2")
    made = [await a_suggestion(acme, email=f"c{n}@customer.example") for n in range(4)]
    assert [each.state for each in made] == ["queued", "queued", "waiting", "waiting"]


async def test_the_kill_switch_takes_back_what_has_not_gone_out(known, alice, ana, acme):
    await armed(acme, alice.user)
    await after_the_hold(60)
    made = await a_suggestion(acme, email="second@customer.example")
    answer = await ana.post("/acme/settings/rules/stop")
    assert "1 queued reply went back to Approvals" in answer.headers["HX-Trigger"]
    await after_the_hold(60)
    assert (await now_is(made)).state == "waiting"
    assert (await a_suggestion(acme, email="third@customer.example")).state == "waiting"
    await alice.post("/acme/settings/rules/running")
    assert (await a_suggestion(acme, email="fourth@customer.example")).state == "queued"


async def test_the_switch_acts_until_the_very_end(known, alice, acme):
    """Even where a stopped rule left something queued, sending asks again."""
    rule = await armed(acme, alice.user)
    await after_the_hold(60)
    made = await a_suggestion(acme, email="second@customer.example")
    await rows("UPDATE approval_rule SET armed = false WHERE id = {}", rule.id)
    await after_the_hold(60)
    assert (await now_is(made)).state == "waiting"


async def test_a_simulation_says_what_people_made_of_it(known, alice, acme):
    made = [await a_suggestion(acme, email=f"c{n}@customer.example") for n in range(5)]
    for each in made[:3]:
        await actions.approve(acme, each.id, each.version, None, alice.user, clock.now())
    await actions.approve(acme, made[3].id, made[3].version, "Another answer", alice.user, clock.now())
    await actions.reject(acme, made[4].id, "Wrong facts", alice.user, clock.now())
    rule = await a_rule(acme, alice.user)
    found = simulation.simulate(rule, await simulation.decisions(acme))
    assert found.figures == {"total": 5, "would": 5, "kept": 3, "edited": 1, "rejected": 1} and found.share == 40
    text = (await alice.get("/acme/settings/rules")).text
    assert "5 of the last 5</span> would have been sent. People left 3 as they were, edited 1, rejected 1" in text
    assert "Read the 2 that people changed" in text and "40% were changed" in text
    changed = (await alice.get(f"/acme/settings/rules/{rule.id}/changed")).text
    assert "Wrong facts" in changed and "<ins>" in changed
    assert await Suggestion.count().where(Suggestion.state == "waiting") == 0


async def test_a_better_confidence_is_named_where_one_helps():
    def decided(confidence: int, outcome: str) -> dict:
        return {
            "topic": "other", "confidence": confidence, "sources": [{"kind": "section"}], "channel": "web",
            "draft": "Text", "checks": [{"ok": True}], "needs_person": False, "outcome": outcome,
            "asked": ["How long does an audit take?"], "sentiment": "", "working": True,
        }  # fmt: skip

    rule = ApprovalRule(organization=1, topics=["other"], confidence=80, channels=[], hours="any", min_sources=1)
    history = [decided(85, "edited")] * 5 + [decided(96, "unedited")] * 40 + [decided(70, "rejected")] * 9
    found = simulation.simulate(rule, history)
    assert found.would == 45 and found.share == 11 and found.better == (86, 0)


async def test_a_rule_is_armed_only_by_who_saw_its_simulation(known, alice, acme):
    rule = await a_rule(acme, alice.user)
    answer = await alice.post(f"/acme/settings/rules/{rule.id}/arming", data={"version": 1, "seen": "0-0-0-0"})
    assert answer.status_code == 409 and "nothing to try the rule on" in answer.headers["HX-Trigger"]
    made = await a_suggestion(acme)
    await actions.approve(acme, made.id, made.version, None, alice.user, clock.now())
    for version, seen in ((1, "0-0-0-0"), (2, "1-1-0-0")):
        answer = await alice.post(f"/acme/settings/rules/{rule.id}/arming", data={"version": version, "seen": seen})
        assert answer.status_code == 409 and not (await ApprovalRule.get_of(acme, rule.id)).armed
    answer = await alice.post(f"/acme/settings/rules/{rule.id}/arming", data={"version": 1, "seen": "1-1-0-0"})
    assert answer.status_code == 200 and (await ApprovalRule.get_of(acme, rule.id)).armed


async def test_changing_a_rule_switches_it_off(known, alice, acme):
    rule = await armed(acme, alice.user)
    answer = await alice.post(f"/acme/settings/rules/{rule.id}", data=RULE | {"confidence": "99"})
    rule = await ApprovalRule.get_of(acme, rule.id)
    assert answer.status_code == 200 and not rule.armed and (rule.confidence, rule.version) == (99, 2)


async def test_a_form_keeps_what_was_typed_and_says_what_is_missing(alice, acme):
    answer = await alice.post("/acme/settings/rules", data={"name": "Mine", "confidence": "7", "daily_cap": "many"})
    assert answer.status_code == 422 and 'value="Mine"' in answer.text and "Choose at least one topic" in answer.text
    assert "from 50 to 100" in answer.text and await ApprovalRule.count() == 0


async def test_only_admins_make_rules_and_only_here(known, alice, ana, bob, acme):
    assert (await ana.post("/acme/settings/rules", data=RULE)).status_code == 403
    rule = await a_rule(acme, alice.user)
    for noun in ("arming", "disarming", "removal"):
        assert (await bob.post(f"/borealis/settings/rules/{rule.id}/{noun}", data={})).status_code == 404
    assert "How long" not in (await bob.get("/borealis/settings/rules")).text


@pytest.mark.parametrize(
    ("week", "day", "state"),
    [
        ({}, "2026-11-23 10:00", "queued"), ({}, "2026-11-23 18:00", "waiting"), ({}, "2026-11-24 10:00", "waiting"),
        ({}, "2026-11-22 10:00", "waiting"), ({"mon": ["00:00", "24:00"]}, "2026-11-23 23:30", "queued"),
        ({"tue": ["09:00", "17:00"]}, "2026-11-23 10:00", "waiting"),
    ],
)  # fmt: skip
async def test_working_hours_are_those_of_tickets_holidays_too(known, alice, acme, monkeypatch, week, day, state):
    """A week nobody has set is the usual one; 24 November is a holiday here."""
    await armed(acme, alice.user, hours="working")
    await rows("UPDATE organization SET time_zone = 'Europe/Madrid', working_hours = {}", week)
    await rows(
        "INSERT INTO holiday (organization, day, name, created_at) VALUES ({}, '2026-11-24', 'x', now())", acme.id
    )
    await rows("UPDATE suggestion SET state = 'rejected' WHERE state = 'queued'")
    thread = await a_question(acme, email="second@customer.example")
    now = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Madrid"))
    await rows("UPDATE conversation SET last_inbound_at = {} WHERE id = {}", now, thread.id)
    assert await drafting.work(credentials.integrations_for, now + drafting.CHAT_ANSWERS)
    made = await Suggestion.of(acme).where(Suggestion.conversation == thread.id).first()
    assert made.state == state


async def test_conditions_are_all_needed(acme):
    rule = ApprovalRule(
        organization=acme.id, topics=["prices"], confidence=90, channels=["mail"], hours="any", min_sources=2
    )
    good = {"topic": "prices", "confidence": 90, "sources": 2, "channel": "mail", "working": True}
    assert rules.matches(rule, good)
    for wrong in ({"topic": "legal"}, {"confidence": 89}, {"sources": 1}, {"channel": "web"}):
        assert not rules.matches(rule, good | wrong), wrong


async def test_a_rule_leaves_what_the_draft_itself_would_hand_to_a_person(known, alice, acme):
    await armed(acme, alice.user)
    made = await drafted(
        await a_question(acme, "Do you sell concert tickets?", Channel.mail, email="x@customer.example")
    )
    assert made.state == "waiting" and made.needs_person


AS_SURE = """
    UPDATE suggestion s SET draft = p.draft, sources = p.sources, checks = p.checks, confidence = p.confidence,
        topic = p.topic, needs_person = false, sentiment = '' FROM suggestion p WHERE p.id = {} AND s.id = {}"""
CALLS = [
    f"I am furious, I want a human and my lawyer. {QUESTION}", f"{QUESTION} I want my money back.",
    f"Let me speak to a person. {QUESTION}", f"My account was hacked. {QUESTION}",
]  # fmt: skip


@pytest.mark.parametrize("text", CALLS)
async def test_whoever_asks_for_a_person_or_is_angry_gets_one_whatever_the_draft_says(known, alice, acme, text):
    """The same question without those words goes by itself, so that it is these that hold it back."""
    rule = await armed(acme, alice.user)
    plain = await a_suggestion(acme, channel=Channel.mail, email="plain@customer.example")
    made = await a_suggestion(acme, text, channel=Channel.mail, email="second@customer.example")
    await rows(AS_SURE, plain.id, made.id)
    made, thread = await now_is(made), await again_of(made)
    assert plain.state == "queued" and not made.needs_person and made.draft == plain.draft
    assert not await rules.consider(acme, thread, made, clock.now())
    await actions.approve(acme, made.id, made.version, None, alice.user, clock.now())
    found = simulation.simulate(rule, await simulation.decisions(acme))
    assert (found.total, found.would) == (2, 1), "nor would it have been sent then"


async def test_what_was_said_before_and_the_subject_of_a_mail_count_until_somebody_answers(known, alice, acme):
    await armed(acme, alice.user)
    thread = await a_question(acme, "I want to talk to a person.", Channel.mail, email="a@customer.example")
    await says(thread, QUESTION)
    mail = await a_question(acme, channel=Channel.mail, email="b@customer.example", subject="Letter of my lawyer")
    assert [(await drafted(each)).state for each in (thread, mail)] == ["waiting", "waiting"]


async def test_what_did_not_go_out_does_not_count_against_the_cap(known, alice, acme):
    rule = await armed(acme, alice.user, daily_cap="1")
    await after_the_hold(60)
    made = await a_suggestion(acme, email="second@customer.example")
    assert made.state == "queued" and await ruling.used(acme, clock.now()) == {rule.id: 1}
    for _ in range(2):
        await actions.undo(acme, made.id, alice.user, clock.now())
    assert (await now_is(made)).state == "waiting" and await ruling.used(acme, clock.now()) == {rule.id: 0}
    third = await a_suggestion(acme, email="third@customer.example")
    assert third.state == "queued"
    await says(await again_of(third), "One more thing")
    await after_the_hold(60)
    assert (await now_is(third)).state == "stale" and await ruling.used(acme, clock.now()) == {rule.id: 0}


async def again_of(made: Suggestion) -> Conversation:
    return await Conversation.get_of(made.organization, made.conversation)


async def test_a_rule_that_changes_while_it_is_armed_stays_off(known, alice, acme):
    made = await a_suggestion(acme)
    await actions.approve(acme, made.id, made.version, None, alice.user, clock.now())
    rule = await a_rule(acme, alice.user)
    await rows("UPDATE approval_rule SET version = version + 1")
    found = simulation.simulate(rule, await simulation.decisions(acme))
    with pytest.raises(Conflict, match="It stays off"):
        await ruling.arm(acme, rule, rule.version, found.said, alice.user, clock.now())
    assert await Activity.count().where(Activity.verb == "approval_rule_armed") == 0
