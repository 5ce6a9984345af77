"""What a button pressed in Telegram does: the same as on the page, by the same rules, and whoever pressed is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization, User
from dashboard.approvals import actions, approvers, buttons, showing
from dashboard.approvals.buttons import APPROVE, REJECT, UNDO, Button, Label
from dashboard.approvals.tables import Suggestion
from dashboard.conversations.tables import Conversation
from dashboard.errors import DashboardError

OFF = "Deciding in Telegram is switched off. Nothing was changed."
STRANGE = "This button is none of ours. Nothing was changed."
GONE = "This suggestion is gone. Nothing was changed."
CHANGED = "The text was changed meanwhile. Open it in Backdesk, read it, then decide. Nothing was changed."
NOT_LISTED = (
    "You are not on the list of those who may decide here. Your number is {number}: an admin can add it in Settings, "
    "Telegram. Nothing was changed."
)


@dataclass(frozen=True)
class Pressed:
    """`said` is for whoever pressed. `message`: what the message says from now on, None where it stays as it is."""

    said: str
    message: dict[str, Any] | None = None
    suggestion: Suggestion | None = None
    lead: int | None = None


async def press(organization: Organization, telegram_id: int, carried: str, now: datetime) -> Pressed:
    """Inside the transaction of the update, so that the decision and the answer are one. Pressing again changes
    nothing; whoever comes second learns who was first."""
    by = await approvers.find(organization, telegram_id)
    if by is None:
        return Pressed(NOT_LISTED.format(number=telegram_id))
    if not await showing.wanted(organization):
        return Pressed(OFF)
    button = buttons.read(carried)
    if button is None:
        return Pressed(STRANGE)
    found = await Suggestion.of(organization).where(Suggestion.id == button.suggestion).first()
    if found is None:
        return Pressed(GONE)
    conversation = await Conversation.get_of(organization, found.conversation)
    said, under = await _decide(organization, found, button, by, now)
    found = await Suggestion.of(organization).where(Suggestion.id == found.id).first()
    shown = await showing.payload_of(organization, conversation, found)
    waits = found.state == "waiting"
    message = shown | {"buttons": under or (shown["buttons"] if waits else []), "said": "" if waits else said}
    return Pressed(said, message, found, conversation.lead)


async def _decide(
    organization: Organization, found: Suggestion, button: Button, by: User, now: datetime
) -> tuple[str, list[Label]]:
    """What came of it, and other buttons than those of its state."""
    if found.state == "waiting" and found.version != button.version:
        return CHANGED, []
    try:
        if button.does == APPROVE:
            text = found.edited or found.draft
            done = await actions.approve(organization, found.id, button.version, text, by, now, "telegram")
            return f"{_name(by)} approved this. It goes out in 10 seconds.", buttons.undo(done)
        if button.does == REJECT and button.reason:
            done = await actions.reject(organization, found.id, button.reason, by, now, "telegram")
            return f"{_name(by)} rejected this: {button.reason}. Nothing was sent.", buttons.undo(done)
        if button.does == UNDO:
            await actions.undo(organization, found.id, by, now, "telegram")
            return "Taken back. Nothing was sent.", []
    except DashboardError as problem:
        return problem.message, []
    if found.state != "waiting":
        return await actions.decided(found, now), []
    return ("Say why.", buttons.reasons(found)) if button.does == REJECT else ("Nothing was changed.", [])


def _name(by: User) -> str:
    return by.name or by.email
