"""A visitor asks: kept first, then answered, then handed to a person where one is needed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization
from dashboard.assistant import answering, escalation
from dashboard.assistant.answering import NOT_KNOWN, Answer
from dashboard.chat.forms import Asked
from dashboard.conversations import actions as conversations
from dashboard.conversations import queries
from dashboard.conversations.tables import Author, Channel, Conversation, Message
from dashboard.database import rows, transaction
from dashboard.formats import day, money
from dashboard.leads.tables import Lead
from dashboard.tickets import actions as tickets
from dashboard.tickets.tables import Priority

HANDED = "person"
HANDED_OVER = "Your message is with ticket {number}. A person answers it here{also}."
RECORDS = """
    SELECT o.id, o.number, p.name AS plan, o.status, o.payment_status, o.amount, o.currency, o.placed_at, o.due_at,
           o.done_at
    FROM orders o LEFT JOIN plan p ON p.id = o.plan
    WHERE o.organization = {} AND o.lead = {} ORDER BY o.placed_at DESC LIMIT 5"""


@dataclass(frozen=True)
class Reply:
    text: str
    sources: list[dict[str, Any]]
    outcome: str
    suggests_person: bool
    conversation: Conversation
    message: Message | None  # as it stands in the thread; None where it was not worth a message
    ticket: int | None = None
    token: str = ""


async def ask(
    organization: Organization, asked: Asked, now: datetime, *, lead: Lead | None = None, identified: bool = False,
    origin: str = "", calls: bool = False,
) -> Reply:  # fmt: skip
    """Keep the message and answer it. The same message again gets the same answer. `identified`: the person has proven
    who they are, so their own orders may be spoken of. `calls`: see respond."""
    conversation, token, message = await keep(organization, asked, now, lead=lead, identified=identified, origin=origin)
    reply = await respond(organization, conversation, message, now, lead=lead, identified=identified, calls=calls)
    return replace(reply, token=token)


async def keep(
    organization: Organization, asked: Asked, now: datetime, *, lead: Lead | None = None, identified: bool = False,
    origin: str = "",
) -> tuple[Conversation, str, Message]:  # fmt: skip
    """Write the message down; whatever happens from here on, somebody of the team sees that it waits."""
    conversation, token = await thread(organization, asked, now, lead=lead, identified=identified, origin=origin)
    async with transaction():
        message, new = await conversations.receive(conversation, asked.message, asked.key, now)
        if new:
            await conversations.ask_for_person(conversation, now)
    return conversation, token, message


async def respond(
    organization: Organization, conversation: Conversation, message: Message, now: datetime, *,
    lead: Lead | None = None, identified: bool = False, calls: bool = False,
    doing: Callable[[str], None] | None = None,
) -> Reply:  # fmt: skip
    """Answer a message that is kept, once. `calls`: what needs a person becomes a ticket at once, as it does for who is
    identified; else that is suggested, and the page that asked decides. `doing` hears what is being done meanwhile."""
    known = await queries.answer_to(conversation, message)
    ticket = await tickets.number_of(organization, conversation)
    if known is not None:
        return _told(known, conversation, ticket)
    if ticket is not None:
        return await _hand_over(conversation, message, ticket, now)
    connection = (await credentials.integrations_for(organization.id)).openai
    records = await records_of(organization, lead) if identified and lead else []
    before = await queries.said_before(conversation, message)
    answer = await answering.answer(
        organization, conversation, message.text, connection, now, records=records, before=before, doing=doing
    )
    failed = answer.outcome == NOT_KNOWN
    failures = await conversations.note_mood(conversation, answer.topic, answer.sentiment, failed=failed)
    reason = escalation.reason_in(message.text, answer.sentiment, failures)
    if reason and (identified or calls):
        made, _ = await tickets.open_ticket(
            organization, conversation, subject_of(message.text), reason, now, priority=priority_of(reason)
        )
        ticket = made.number
        if failed or reason == "asked":  # somebody is called: that is the answer
            return await _hand_over(conversation, message, ticket, now)
    async with transaction():
        await conversations.hold(conversation)
        called = await tickets.number_of(organization, conversation)  # while the answer was made, perhaps
        settles = not reason and not failed and called is None
        reply = await _keep(conversation, message, answer, now, settles=settles)
    return _told(reply, conversation, ticket, person=bool(reason) or failed or answer.needs_person)


async def escalate(
    organization: Organization, asked: Asked, now: datetime, *, lead: Lead | None = None, identified: bool = False,
    origin: str = "",
) -> tuple[int, Conversation, str]:  # fmt: skip
    """Call a person: one ticket and one alert for a conversation, however often it is asked for."""
    conversation, token = await thread(organization, asked, now, lead=lead, identified=identified, origin=origin)
    if asked.message:
        await conversations.receive(conversation, asked.message, asked.key, now)
    said = asked.message or await queries.asked_last(conversation)
    reason = escalation.reason_in(said) or "asked"
    ticket, _ = await tickets.open_ticket(
        organization, conversation, subject_of(said), reason, now, priority=priority_of(reason)
    )
    return ticket.number, conversation, token


async def thread(
    organization: Organization, asked: Asked, now: datetime, *, lead: Lead | None, identified: bool, origin: str
) -> tuple[Conversation, str]:
    """The conversation the visitor's page names, or a new one. One that belongs to a proven person is not opened by
    somebody who has not proven to be them."""
    found = await conversations.resume(organization, asked.conversation, now)
    theirs = found is not None and (not found.identified or (identified and lead is not None and found.lead == lead.id))
    if found is not None and theirs:
        if (
            (asked.email and not found.email)
            or (asked.name and not found.name)
            or (identified and not found.identified)
        ):
            await rows(
                "UPDATE conversation SET email = CASE WHEN email = '' THEN {} ELSE email END, "
                "name = CASE WHEN name = '' THEN {} ELSE name END, lead = CASE WHEN {} THEN {} ELSE lead END, "
                "identified = identified OR {} WHERE id = {}",
                asked.email, asked.name, identified, lead.id if lead else None, identified, found.id,
            )  # fmt: skip
            found = await Conversation.get_of(organization, found.id)
        return found, asked.conversation
    return await conversations.begin(
        organization, Channel.web, now, lead=lead, identified=identified, page=asked.page, origin=origin,
        name=asked.name or (lead.name if lead else ""),
        email=asked.email or (lead.email if identified and lead else ""),
    )  # fmt: skip


async def records_of(organization: Organization, lead: Lead) -> list[str]:
    """What a customer may be told about their own orders, one line each."""
    said = []
    for each in await rows(RECORDS, organization.id, lead.id):
        status, paid = each["status"].replace("_", " "), each["payment_status"].replace("_", " ")
        line = f"Order {each['number']}: {each['plan'] or 'no plan'}, {money(each['amount'], each['currency'])}, "
        line += f"placed {day(each['placed_at'], organization.time_zone)}, work {status}, money {paid}"
        line += f", due {day(each['due_at'], organization.time_zone)}" if each["due_at"] and not each["done_at"] else ""
        said.append(line + (f", done {day(each['done_at'], organization.time_zone)}" if each["done_at"] else "") + ".")
    return said


def subject_of(text: str) -> str:
    """The beginning of what was said, as a ticket's subject."""
    plain = " ".join(text.split())
    return plain if len(plain) <= 90 else f"{plain[:89].rsplit(' ', 1)[0]}…"


