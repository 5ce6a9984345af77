"""A mail that came in: its body is fetched, it joins its thread or begins one, and the team has a ticket."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import getaddresses, parseaddr
from typing import Any

from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.assistant import escalation
from dashboard.campaigns.replies import Mail
from dashboard.conversations import actions as conversations
from dashboard.conversations import quoting, threading
from dashboard.conversations.actions import AUTOMATIC
from dashboard.conversations.tables import Channel, Conversation, Message, MessageFile
from dashboard.database import row, rows
from dashboard.deliveries.mails import one_line
from dashboard.errors import Unavailable
from dashboard.files.actions import store
from dashboard.integrations.outcomes import ProviderError, Refused
from dashboard.leads.actions import find_or_create
from dashboard.tickets import actions as tickets
from dashboard.tickets.tables import Priority

LARGEST_FILE, LARGEST_ALL, MOST_FILES = 10_000_000, 25_000_000, 20  # bytes, bytes, files
LOOP = (30, timedelta(hours=1))  # more mails of one address in that time are kept, but nobody is called
LEFT_OUT = "\n\n[{n} attached file(s) were too large or could not be fetched and are not kept here: {names}]"
LATELY = """
    SELECT count(*) AS n FROM message m JOIN conversation c ON c.id = m.conversation
    WHERE c.organization = {} AND (c.channel = 'mail' OR m.key LIKE 'mail:%') AND lower(c.email) = {}
      AND m.direction = 'in' AND m.created_at > {}"""


@dataclass(frozen=True)
class Attached:
    name: str
    content: bytes


async def fetch(organization: Organization, event: dict[str, Any]) -> dict[str, Any]:
    """The event with what its sender left out: text, headers and files. Asked outside any transaction; Unavailable
    when Resend does not answer, so that the event is tried again."""
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("email_id"), str) or "text" in data or "html" in data:
        return event
    resend = (await credentials.integrations_for(organization.id)).resend
    try:
        found = await resend.received(data["email_id"])
        files, left_out = await _files(resend, data["email_id"], found.get("attachments") or data.get("attachments"))
    except ProviderError as problem:
        raise Unavailable(f"The mail could not be fetched: {problem.message}") from None
    kept = {
        name: found[name]
        for name in ("text", "html", "headers", "message_id", "reply_to", "to", "cc")
        if found.get(name)
    }
    return event | {"data": data | kept | {"files": files, "left_out": left_out, "fetched": True}}


async def _files(resend: Any, email_id: str, listed: Any) -> tuple[list[Attached], list[str]]:
    """The files within the limits, and the names of those that are not kept."""
    files: list[Attached] = []
    left_out: list[str] = []
    total = 0
    for each in listed if isinstance(listed, list) else []:
        if not isinstance(each, dict) or not isinstance(each.get("id"), str):
            continue
        name = one_line(str(each.get("filename") or "file"))[:200] or "file"
        size = each.get("size")
        if len(files) >= MOST_FILES or (isinstance(size, int) and size > LARGEST_FILE) or total >= LARGEST_ALL:
            left_out.append(name)
            continue
        try:
            content = await resend.attachment(email_id, each["id"], LARGEST_FILE)
        except Refused:
            left_out.append(name)
            continue
        if total + len(content) > LARGEST_ALL:
            left_out.append(name)
            continue
        total += len(content)
        files.append(Attached(name, content))
    return files, left_out


async def receive(organization: Organization, data: dict[str, Any], mail: Mail, now: datetime, *, quiet: bool) -> str:
    """Keep the mail; what was done, in words. `quiet`: it answers a campaign, so it begins a thread of its own that
    waits for a reply, but calls nobody. Inside the transaction of the event."""
    if not mail.address:
        return "A mail without a sender. Its event is kept."
    if _ours(organization, mail.address):
        return "A mail of our own address. Nothing was done, so that it cannot go in circles."
    name, address = one_line(parseaddr(mail.sender)[0])[:200], mail.address[:254]
    references = mail.references
    key = f"mail:{_id(data.get('message_id')) or data.get('email_id')}"[:200]
    conversation = await threading.find(organization, address, _addresses(data), references)
    begun = conversation is None
    if conversation is None:
        known = await _known(organization, key)
        if known is not None:
            return "This mail is here already."
        conversation = await _begin(organization, mail, name, address, now)
    own, quoted = _words(data)
    automatic = mail.automatic or await _circles(organization, address, now)
    facts = {"outcome": AUTOMATIC} if automatic else {}
    facts |= {"mail_id": _id(data.get("message_id"))[:250], "in_reply_to": (references[0] if references else "")[:250]}
    message, new = await conversations.receive(conversation, own, key, now, quoted=quoted, **facts)
    if not new:
        return "This mail is here already."
    await _keep(organization, message, data)
    return await _call(organization, conversation, mail, own, now, automatic=automatic, begun=begun, quiet=quiet)


async def _call(
    organization: Organization, conversation: Conversation, mail: Mail, text: str, now: datetime, *, automatic: bool,
    begun: bool, quiet: bool,
) -> str:  # fmt: skip
    """Who is to answer it, if anybody is, and how soon: `text` is what the person wrote themselves."""
    if automatic:
        if begun:
            await rows("UPDATE conversation SET unread = false, archived_at = {} WHERE id = {}", now, conversation.id)
        return "An automatic answer. It is kept, and nobody is called."
    subject = conversation.subject or _subject(mail.subject)  # a chat has none
    await conversations.ask_for_person(conversation, now)
    if conversation.lead:
        title = f"wrote a mail: {subject}" if begun else f"answered by mail: {subject}"
        await activity.record(organization, "lead", conversation.lead, "wrote", title[:200], actor="customer")
    if quiet:
        return "A mail that waits for a reply."
    urgent = escalation.reason_in(f"{mail.subject}\n{text}") in escalation.URGENT
    priority = Priority.high if urgent else Priority.normal
    ticket, new = await tickets.open_ticket(organization, conversation, subject, "mail", now, priority=priority)
    return f"Ticket {ticket.number} opened." if new else f"A mail in ticket {ticket.number}."


async def _begin(organization: Organization, mail: Mail, name: str, address: str, now: datetime) -> Conversation:
    lead = None if mail.automatic else await find_or_create(organization, address, name, source="E-mail")
    if lead is None:
        found = await row(
            "SELECT id FROM lead WHERE organization = {} AND email_normalized = {}", organization.id, address
        )
        made, _ = await conversations.begin(
            organization, Channel.mail, now, name=name, email=address, subject=_subject(mail.subject)
        )
        if found:
            await rows("UPDATE conversation SET lead = {} WHERE id = {}", found["id"], made.id)
        return made
    made, _ = await conversations.begin(
        organization,
        Channel.mail,
        now,
        lead=lead,
        name=name or lead.name,
        email=address,
        subject=_subject(mail.subject),
    )
    return made


async def _known(organization: Organization, key: str) -> int | None:
    found = await row(
        "SELECT conversation FROM message WHERE organization = {} AND key = {} LIMIT 1", organization.id, key
    )
    return found["conversation"] if found else None


async def _keep(organization: Organization, message: Message, data: dict[str, Any]) -> None:
    files = data.get("files")
    for each in files if isinstance(files, list) else []:
        if isinstance(each, Attached):
            file = await store(organization, each.content, each.name, "customer")
            await MessageFile.insert(MessageFile(organization=organization.id, message=message.id, file=file.id))


async def _circles(organization: Organization, address: str, now: datetime) -> bool:
    most, time = LOOP
    found = await row(LATELY, organization.id, address, now - time)
    return found is not None and found["n"] > most


def _words(data: dict[str, Any]) -> tuple[str, str]:
    text, html = data.get("text"), data.get("html")
    if not (isinstance(text, str) and text.strip()):
        text = quoting.text_of(html) if isinstance(html, str) else ""
    own, quoted = quoting.split(text)
    left_out = data.get("left_out") or []
    if left_out:
        own += LEFT_OUT.format(n=len(left_out), names=", ".join(left_out))
    return own or "(no text)", quoted


def _subject(text: str) -> str:
    """Without the marks that programs put before it."""
    said = one_line(text)
    while said[:3].lower() in ("re:", "aw:", "sv:", "fw:", "wg:") or said[:4].lower() == "fwd:":
        said = said.partition(":")[2].strip()
    return said[:250] or "No subject"


def _addresses(data: dict[str, Any]) -> list[str]:
    given = [*(data.get("to") or []), *(data.get("cc") or [])] if isinstance(data.get("to") or [], list) else []
    return [address for _, address in getaddresses([each for each in given if isinstance(each, str)])]


def _ours(organization: Organization, address: str) -> bool:
    own = organization.from_address.lower()
    name, _, domain = address.partition("@")
    return bool(own) and f"{name.partition('+')[0]}@{domain}" == own


def _id(value: Any) -> str:
    return value.strip().strip("<>")[:250] if isinstance(value, str) else ""
