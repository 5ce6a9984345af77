"""What is said in a conversation is written down before anything else happens with it."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.conversations.tables import Author, Channel, Conversation, Direction, Message
from dashboard.database import row, rows, transaction
from dashboard.errors import NotFound
from dashboard.leads.tables import Lead

LONGEST = 1_100_000
RESUMES = timedelta(days=30)  # after that a visitor's page begins a new thread
HOLD = "SELECT id, messages FROM conversation WHERE organization = {} AND id = {} FOR UPDATE"
NEWS = """
    UPDATE conversation SET messages = {}, excerpt = {}, last_message_at = {},
        last_inbound_at = CASE WHEN {} THEN {} ELSE last_inbound_at END,
        unread = unread OR {}, archived_at = CASE WHEN {} THEN NULL ELSE archived_at END,
        needs_reply = needs_reply AND NOT ({} AND {}::timestamptz IS NULL),
        needs_reply_since = CASE WHEN {} THEN CASE WHEN needs_reply THEN {}::timestamptz END
                            ELSE needs_reply_since END
    WHERE id = {}"""
# What an answer to an earlier message leaves open.
SINCE = """
    SELECT min(n.created_at) AS at FROM message m JOIN message n ON n.conversation = m.conversation
    WHERE m.id = {} AND n.number > m.number AND n.direction = 'in'"""

HELPED = """
    UPDATE conversation c SET helped = m.number FROM message m
    WHERE c.organization = {} AND c.id = {} AND m.conversation = c.id AND m.number = {} AND m.number > c.helped
          AND m.author_kind = 'machine' AND m.outcome = 'answered'
    RETURNING c.id"""


Heard = Callable[[Conversation, Message, datetime], Awaitable[None]]
AUTOMATIC = "automatic"  # the outcome of a mail that a machine of theirs sent
LISTENERS: list[Heard] = []  # what else a message changes, in its transaction: slices above add themselves


def topic_of(conversation: int) -> str:
    """What the open pages of the visitor listen to."""
    return f"chat-{conversation}"


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def begin(
    organization: Organization, channel: Channel, now: datetime, *, token: str = "", lead: Lead | None = None,
    name: str = "", email: str = "", page: str = "", origin: str = "", subject: str = "", identified: bool = False,
) -> tuple[Conversation, str]:  # fmt: skip
    """A new thread, and the token by which the visitor's page names it; we keep only the token's hash."""
    token = token or f"c_{secrets.token_urlsafe(24)}"
    made = Conversation(
        organization=organization.id, channel=channel, lead=lead.id if lead else None, visitor_hash=digest(token),
        public_id=secrets.token_hex(12), identified=identified, name=_plain(name, 200), email=_plain(email, 254),
        page=_plain(page.partition("?")[0], 300), origin=_plain(origin, 200), subject=_plain(subject, 250),
        last_message_at=now,
    )  # fmt: skip
    await made.save()
    return made, token


async def resume(organization: Organization, token: str, now: datetime) -> Conversation | None:
    """The visitor's thread, while it is fresh; None for a token that is unknown, of another organization, or old."""
    if not 20 <= len(token) <= 100:
        return None
    return await Conversation.of(organization).where(
        Conversation.visitor_hash == digest(token), Conversation.last_message_at > now - RESUMES
    ).first()  # fmt: skip


async def receive(conversation: Conversation, text: str, key: str, now: datetime, **facts: Any) -> tuple[Message, bool]:
    """Keep what the person wrote; the message, and whether it is new: the same key again gives the one there is."""
    return await _say(conversation, Direction.inbound, Author.visitor, text, key, now, facts)


async def answer(
    conversation: Conversation, text: str, key: str, now: datetime, *, by: Visitor | User | None = None,
    settles: bool = True, **facts: Any,
) -> tuple[Message, bool]:  # fmt: skip
    """Keep what we say, by a member of staff or, without one, by a machine. `settles`: nobody waits any more, but for
    what the person wrote after the message it `answers`: answers may come in another order than questions."""
    kind = Author.staff if by else Author.machine
    facts |= {"author": by.id} if by else {}
    return await _say(conversation, Direction.outbound, kind, text, key, now, facts, settles=settles)


async def hold(conversation: Conversation) -> None:
    """Until this transaction ends nobody says anything here, and nobody calls a person."""
    await row(HOLD, conversation.organization, conversation.id)


async def ask_for_person(conversation: Conversation, now: datetime) -> bool:
    """Mark that somebody of the team has to answer; whether that is news."""
    found = await rows(
        "UPDATE conversation SET needs_reply = true, needs_reply_since = coalesce(needs_reply_since, {}), "
        "unread = true WHERE organization = {} AND id = {} AND NOT needs_reply RETURNING id",
        now, conversation.organization, conversation.id,
    )  # fmt: skip
    if found:
        await activity.changed(conversation.organization, "conversations")
    return bool(found)


async def thank(conversation: Conversation, number: int) -> bool:
    """The person says that the automatic answer of this number helped; whether that is news."""
    async with transaction():
        found = await rows(HELPED, conversation.organization, conversation.id, number)
        if found:
            title = "The person said that the automatic answer helped"
            await activity.record(
                conversation.organization, "conversation", conversation.id, "answer_helped", title, actor="customer",
                data={"number": number},
            )  # fmt: skip
            await activity.changed(conversation.organization, topic_of(conversation.id))
    return bool(found)


async def note_mood(conversation: Conversation, topic: str, sentiment: str, *, failed: bool) -> int:
    """Keep what it is about and how the person sounds; how many answers in a row did not help."""
    found = await row(
        "UPDATE conversation SET topic = CASE WHEN {} <> '' THEN {} ELSE topic END, "
        "sentiment = CASE WHEN {} <> '' THEN {} ELSE sentiment END, "
        "failed_answers = CASE WHEN {} THEN failed_answers + 1 ELSE 0 END WHERE id = {} RETURNING failed_answers",
        topic[:40], topic[:40], sentiment[:10], sentiment[:10], failed, conversation.id,
    )  # fmt: skip
    return found["failed_answers"] if found else 0


async def _say(
    conversation: Conversation, direction: Direction, author_kind: Author, text: str, key: str, now: datetime,
    facts: dict[str, Any], settles: bool = False,
) -> tuple[Message, bool]:  # fmt: skip
    text = text.replace("\0", "")[:LONGEST]
    inbound = direction is Direction.inbound
    async with transaction():
        held = await row(HOLD, conversation.organization, conversation.id)
        if held is None:
            raise NotFound()
        known = await Message.of(conversation.organization).where(
            Message.conversation == conversation.id, Message.key == key
        ).first()  # fmt: skip
        if known is not None:
            return known, False
        number = held["messages"] + 1
        made = Message(
            organization=conversation.organization, conversation=conversation.id, number=number, direction=direction,
            author_kind=author_kind, text=text, key=key[:200], created_at=now, **facts,
        )  # fmt: skip
        await made.save()
        excerpt = " ".join(text.split())[:200]
        settled = not inbound and settles
        open_since = (await rows(SINCE, facts["answers"]))[0]["at"] if settled and facts.get("answers") else None
        await rows(
            NEWS, number, excerpt, now, inbound, now, inbound, inbound, settled, open_since, settled, open_since,
            conversation.id,
        )  # fmt: skip
        for heard in LISTENERS:
            await heard(conversation, made, now)
        await activity.changed(conversation.organization, "conversations")
        if conversation.channel == Channel.web:
            await activity.changed(conversation.organization, topic_of(conversation.id))
    return made, True


def _plain(text: str, longest: int) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:longest].strip()
