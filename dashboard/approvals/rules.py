"""Rules that let a suggestion go out without a person. Off by default; without a source nothing ever goes by itself."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.approvals import checks
from dashboard.approvals.tables import ApprovalRule, Outcome, Suggestion
from dashboard.assistant import escalation
from dashboard.conversations.tables import Conversation
from dashboard.database import row, rows
from dashboard.tickets import due

HOLD = timedelta(seconds=10)
# What the person wrote since somebody of the team answered, and the subject of a mail.
ASKED = """array_append((SELECT array_agg(left(q.text, 5000) ORDER BY q.number) FROM message q
        WHERE q.conversation = m.conversation AND q.direction = 'in' AND q.number <= m.number
          AND q.number > coalesce((SELECT max(r.number) FROM message r WHERE r.conversation = m.conversation
                                   AND r.number < m.number AND r.author_kind = 'staff'), 0)), c.subject::text)"""
WROTE = "SELECT " + ASKED + " AS asked FROM message m JOIN conversation c ON c.id = m.conversation WHERE m.id = {}"  # noqa: S608
STOPPED = "SELECT 1 AS one FROM approval_settings WHERE organization = {} AND stopped_at IS NOT NULL"
RESERVE = """
    INSERT INTO approval_rule_day (organization, rule, day, sent, created_at) VALUES ({}, {}, {}, 1, now())
    ON CONFLICT (rule, day) DO UPDATE SET sent = approval_rule_day.sent + 1 WHERE approval_rule_day.sent < {}
    RETURNING sent"""
GIVE_BACK = "UPDATE approval_rule_day SET sent = sent - 1 WHERE rule = {} AND day = {} AND sent > 0"
ARMED = "SELECT armed FROM approval_rule WHERE organization = {} AND id = {} FOR SHARE"
QUEUE = """
    UPDATE suggestion SET state = 'queued', sent = draft, diff = {}, edit_ratio = 0, outcome = {}, decided_at = {},
        decided_via = 'rule', rule = {}, due_at = {}, version = version + 1
    WHERE id = {} AND state = 'waiting' RETURNING id"""


async def consider(
    organization: Organization, conversation: Conversation, suggestion: Suggestion, now: datetime
) -> bool:
    """Queue a new suggestion where an armed rule wants it; whether it did. Inside the transaction that keeps it."""
    armed = await ApprovalRule.of(organization).where(ApprovalRule.armed.eq(True)).order_by(ApprovalRule.id)
    if not armed or await row(STOPPED, organization.id):
        return False
    wrote = await row(WROTE, suggestion.message)
    reason = needs_person(wrote["asked"] if wrote else [], suggestion.sentiment, conversation.failed_answers)
    if not safe(suggestion.draft, suggestion.sources, suggestion.checks, suggestion.needs_person, reason):
        return False
    working = (await due.load(organization)).hours.open_at(now)
    facts = facts_of(suggestion.topic, suggestion.confidence, suggestion.sources, conversation.channel, working)
    for rule in armed:
        if not matches(rule, facts) or not await _reserve(organization, rule, now):
            continue
        diff = [["same", suggestion.draft]]
        await rows(QUEUE, diff, Outcome.automatic.value, now, rule.id, now + HOLD, suggestion.id)
        title = f"A reply goes out by itself, by the rule “{rule.name}”"
        await activity.record(
            organization, "conversation", conversation.id, "reply_approved", title, actor="machine",
            data={"suggestion": suggestion.id, "rule": rule.id, "automatic": True},
        )  # fmt: skip
        return True
    return False


def needs_person(asked: Iterable[str], sentiment: str, failed: int = 0) -> str:
    """Why the customer's own words call for a person, whatever the draft says; empty when nothing does."""
    reasons = (escalation.reason_in(text, sentiment, failed) for text in asked)
    return next((reason for reason in reasons if reason), "")


def safe(text: str, sources: Any, marks: Any, draft_asks: bool, reason: str) -> bool:
    """What no rule can switch off: a text, a section it stands in, no mark, no draft that asks for a person, and no
    `reason` in the customer's words to have one."""
    cites = any(each.get("kind") == "section" for each in sources or [])
    asks = draft_asks or bool(reason)
    return bool(text.strip()) and cites and not asks and bool(marks) and checks.passed(marks)


def facts_of(topic: str, confidence: int, sources: Any, channel: str, working: bool) -> dict[str, Any]:
    """`working`: whether it was in working hours."""
    return {
        "topic": topic, "confidence": confidence, "sources": len(sources or []), "channel": channel, "working": working,
    }  # fmt: skip


def matches(rule: ApprovalRule, facts: dict[str, Any]) -> bool:
    """Whether all conditions hold. A rule without topics matches nothing."""
    topics: Any = rule.topics or []
    channels: Any = rule.channels or []
    return (
        facts["topic"] in topics
        and facts["confidence"] >= rule.confidence
        and facts["sources"] >= max(1, rule.min_sources)
        and (not channels or facts["channel"] in channels)
        and (rule.hours == "any" or (rule.hours == "working") == facts["working"])
    )


def day_of(organization: Organization, now: datetime) -> Any:
    return now.astimezone(ZoneInfo(organization.time_zone)).date()


async def may_still(organization: int, rule: int) -> bool:
    """Asked in the transaction that sends: the switch and the kill switch act until the very end. Both hold the rule
    while they act, so a send either is done before them or sees, in a statement of its own, what they did."""
    held = await row(ARMED, organization, rule)
    return held is not None and held["armed"] and await row(STOPPED, organization) is None


async def give_back(organization: Organization, rule: int, at: datetime) -> None:
    """What was taken back does not count against the cap."""
    await rows(GIVE_BACK, rule, day_of(organization, at))


async def _reserve(organization: Organization, rule: ApprovalRule, now: datetime) -> bool:
    if rule.daily_cap < 1:
        return False
    return bool(await row(RESERVE, organization.id, rule.id, day_of(organization, now), rule.daily_cap))
