"""What was approved becomes a message when its ten seconds are over. The claim is the fence: until it, undo works."""

import logging
from datetime import datetime, timedelta

from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.approvals import rules
from dashboard.approvals.tables import ApprovalRule, Suggestion
from dashboard.conversations import replying
from dashboard.conversations.tables import Conversation
from dashboard.crash import point
from dashboard.database import row, rows, transaction, translate

log = logging.getLogger(__name__)
ANSWERED = "Somebody answered in the conversation before it went out"
LATER = timedelta(minutes=1)  # one that fails makes room for the others

DUE = """
    SELECT id, conversation FROM suggestion WHERE state = 'queued' AND due_at <= {} ORDER BY due_at, id LIMIT 1"""
HOLD = "SELECT id, channel, email FROM conversation WHERE id = {} FOR UPDATE"
TAKE = """
    UPDATE suggestion SET state = 'sent', sent_at = {}
    WHERE id = {} AND state = 'queued' AND due_at <= {} RETURNING id"""
NEWER = """
    SELECT n.direction, n.author_kind, n.author FROM message m JOIN message n ON n.conversation = m.conversation
    WHERE m.id = {} AND n.number > m.number AND (n.direction = 'in' OR n.author_kind = 'staff')
    ORDER BY n.number DESC LIMIT 1"""
OUTDATED = "UPDATE suggestion SET state = 'stale', reason = {}, sent_at = NULL, due_at = NULL WHERE id = {}"
BACK = """
    UPDATE suggestion SET state = 'waiting', sent = '', diff = '[]', edit_ratio = 0, outcome = '', decided_at = NULL,
        decided_by = NULL, decided_via = '', rule = NULL, due_at = NULL, sent_at = NULL, seconds = 0,
        version = version + 1
    WHERE id = {} AND state = ANY({}) RETURNING id"""
BECAME = "UPDATE suggestion SET sent_message = {}, delivery = {} WHERE id = {}"


async def work(now: datetime) -> bool:
    """Send one reply that is due; False when none is."""
    due = await row(DUE, now)
    if due is None:
        return False
    try:
        await send(due["id"], due["conversation"], now)
    except Exception as problem:
        if translate(problem) is not None:
            raise
        log.exception("an approved reply could not be sent; it is tried again in a minute")
        await rows("UPDATE suggestion SET due_at = {} WHERE id = {} AND state = 'queued'", now + LATER, due["id"])
    return True


async def send(id: int, conversation_id: int, now: datetime) -> bool:
    """One transaction: the claim, the message, the delivery. Whoever comes second finds it sent; whether it went."""
    async with transaction():
        await rows(HOLD, conversation_id)
        if not await rows(TAKE, now, id, now):
            return False
        point("approval.claimed")
        found = await Suggestion.across_organizations().where(Suggestion.id == id).first()
        organization = await Organization.objects().get(Organization.id == found.organization)
        assert organization is not None
        newer = await row(NEWER, found.message)
        if newer is not None:
            wrote = "The customer wrote again before it went out" if newer["direction"] == "in" else ANSWERED
            await rows(OUTDATED, wrote, id)
            if found.rule:
                await rules.give_back(organization, found.rule, found.decided_at)
            await activity.changed(organization, "approvals")
            return False
        if found.rule and not await rules.may_still(organization.id, found.rule):
            await rules.give_back(organization, found.rule, found.decided_at)
            await rows(BACK, id, ["sent"])
            await activity.changed(organization, "approvals")
            return False
        await _say(organization, found, now)
        point("approval.sent")
    return True


async def _say(organization: Organization, found: Suggestion, now: datetime) -> None:
    conversation = await Conversation.get_of(organization, found.conversation)
    by = None
    if found.rule is None:
        by = await User.objects().where(User.id == found.decided_by).first()
    message, _ = await replying.reply(
        organization, conversation, found.sent, f"suggestion:{found.id}", now, by=by, answers=found.message,
        sources=[{k: v for k, v in each.items() if k != "text"} for each in found.sources],
        confidence=found.confidence,
    )  # fmt: skip
    await rows(BECAME, message.id, message.delivery, found.id)
    data = {"suggestion": found.id, "message": message.id}
    if found.rule is None:
        title = "Suggested reply sent" + (", edited" if found.edit_ratio else "")
        await activity.record(organization, "conversation", conversation.id, "reply_sent", title, by=by, data=data)
    else:
        rule = await ApprovalRule.of(organization).where(ApprovalRule.id == found.rule).first()
        title = f"Sent automatically, by the rule “{rule.name if rule else 'removed'}”"
        await activity.record(
            organization, "conversation", conversation.id, "reply_sent", title, actor="machine",
            data=data | {"automatic": True, "rule": found.rule},
        )  # fmt: skip
    await activity.changed(organization, "approvals")
    await activity.changed(organization, "conversations")
