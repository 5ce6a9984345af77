"""Telling the team of a new suggestion: on open pages, and in its Telegram chat where it wants that."""

from typing import Any

from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization
from dashboard.approvals import buttons
from dashboard.approvals.tables import ApprovalSettings, Suggestion
from dashboard.conversations.tables import Conversation, Message
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.mails import one_line
from dashboard.deliveries.senders import LONGEST_BODY
from dashboard.integrations.telegram import length

MARKS = 2  # checks that failed, in words
CUT = "The reply is longer than this chat shows. Open it to read all of it before you approve."


async def announce(organization: Organization, conversation: Conversation, suggestion: Suggestion) -> None:
    """Inside the transaction that keeps the suggestion. Where nobody knows an answer there is nothing to approve: the
    alert of the ticket calls a person."""
    if not suggestion.draft or not await wanted(organization):
        return
    if "telegram_bot_token" not in await credentials.given(organization.id):
        return
    payload = await payload_of(organization, conversation, suggestion)
    await deliveries.queue(
        organization, key=f"suggestion:{suggestion.id}", kind="telegram", name="suggestion", recipient="Team chat",
        title=payload["title"], payload=payload, lead=conversation.lead, subject=("conversation", conversation.id),
    )  # fmt: skip


async def wanted(organization: Organization) -> bool:
    """Whether suggestions are shown, and may be decided, in Telegram."""
    found = await ApprovalSettings.of(organization).first()
    return bool(found and found.telegram)


async def payload_of(organization: Organization, conversation: Conversation, suggestion: Suggestion) -> dict[str, Any]:
    """The suggestion as it waits, with its buttons. A reply that does not fit can be rejected here but not approved:
    nobody approves what they could not read."""
    asked = await Message.of(organization).where(Message.id == suggestion.message).first()
    text = suggestion.edited or suggestion.draft
    whole = length(text) <= LONGEST_BODY
    marks: Any = suggestion.checks
    who = one_line(conversation.name or conversation.email) or "a visitor"
    lines = [
        f"Wrote: {' '.join(asked.text.split())[:500]}" if asked else "",
        *[f"Check this: {mark['said']}" for mark in marks if not mark["ok"]][:MARKS],
        "" if whole else CUT,
    ]
    return {
        "title": f"Suggested reply to {who[:100]}, {suggestion.confidence}% sure",
        "lines": [line for line in lines if line], "body": text,
        "href": f"/{organization.slug}/approvals/{suggestion.id}",
        "buttons": buttons.first(suggestion, may_approve=whole and bool(text)),
    }  # fmt: skip
