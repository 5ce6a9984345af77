from typing import Any

from dashboard.conversations.tables import Author, Conversation, Direction, Message
from dashboard.database import row, rows

THREAD = """
    SELECT m.id, m.number, m.direction, m.author_kind, m.text, m.created_at, m.outcome, m.sources, m.confidence,
           m.answers, u.name AS author
    FROM message m LEFT JOIN app_user u ON u.id = m.author
    WHERE m.conversation = {} AND m.number > {} ORDER BY m.number LIMIT {}"""
LATEST = """
    SELECT author_kind, text FROM message WHERE conversation = {} AND number < {} ORDER BY number DESC LIMIT {}"""

LAST_SAID = """
    SELECT author_kind, outcome FROM message WHERE conversation = {} AND number < {} AND direction = 'out'
    ORDER BY number DESC LIMIT 1"""

ASKED_LAST = "SELECT text FROM message WHERE conversation = {} AND direction = 'in' ORDER BY number DESC LIMIT 1"


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


async def last_said(conversation: Conversation, message: Message) -> dict[str, Any] | None:
    """By whom the last message of ours before this one was, and its outcome."""
    return await row(LAST_SAID, conversation.id, message.number)


async def asked(conversation: Conversation, number: int) -> Message | None:
    """What the person said with that number."""
    return await Message.of(conversation.organization).where(
        Message.conversation == conversation.id, Message.number == number, Message.direction == Direction.inbound
    ).first()  # fmt: skip


async def answered_by_person(conversation: Conversation) -> bool:
    """Whether somebody of the team has spoken here since a person was asked for."""
    return await Message.exists().where(
        Message.conversation == conversation.id, Message.author_kind == Author.staff,
        Message.created_at >= (conversation.escalated_at or conversation.created_at),
    )  # fmt: skip


async def asked_last(conversation: Conversation) -> str:
    """What the person said last; empty where they have said nothing yet."""
    found = await row(ASKED_LAST, conversation.id)
    return found["text"] if found else ""
