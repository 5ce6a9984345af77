"""What a draft says: written by a model where one is connected, else quoted from the knowledge, else nothing."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals import checks
from dashboard.assistant import answering, escalation
from dashboard.conversations.tables import Channel, Conversation
from dashboard.database import rows
from dashboard.deliveries import mails
from dashboard.formats import day, money
from dashboard.integrations.openai import OpenAI
from dashboard.integrations.outcomes import ProviderError
from dashboard.knowledge import search
from dashboard.knowledge.search import Found, Hit

OLDER = 12
LONGEST_QUESTION = 4000
DEADLINE = 25.0  # seconds, well within a lease
UNSURE, DOUBTFUL = 49, 79  # the most confidence a draft gets without a source, and with a mark or no model
CATEGORIES = {"pricing": "prices"}

SAID = """
    SELECT id, number, direction, author_kind, text FROM message WHERE conversation = {}
    ORDER BY number DESC LIMIT {}"""
ORDERS = """
    SELECT number, plan_name, tier, amount, currency, status, payment_status, due_at FROM orders
    WHERE organization = {} AND lead = {} ORDER BY created_at DESC LIMIT 5"""


@dataclass(frozen=True)
class Told:
    """What there is to answer: the id of the newest message of the person, all they wrote since our last reply, and
    what was said before, as (who, text)."""

    message: int
    parts: list[str]  # newest first
    before: list[tuple[str, str]]

    @property
    def question(self) -> str:
        return "\n".join(reversed(self.parts))[-LONGEST_QUESTION:]


@dataclass(frozen=True)
class Composed:
    text: str
    confidence: int = 0
    sentiment: str = ""
    topic: str = ""
    sources: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    needs_person: bool = False
    model: str = ""
    prompt: int | None = None
    call: int | None = None
    cost_micros: int = 0
    why: str = ""


async def told(conversation: Conversation) -> Told | None:
    """None where the person has not written anything."""
    newest = await rows(SAID, conversation.id, OLDER)
    message = next((each["id"] for each in newest if each["direction"] == "in"), None)
    if message is None:
        return None
    since: list[str] = []
    before: list[tuple[str, str]] = []
    for each in newest:
        if each["direction"] == "in" and not before:
            since.append(each["text"])
        elif each["author_kind"] == "staff" or before:
            before.append(("customer" if each["direction"] == "in" else "us", each["text"]))
    return Told(message, since, list(reversed(before)))


async def compose(
    organization: Organization, conversation: Conversation, told: Told, connection: OpenAI, now: datetime, *, wish: str
) -> Composed:
    """A draft. Never fails for want of a model: then the knowledge is quoted. No transaction may be open."""
    found = await _found(organization, told)
    known = await records(organization, conversation)
    hits = found.hits[:4]
    topic = conversation.topic or escalation.reason_in(told.question)
    topic = topic if topic in ("refund", "legal", "security") or conversation.topic else ""
    why = "" if connection.configured else "No model is connected: this is quoted from the knowledge."
    drafted: answering.Drafted | None = None
    if connection.configured and (hits or known):
        try:
            async with asyncio.timeout(DEADLINE):
                drafted = await answering.draft(
                    organization, conversation, told.question, hits, connection, now, records=known,
                    before=told.before, purpose="draft", wish=wish,
                )  # fmt: skip
            why = "" if drafted else "The daily cap for the assistant is reached: this is quoted from the knowledge."
        except ProviderError as problem:
            why = f"{problem.message} This is quoted from the knowledge."
        except TimeoutError:
            why = "The model did not answer in time: this is quoted from the knowledge."
    if drafted is not None and drafted.text:
        sources = [section(hit) for n, hit in enumerate(hits, 1) if f"S{n}" in drafted.used]
        sources += [_record(known[int(id[1:]) - 1]) for id in drafted.used if id[0] == "R"]
        marks = checks.examine(organization, drafted.text, sources)
        values, call = drafted.values, drafted.call
        return Composed(
            drafted.text, _limited(values["confidence"], sources, marks), values["sentiment"], values["topic"], sources,
            marks, values["needs_person"], connection.model, _id(call.prompt), call.id, call.cost_micros, why,
        )  # fmt: skip
    if not found.knows:
        return nothing("Nothing in the knowledge answers this. Write the reply yourself.", topic, found.confidence)
    plain = answering.quoted(found)
    text = framed(organization, conversation, plain.text)
    sources = [section(hit) for hit in found.cited]
    marks = checks.examine(organization, text, sources)
    topic = topic or CATEGORIES.get(found.cited[0].category, "other")
    # A quotation is true, but nobody has read whether it answers what was written.
    confidence = min(_limited(plain.confidence, sources, marks), DOUBTFUL)
    return Composed(text, confidence, conversation.sentiment, topic, sources, marks, why=why)


async def _found(organization: Organization, told: Told) -> Found:
    """What the knowledge has for all of it, else for the one message that it knows best."""
    found = await search.find(organization, told.question)
    if not found.knows and len(told.parts) > 1:
        each = [await search.find(organization, part) for part in told.parts[:4]]
        found = max([found, *each], key=lambda one: one.confidence)
    return found


def nothing(why: str, topic: str = "", confidence: int = 0) -> Composed:
    """A draft without words: a person has to write it."""
    return Composed("", min(confidence, UNSURE), topic=topic, needs_person=True, why=why)


def framed(organization: Organization, conversation: Conversation, text: str) -> str:
    """A quotation as one writes to a person."""
    persona: Any = organization.persona or {}
    name = mails.first_name(conversation.name) if conversation.name else ""
    signs = str(persona.get("signs_as") or organization.name)
    return f"Hi{f' {name}' if name else ''},\n\n{text}\n\nKind regards,\n{signs}"


def section(hit: Hit) -> dict[str, Any]:
    """A section as it is kept with a suggestion, with the text its claims are held against."""
    return hit.source | {"kind": "section", "text": answering.unmarked(hit.text)[:2000]}


def _record(text: str) -> dict[str, Any]:
    return {"kind": "order", "title": text.partition(":")[0], "heading": "", "text": text}


async def records(organization: Organization, conversation: Conversation) -> list[str]:
    """What we know about this very person's orders. Only where the reply can reach nobody else: by mail to the
    address of the order, or to somebody whose identity was proven."""
    if conversation.lead is None or not (conversation.identified or conversation.channel == Channel.mail):
        return []
    found = await rows(ORDERS, organization.id, conversation.lead)
    return [_order(each, organization) for each in found]


def _order(order: dict[str, Any], organization: Organization) -> str:
    due = f" Due {day(order['due_at'], organization.time_zone)}." if order["due_at"] else ""
    words = str(order["status"]).replace("_", " "), str(order["payment_status"]).replace("_", " ")
    price = money(order["amount"], order["currency"])
    return f"Order {order['number']}: {order['plan_name']}, {price}, {words[0]}, {words[1]}.{due}"


def _limited(confidence: int, sources: list[dict[str, Any]], marks: list[dict[str, Any]]) -> int:
    if not sources:
        return min(confidence, UNSURE)
    return confidence if checks.passed(marks) else min(confidence, DOUBTFUL)


def _id(value: Any) -> int | None:
    return value if value is None or isinstance(value, int) else value.id
