from typing import Any

from dashboard.conversations.tables import Author, Conversation, Direction, Message
from dashboard.database import row, rows

# What came by mail is kept under this key. In a chat it is for the team alone: whoever holds the chat's token said
# which address is theirs, and has not proven it.
BY_MAIL = "direction = 'in' AND key LIKE 'mail:%'"
THREAD = f"""
    SELECT m.id, m.number, m.direction, m.author_kind, m.text, m.created_at, m.outcome, m.sources, m.confidence,
           m.answers, u.name AS author,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size,
                'version', f.link_version) ORDER BY f.id), '[]')
            FROM message_file mf JOIN file f ON f.id = mf.file WHERE mf.message = m.id) AS files
    FROM message m LEFT JOIN app_user u ON u.id = m.author
    WHERE m.conversation = {{}} AND m.number > {{}} AND NOT ({{}} AND {BY_MAIL}) ORDER BY m.number LIMIT {{}}"""  # noqa: S608
LATEST = f"""
    SELECT author_kind, text FROM message WHERE conversation = {{}} AND number < {{}} AND NOT ({BY_MAIL})
    ORDER BY number DESC LIMIT {{}}"""  # noqa: S608

LAST_SAID = """
    SELECT author_kind, outcome FROM message WHERE conversation = {} AND number < {} AND direction = 'out'
    ORDER BY number DESC LIMIT 1"""

ASKED_LAST = f"""
    SELECT text FROM message WHERE conversation = {{}} AND direction = 'in' AND NOT ({BY_MAIL})
    ORDER BY number DESC LIMIT 1"""  # noqa: S608


async def thread(
    conversation: Conversation, after: int = 0, limit: int = 200, *, in_chat: bool = False
) -> list[dict[str, Any]]:  # fmt: skip
    """What was said after the message of that number, oldest first, each with its files. `in_chat`: without what came
    by mail, as the visitor may see it."""
    return await rows(THREAD, conversation.id, after, in_chat, limit)


async def said_before(conversation: Conversation, message: Message, limit: int = 6) -> list[tuple[str, str]]:
    """(by whom, text) of the messages of the chat before this one, oldest first."""
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


async def answered_last(conversation: Conversation) -> bool:
    """Whether an automatic answer that knew something was said last."""
    return await Message.exists().where(
        Message.conversation == conversation.id, Message.number == conversation.messages,
        Message.author_kind == Author.machine, Message.outcome == "answered",
    )  # fmt: skip


async def asked_last(conversation: Conversation) -> str:
    """What the person said last in the chat; empty where they have said nothing yet."""
    found = await row(ASKED_LAST, conversation.id)
    return found["text"] if found else ""
