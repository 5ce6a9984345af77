"""A draft for everybody who waits for a reply: claimed by a lease, written without a transaction, kept in one."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.approvals import composing, diffing, rules, showing
from dashboard.approvals.composing import Composed
from dashboard.approvals.tables import Outcome, Suggestion
from dashboard.conversations.tables import Conversation
from dashboard.database import claim, row, rows, transaction, translate
from dashboard.integrations import Integrations

log = logging.getLogger(__name__)
Connect = Callable[[int | None], Awaitable[Integrations]]
CHAT_ANSWERS = timedelta(seconds=15)  # in a chat the automatic answer comes first, and often settles it
MOSTLY = 50  # per cent of the words that may be others, and a reply is still the draft, edited
MOST_TRIES = 3  # then a person gets an empty draft instead of none

CLAIM = """
    UPDATE conversation SET draft_lease_until = clock_timestamp() + interval '60 seconds',
        draft_attempts = draft_attempts + 1
    WHERE id IN (SELECT id FROM conversation
        WHERE needs_reply AND archived_at IS NULL AND (drafted_until IS NULL OR drafted_until < last_inbound_at)
          AND (draft_lease_until IS NULL OR draft_lease_until < clock_timestamp())
          AND (channel <> 'web' OR escalated_at IS NOT NULL OR last_inbound_at <= {})
        ORDER BY last_inbound_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization, last_inbound_at, draft_attempts, draft_instruction"""
HOLD = "SELECT needs_reply, archived_at, last_inbound_at, draft_instruction FROM conversation WHERE id = {} FOR UPDATE"
RELEASE = "UPDATE conversation SET draft_lease_until = NULL, draft_attempts = 0 WHERE id = {}"
DONE = """
    UPDATE conversation SET drafted_until = coalesce(last_inbound_at, {}), draft_lease_until = NULL,
        draft_attempts = 0, draft_instruction = '' WHERE id = {}"""
OLD = """
    UPDATE suggestion SET state = CASE WHEN message = {} THEN 'replaced' ELSE 'stale' END,
        reason = CASE WHEN message = {} THEN reason ELSE 'The customer wrote again' END
    WHERE conversation = {} AND state = 'waiting' RETURNING id, message"""
STALE = """
    UPDATE suggestion s SET state = 'stale', reason = CASE
            WHEN newer.direction = 'in' THEN 'The customer wrote again'
            WHEN newer.direction = 'out' THEN 'Somebody answered in the conversation'
            ELSE 'Nobody waits for a reply any more' END
    FROM conversation c, message m
    LEFT JOIN LATERAL (SELECT n.direction, n.id, n.text, n.author, n.created_at FROM message n
        WHERE n.conversation = m.conversation AND n.number > m.number
        AND (n.direction = 'in' OR n.author_kind = 'staff') ORDER BY n.number DESC LIMIT 1) newer ON true
    WHERE s.state = 'waiting' AND c.id = s.conversation AND m.id = s.message
      AND (c.messages > m.number OR NOT c.needs_reply OR c.archived_at IS NOT NULL) -- the others are not looked into
      AND (newer.direction IS NOT NULL OR NOT c.needs_reply OR c.archived_at IS NOT NULL)
    RETURNING s.organization, s.id, s.draft, newer.id AS message, newer.text, newer.author, newer.created_at"""
USED = """
    UPDATE suggestion SET state = 'sent', sent = {}, diff = {}, edit_ratio = {}, outcome = {}, reason = '',
        decided_at = {}, decided_by = {}, decided_via = 'reply', sent_at = {}, sent_message = {}
    WHERE id = {} AND state = 'stale'"""


async def work(connect: Connect, now: datetime) -> bool:
    """Draft one reply; False when nobody waits for one. One that fails is logged, so that the others go on."""
    claimed = await claim(CLAIM, now - CHAT_ANSWERS)
    if not claimed:
        return False
    try:
        await draft(claimed[0], connect, now)
    except Exception as problem:
        if translate(problem) is not None:
            raise
        log.exception("a draft failed; it is tried again when its lease ends")
    return True


async def draft(claimed: dict[str, Any], connect: Connect, now: datetime) -> None:
    """The draft for one claimed conversation. What fails is tried again when its lease ends, and at last left empty."""
    organization = await Organization.objects().get(Organization.id == claimed["organization"])
    assert organization is not None
    conversation = await Conversation.get_of(organization, claimed["id"])
    told = await composing.told(conversation)
    if told is None:
        await rows(DONE, now, conversation.id)
        return
    if claimed["draft_attempts"] > MOST_TRIES:
        made = composing.nothing("The draft could not be written. Write the reply yourself.")
    else:
        outside = await connect(organization.id)
        wish = claimed["draft_instruction"]
        made = await composing.compose(organization, conversation, told, outside.openai, now, wish=wish)
    await keep(organization, conversation, claimed, told.message, made, now)


async def keep(
    organization: Organization, conversation: Conversation, claimed: dict[str, Any], message: int, made: Composed,
    now: datetime,
) -> Suggestion | None:  # fmt: skip
    """Keep a draft, unless the customer wrote again while it was written: then the next round drafts for that."""
    async with transaction():
        held = await row(HOLD, conversation.id)
        if held is None:
            return None
        if held["last_inbound_at"] != claimed["last_inbound_at"]:
            await rows(RELEASE, conversation.id)
            return None
        await rows(DONE, now, conversation.id)
        decided = await Suggestion.exists().where(
            Suggestion.conversation == conversation.id, Suggestion.message == message, Suggestion.state == "queued"
        )
        if decided or not held["needs_reply"] or held["archived_at"]:
            return None
        old = await rows(OLD, message, message, conversation.id)
        replaced = next((each["id"] for each in old if each["message"] == message), None)
        suggestion = Suggestion(
            organization=organization.id, conversation=conversation.id, message=message, draft=made.text,
            confidence=made.confidence, sentiment=made.sentiment, topic=made.topic, sources=made.sources,
            checks=made.checks, needs_person=made.needs_person, model=made.model, prompt=made.prompt, call=made.call,
            cost_micros=made.cost_micros, instruction=claimed["draft_instruction"], replaces=replaced,
            reason=made.why[:300], created_at=now,
        )  # fmt: skip
        await suggestion.save()
        if not await rules.consider(organization, conversation, suggestion, now):
            await showing.announce(organization, conversation, suggestion)
        await activity.changed(organization, "approvals")
        return suggestion


async def tidy() -> bool:
    """What need not be answered any more, or was answered otherwise, is taken off the queue."""
    found = await rows(STALE)
    for each in found:
        if each["author"] is not None and each["draft"]:
            await _learn(each)
    for organization in {each["organization"] for each in found}:
        await activity.changed(organization, "approvals")
    return False


async def _learn(each: dict[str, Any]) -> None:
    """A reply somebody wrote elsewhere, mostly in the words of the draft, is a decision about the draft."""
    text = each["text"].strip()
    diff, ratio = diffing.compare(each["draft"], text)
    if ratio > MOSTLY:
        return
    outcome = Outcome.edited if ratio else Outcome.unedited
    at, by = each["created_at"], each["author"]
    await rows(USED, text, diff, ratio, outcome.value, at, by, at, each["message"], each["id"])
