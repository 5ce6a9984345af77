"""Putting a thread of the sample company into the past: what was said, by whom, and how many minutes after it began."""

from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization, User
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel, Conversation
from dashboard.database import row, rows

CUSTOMER, MACHINE = "customer", "machine"
Said = tuple[int, str | User, str]  # minutes after it began, who, what


async def begin(
    organization: Organization, person: dict[str, Any] | None, channel: str, at: datetime, subject: str = ""
) -> Conversation:
    """With one of the leads, or with a visitor nobody knows."""
    facts: dict[str, Any] = {"name": person["name"], "email": person["email"]} if person else {}
    made, _ = await conversations.begin(organization, Channel(channel), at, subject=subject, **facts)
    if person:
        await rows("UPDATE conversation SET lead = {} WHERE id = {}", person["id"], made.id)
        made.lead = person["id"]
    return made


async def say(conversation: Conversation, said: list[Said], at: datetime, **facts: Any) -> None:
    """All of it, in order. `facts` belong to what a machine says."""
    for number, (minutes, who, text) in enumerate(said):
        when = at + timedelta(minutes=minutes)
        if who == CUSTOMER:
            await conversations.receive(conversation, text, f"sample:{number}", when)
        elif isinstance(who, User):
            await conversations.answer(conversation, text, f"ticket:sample:{number}", when, by=who)
        else:
            asked = await row("SELECT max(id) AS id FROM message WHERE conversation = {}", conversation.id)
            answers = asked["id"] if asked else None
            await conversations.answer(conversation, text, f"sample:{number}", when, answers=answers, **facts)


async def people(organization: Organization, count: int, after: int = 0) -> list[dict[str, Any]]:
    """Leads who have a name and an address."""
    return await rows(
        "SELECT id, name, email FROM lead WHERE organization = {} AND email <> '' AND name <> '' "
        "AND deleted_at IS NULL AND id > {} ORDER BY id LIMIT {}", organization.id, after, count,
    )  # fmt: skip
