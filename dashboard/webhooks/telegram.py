"""Telegram's updates: a button was pressed under a suggested reply."""

from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals import pressing
from dashboard.deliveries import actions as deliveries
from dashboard.webhooks.ledger import Problem

PRESSED = "callback_query"


def kept(update: dict[str, Any]) -> dict[str, Any]:
    """What is stored of an update, with its kind as `type`. A pressed button comes with the whole text above it, which
    has a customer's words and which we know."""
    said = _object(update.get(PRESSED))
    if not said:
        kind = next((name for name in update if name != "update_id"), "nothing")
        return {"update_id": update.get("update_id"), "type": kind}
    message, by = _object(said.get("message")), _object(said.get("from"))
    chat = _object(message.get("chat"))
    pressed = {
        "id": said.get("id"), "from": {"id": by.get("id")}, "data": said.get("data"),
        "message": {"message_id": message.get("message_id"), "chat": {"id": chat.get("id")}},
    }  # fmt: skip
    return {"update_id": update.get("update_id"), "type": PRESSED, PRESSED: pressed}


async def press(organization: Organization, update: dict, now: datetime) -> str:
    """The decision and the answer to it, in the transaction of the update."""
    said = update[PRESSED]
    id, by, carried = said["id"], said["from"]["id"], said["data"]
    if not (isinstance(id, str) and isinstance(by, int) and isinstance(carried, str)):
        raise Problem("Telegram sent a pressed button that makes no sense.")
    done = await pressing.press(organization, by, carried[:100], now)
    at = said["message"]["chat"]["id"], said["message"]["message_id"]
    known = all(isinstance(each, int) for each in at)
    message = done.message if known and done.message else {"title": "Button pressed", "lines": [], "href": ""}
    payload = message | {"callback": id, "popup": done.said} | ({"message": list(at)} if done.message and known else {})
    subject = ("conversation", done.suggestion.conversation) if done.suggestion else None
    await deliveries.queue(
        organization, key=f"telegram:{organization.id}:{update['update_id']}", kind="telegram", name="telegram_answer",
        recipient="Team chat", title=done.said, payload=payload, lead=done.lead, subject=subject,
    )  # fmt: skip
    return done.said


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


HANDLERS = {f"telegram:{PRESSED}": press}