def priority_of(reason: str) -> Priority:
    return Priority.high if reason in escalation.URGENT else Priority.normal


def also(conversation: Conversation) -> str:
    """and by mail to a•••@people.example, where we know an address."""
    name, at, host = conversation.email.partition("@")
    return f" and by mail to {name[:1]}•••@{host}" if at else ""


async def _keep(
    conversation: Conversation, message: Message, answer: Answer, now: datetime, *, settles: bool
) -> Message:
    kept, _ = await conversations.answer(
        conversation, answer.text, f"answer:{message.id}", now, settles=settles, answers=message.id,
        outcome=answer.outcome, sources=answer.sources, confidence=answer.confidence,
    )  # fmt: skip
    return kept


async def _hand_over(conversation: Conversation, message: Message, ticket: int, now: datetime) -> Reply:
    """Who waits for a person hears so once; a machine does not go on talking between the two."""
    text = HANDED_OVER.format(number=ticket, also=also(conversation))
    last = await queries.last_said(conversation, message)
    if last is not None and (last["author_kind"] == Author.staff or last["outcome"] == HANDED):
        return Reply(text, [], HANDED, False, conversation, None, ticket)
    kept = await _keep(conversation, message, Answer(text, HANDED), now, settles=False)
    return _told(kept, conversation, ticket)


def _told(kept: Message, conversation: Conversation, ticket: int | None, *, person: bool | None = None) -> Reply:
    suggests = kept.outcome == NOT_KNOWN if person is None else person
    sources: Any = kept.sources
    return Reply(kept.text, sources, kept.outcome, suggests, conversation, kept, ticket)
