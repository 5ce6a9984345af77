from typing import Any

from dashboard.conversations.tables import Conversation, Message
from dashboard.database import rows

THREAD = """
    SELECT m.id, m.number, m.direction, m.author_kind, m.text, m.created_at, m.outcome, m.sources, m.confidence,
           m.answers, u.name AS author
    FROM message m LEFT JOIN app_user u ON u.id = m.author
    WHERE m.conversation = {} AND m.number > {} ORDER BY m.number LIMIT {}"""
LATEST = """
    SELECT author_kind, text FROM message WHERE conversation = {} AND number < {} ORDER BY number DESC LIMIT {}"""


async def thread(conversation: Conversation, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
    """What was said after the message of that number, oldest first."""
    return await rows(THREAD, conversation.id, after, limit)


async def said_before(conversation: Conversation, message: Message, limit: int = 6) -> list[tuple[str, str]]:
    """(by whom, text) of the messages before this one, oldest first."""
    found = await rows(LATEST, conversation.id, message.number, limit)
    return [(each["author_kind"], each["text"]) for each in reversed(found)]


async def answer_to(conversation: Conversation, message: Message) -> Message | None:
    """The automatic answer to a message, once there is one."""
    return await Message.of(conversation.organization).where(
        Message.conversation == conversation.id, Message.answers == message.id
    ).first()  # fmt: skip
