"""What a person makes of a suggestion. Each may be repeated; a second person learns who was first."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.approvals import diffing, rules, sending
from dashboard.approvals.tables import Outcome, Suggestion
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Conversation
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.formats import ago

HOLD = timedelta(seconds=10)
LONGEST = 20_000
NO_REPLY = "Needs no reply"
REASONS = (
    "Wrong facts", "Does not answer the question", "Wrong tone", "A person should call", NO_REPLY, "Other",
)  # fmt: skip
By = Visitor | User

APPROVE = """
    UPDATE suggestion SET state = 'queued', sent = {}, edited = {}, diff = {}, edit_ratio = {}, outcome = {},
        decided_at = {}, decided_by = {}, decided_via = {}, due_at = {}, seconds = {}, version = version + 1
    WHERE organization = {} AND id = {} AND state = 'waiting' AND (version = {} OR edited_by = {}) RETURNING id"""
REJECT = """
    UPDATE suggestion SET state = 'rejected', outcome = {}, reason = {}, decided_at = {}, decided_by = {},
        decided_via = {}, seconds = {}, version = version + 1
    WHERE organization = {} AND id = {} AND state = 'waiting' RETURNING id"""
EDIT = """
    UPDATE suggestion SET edited = {}, edited_by = {}, version = version + 1
    WHERE organization = {} AND id = {} AND state = 'waiting' AND (version = {} OR edited_by = {}) RETURNING version"""
UNDO = """
    UPDATE suggestion SET state = 'waiting', sent = '', diff = '[]', edit_ratio = 0, outcome = '', reason = '',
        decided_at = NULL, decided_by = NULL, decided_via = '', rule = NULL, due_at = NULL, seconds = 0,
        version = version + 1
    WHERE organization = {} AND id = {} AND (state = 'queued' OR state = 'rejected' AND decided_at > {})
      AND NOT EXISTS (SELECT 1 FROM suggestion o WHERE o.message = suggestion.message AND o.id <> suggestion.id
                      AND o.state IN ('waiting', 'queued'))
    RETURNING id"""
# Unless the customer wrote again meanwhile.
WAITS_NOT = """
    UPDATE conversation SET needs_reply = false, needs_reply_since = NULL
    WHERE id = {} AND NOT EXISTS (SELECT 1 FROM message m JOIN message n ON n.conversation = m.conversation
        WHERE m.id = {} AND n.number > m.number AND n.direction = 'in')"""
AGAIN = """
    UPDATE conversation SET drafted_until = NULL, draft_lease_until = NULL, draft_attempts = 0, draft_instruction = {}
    WHERE organization = {} AND id = {} AND needs_reply AND archived_at IS NULL RETURNING id"""


async def approve(
    organization: Organization, id: int, version: int, text: str | None, by: By, now: datetime, via: str = "page"
) -> Suggestion:
    """Queue a reply: it goes out in ten seconds unless it is taken back. `text`: as the person read or wrote it, None
    for the draft as it is. Conflict when it is stale, decided by somebody else, or was changed since it was read."""
    async with transaction():
        found = await _get(organization, id)
        sent = clean(found.edited or found.draft if text is None else text)
        if not sent:
            raise Invalid({"body": "Write the reply first."})
        await _reachable(found)
        newer = await row(sending.NEWER, found.message) if found.state == "waiting" else None
        if newer is not None:
            why = "The customer wrote again" if newer["direction"] == "in" else "Somebody answered in the conversation"
            await rows(
                "UPDATE suggestion SET state = 'stale', reason = {} WHERE id = {} AND state = 'waiting'", why, id
            )
            await activity.changed(organization, "approvals")
        else:
            diff, ratio = diffing.compare(found.draft, sent)
            outcome = Outcome.edited if sent != found.draft else Outcome.unedited
            taken = await rows(
                APPROVE, sent, sent if sent != found.draft else "", diff, ratio, outcome.value, now, by.id, via,
                now + HOLD, _seconds(found, now), organization.id, id, version, by.id,
            )  # fmt: skip
            if taken:
                await _record(organization, found, "reply_approved", "Suggested reply approved", by, via)
    after = await _get(organization, id)
    if newer is not None or after.state == "stale":
        raise Conflict(f"{after.reason}. Nothing was sent. The next suggestion answers that.")
    same = after.state in ("queued", "sent") and after.decided_by == by.id and after.sent == sent
    if not taken and not same:
        raise Conflict(await decided(after, now))
    return after


async def reject(
    organization: Organization, id: int, reason: str, by: By, now: datetime, via: str = "page"
) -> Suggestion:
    """Nothing is sent; the conversation still waits for a person, unless the reason is that it needs no reply. Invalid
    without a reason."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Invalid({"reason": "Say why. It teaches the next drafts."})
    async with transaction():
        found = await _get(organization, id)
        taken = await rows(
            REJECT, Outcome.rejected.value, reason, now, by.id, via, _seconds(found, now), organization.id, id
        )
        if taken:
            if reason.startswith(NO_REPLY):
                await rows(WAITS_NOT, found.conversation, found.message)
            await _record(organization, found, "reply_rejected", f"Suggested reply rejected: {reason}", by, via)
    after = await _get(organization, id)
    if not taken and not (after.state == "rejected" and after.decided_by == by.id):
        raise Conflict(await decided(after, now))
    return after


