"""Answering a person on the channel they wrote on: the message, and the mail that carries it where it is a mail."""

from datetime import datetime
from typing import Any

from dashboard import links
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.conversations import actions
from dashboard.conversations.tables import Channel, Conversation, Message, MessageFile
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import mails
from dashboard.errors import Invalid
from dashboard.files.tables import File
from dashboard.leads import contacts

MAIL = "reply"
OWN = "@conversation.invalid"  # the domain of the reference by which an answer to our mail finds its thread
REFERENCES = 12  # as many as mail programs keep
CHAIN = """
    SELECT mail_id FROM message WHERE organization = {} AND conversation = {} AND mail_id <> '' AND direction = 'in'
    ORDER BY number DESC LIMIT {}"""
BEFORE = """
    SELECT to_jsonb(s) AS state FROM (
        SELECT needs_reply, needs_reply_since, unread, excerpt, last_message_at FROM conversation WHERE id = {}) s"""
# What was said since then stays: a message of theirs goes on waiting, and a later answer of ours goes on counting.
GIVE_BACK = """
    UPDATE conversation c SET unread = c.unread OR n.unread,
        needs_reply = c.needs_reply OR n.needs_reply AND NOT since.answered,
        needs_reply_since = CASE WHEN since.answered THEN c.needs_reply_since
                            ELSE least(c.needs_reply_since, n.needs_reply_since) END,
        excerpt = CASE WHEN since.said THEN c.excerpt ELSE n.excerpt END,
        last_message_at = CASE WHEN since.said THEN c.last_message_at ELSE n.last_message_at END
    FROM jsonb_populate_record(NULL::conversation, {}) n, LATERAL (
        SELECT count(*) > 0 AS said, count(*) FILTER (WHERE direction = 'out') > 0 AS answered
        FROM message WHERE conversation = {} AND number > {}) since
    WHERE c.id = {}"""
# A reply that waits for its next try is tried along with the next one, which leaves behind it (deliveries/turns.py).
ALONG = """
    UPDATE delivery SET due_at = {} WHERE organization = {} AND subject_kind = 'conversation' AND subject_id = {}
    AND name = {} AND state = 'queued' AND attempt > 0 AND due_at > {} AND id < {}"""
TAKEN_BACK = """
    UPDATE delivery SET state = 'cancelled', why = {}, settled_at = {} WHERE id = {} AND state = ANY({}) RETURNING id"""


async def reply(
    organization: Organization, conversation: Conversation, text: str, key: str, now: datetime, *,
    by: Visitor | User | None = None, due_at: datetime | None = None, files: list[File] | None = None, **facts: Any,
) -> tuple[Message, bool]:  # fmt: skip
    """Say this to the person. In a chat it is there at once, and by mail too where they asked for a person and left an
    address; a mail leaves at `due_at`, with the references that keep the thread together. The same key again changes
    nothing. Invalid where there is no address to write to."""
    async with transaction():
        message, new = await actions.answer(conversation, text, key, now, by=by, **facts)
        if not new:
            return message, False
        for file in files or []:
            await MessageFile.insert(MessageFile(organization=organization.id, message=message.id, file=file.id))
        if conversation.channel == Channel.mail:
            message.delivery = await _mail(organization, conversation, message, files or [], due_at or now)
            await rows("UPDATE message SET delivery = {} WHERE id = {}", message.delivery, message.id)
        else:
            by_mail = bool(conversation.channel == Channel.web and conversation.escalated_at and conversation.email)
            if by_mail:
                await _mail(organization, conversation, message, files or [], due_at or now)
            if conversation.lead:
                await contacts.said(conversation.lead, now, by_mail=by_mail)
        if conversation.lead:
            await activity.changed(organization, "leads")
    return message, True


async def take_back(organization: Organization, message: int, before: dict[str, Any], now: datetime) -> bool:
    """Undo a reply whose mail has not left: the delivery is cancelled, the message goes. False when it left."""
    found = await row(
        "SELECT conversation, number, delivery FROM message WHERE organization = {} AND id = {} AND direction = 'out'",
        organization.id, message,
    )  # fmt: skip
    if found is None:
        return True
    if found["delivery"] is None or not await rows(
        TAKEN_BACK, "Taken back before it left", now, found["delivery"], ["queued", "held"]
    ):
        return False
    await rows("DELETE FROM message_file WHERE message = {}", message)
    await rows("DELETE FROM message WHERE id = {}", message)
    await rows(GIVE_BACK, before, found["conversation"], found["number"], found["conversation"])
    await activity.changed(organization, "conversations")
    return True


async def state(conversation: int) -> dict[str, Any]:
    """What a reply changes in a conversation, to be given back by `take_back`."""
    found = await row(BEFORE, conversation)
    return found["state"] if found else {}


def reply_address(organization: Organization, conversation: Conversation) -> str:
    """Where answers to this thread come in: our own address, with the thread's name in it."""
    name, at, domain = organization.from_address.partition("@")
    return f"{name.partition('+')[0]}+{conversation.public_id}@{domain}" if at and conversation.public_id else ""


async def _mail(
    organization: Organization, conversation: Conversation, message: Message, files: list[File], due_at: datetime
) -> int:
    """Queue the mail; its delivery."""
    if not conversation.email:
        raise Invalid({"text": "There is no address to write to."}, "There is no address to write to.")
    chain = [each["mail_id"] for each in await rows(CHAIN, organization.id, conversation.id, REFERENCES)]
    subject = conversation.subject or f"Message from {organization.name}"
    if chain and not subject.lower().startswith("re:"):
        subject = f"Re: {subject}"
    given = [{"name": file.name, "link": links.public(links.DOWNLOAD, file.id, file.link_version)} for file in files]
    mail = mails.render(MAIL, organization, name=conversation.name, title=subject, message=message.text, files=given)
    references = [f"<{each}>" for each in reversed(chain)] + [f"<{conversation.public_id}{OWN}>"]
    headers = {"References": " ".join(references)} | ({"In-Reply-To": f"<{chain[0]}>"} if chain else {})
    key = f"reply:{conversation.id}:{message.id}"
    await deliveries.queue(
        organization, key=key, kind="mail", name=MAIL, recipient=conversation.email, title=mail.subject,
        payload={
            "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": organization.name,
            "from": organization.from_address, "reply_to": reply_address(organization, conversation),
            "headers": headers,
        },
        due_at=due_at, lead=conversation.lead, subject=("conversation", conversation.id),
    )  # fmt: skip
    queued = await row("SELECT id FROM delivery WHERE key = {}", key)
    assert queued is not None
    delivery: int = queued["id"]
    await rows(ALONG, due_at, organization.id, conversation.id, MAIL, due_at, delivery)
    return delivery