async def edit(organization: Organization, id: int, version: int, text: str, by: By, now: datetime) -> Suggestion:
    """Keep what a person typed so far. Conflict when somebody else changed or decided it meanwhile."""
    found = await _get(organization, id)
    text = clean(text)
    kept = "" if text == found.draft else text
    if not await rows(EDIT, kept, by.id, organization.id, id, version, by.id):
        raise Conflict(await decided(await _get(organization, id), now))
    return await _get(organization, id)


async def undo(organization: Organization, id: int, by: By, now: datetime, via: str = "page") -> Suggestion:
    """Take an approval back before it goes out, or a rejection within a minute. What a person wrote stays."""
    async with transaction():
        found = await _get(organization, id)
        back = await rows(UNDO, organization.id, id, now - timedelta(minutes=1))
        if back:
            if found.rule:
                await rules.give_back(organization, found.rule, found.decided_at)
            if found.state == "rejected" and found.reason.startswith(NO_REPLY):
                conversation = await Conversation.get_of(organization, found.conversation)
                await conversations.ask_for_person(conversation, conversation.last_inbound_at or now)
            await _record(organization, found, "reply_taken_back", "Decision on a suggested reply taken back", by, via)
    after = await _get(organization, id)
    if not back and after.state != "waiting":
        raise Conflict("This has gone out already." if after.state == "sent" else await decided(after, now))
    return after


async def regenerate(organization: Organization, id: int, instruction: str, by: By, now: datetime) -> Suggestion:
    """Ask for another draft, which takes this one's place. Conflict when it is decided already."""
    instruction = " ".join(instruction.split())[:500]
    async with transaction():
        found = await _get(organization, id)
        if found.state != "waiting":
            raise Conflict(await decided(found, now))
        if not await rows(AGAIN, instruction, organization.id, found.conversation):
            raise Conflict("Nobody waits for a reply here any more. Nothing was changed.")
        title = f"Another draft asked for{f': {instruction}' if instruction else ''}"
        await _record(organization, found, "reply_redrafted", title, by, "page")
    return await _get(organization, id)


async def decided(found: Suggestion, now: datetime) -> str:
    """Who was first, in words for whoever comes second."""
    who = "Somebody"
    if person := found.decided_by or found.edited_by:
        user = await User.objects().where(User.id == person).first()
        who = (user.name or user.email) if user else who
    when = ago(found.decided_at, now) if found.decided_at else "just now"
    if found.state in ("queued", "sent"):
        who = "A rule" if found.rule else who
        return f"{who} approved this {when}. Nothing was sent twice."
    if found.state == "rejected":
        return f"{who} rejected this {when}: {found.reason}. Nothing was changed."
    if found.state == "waiting":
        return f"{who} changed the text meanwhile. Read it again, then decide."
    return f"{found.reason or 'Another draft took its place'}. Nothing was changed."


async def _reachable(found: Suggestion) -> None:
    """Holds the conversation, so that nobody can write meanwhile. Conflict where a mail has nowhere to go."""
    [held] = await rows(sending.HOLD, found.conversation)
    if held["channel"] == "mail" and not held["email"]:
        raise Conflict("There is no address to write to. Nothing was sent.")


def clean(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").strip()[:LONGEST]


def _seconds(found: Suggestion, now: datetime) -> int:
    return max(0, min(86_400, int((now - found.shown_at).total_seconds()))) if found.shown_at else 0


async def _get(organization: Organization, id: int) -> Suggestion:
    found = await Suggestion.of(organization).where(Suggestion.id == id).first()
    if found is None:
        raise NotFound()
    return found


async def _record(organization: Organization, found: Suggestion, verb: str, title: str, by: By, via: str) -> None:
    data: dict[str, Any] = {"suggestion": found.id} | ({"via": via} if via != "page" else {})
    title = f"{title} in Telegram" if via == "telegram" else title
    await activity.record(organization, "conversation", found.conversation, verb, title, by=by, data=data)
    await activity.changed(organization, "approvals")
