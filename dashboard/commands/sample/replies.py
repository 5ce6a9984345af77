"""Suggested replies of the sample company: some that wait, two months of decisions, a rule that could be switched on;
answers of the chat, and questions nobody could answer."""

from datetime import datetime, timedelta
from typing import Any

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization, User
from dashboard.approvals import actions, drafting, ruling, sending
from dashboard.approvals.forms import RuleForm
from dashboard.approvals.tables import Suggestion
from dashboard.assistant import answering
from dashboard.commands.sample.company import Company
from dashboard.commands.sample.threads import CUSTOMER, MACHINE, begin, people, say
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Conversation
from dashboard.database import rows, transaction
from dashboard.knowledge import search

DAYS, MODEL = 54, "gpt-5-mini"
WAITING = (
    ("mail", "How long does a Professional audit take?", "Hello,\n\nhow long does a Professional audit take?"),
    ("web", "", "Can I have my money back if we have not sent the form yet?"),
    ("mail", "Which audit for a shop", "Hi, we have a shop with about 180 pages and a second domain for Denmark. What "
     "does the Professional audit cost?"),
    ("web", "", "Where is my data stored and who can see it?"),
    ("mail", "Call with you", "Could one of you call me on Friday about the offer for our three hotels?"),
    ("web", "", "What is the difference between the Watch plan and the Care plan?"),
)  # fmt: skip
ASKED = (
    "What does a Starter audit cost?", "How long does an audit take?", "Can I upgrade to the Professional audit later?",
    "How do I get the report?", "Can I get my money back after the delivery?", "How long do you keep our data?",
    "What do you need from us to begin?", "Is there a faster delivery?",
)  # fmt: skip
REWRITTEN = "Hello,\n\n{draft}\n\nTell me if anything is unclear.\n\nMaya"
REJECTED = ("Wrong tone", "Does not answer the question", "Wrong facts")
CHATS = ("How long does a Starter audit take?", "Do you send the report by post?", "What is the Partner plan?")
UNKNOWN = (
    "Do you also build webshops?", "Can you build us a webshop?", "Do you build shops like Shopify?",
    "Is there an app for your reports?", "Do you have a discount for schools?",
)  # fmt: skip

LEASE = """
    UPDATE conversation SET draft_lease_until = clock_timestamp() + interval '60 seconds' WHERE id = {}
    RETURNING id, organization, last_inbound_at, draft_attempts, draft_instruction"""


async def fill(company: Company) -> None:
    """Into a company that has its leads, knowledge and tickets."""
    organization, now = company.organization, clock.now()
    known = await people(organization, 60, after=20)
    await _decisions(organization, known, (company.owner, company.agent), now)
    await _chats(organization, known, now)
    for number, ((channel, subject, text), person) in enumerate(zip(WAITING, known, strict=False)):
        at = now - timedelta(minutes=95 - 14 * number)
        await _drafted(organization, person, channel, subject, text, at)
    rule = RuleForm.parse({
        "name": "Delivery times", "topics": ["delivery", "other"], "confidence": "80", "min_sources": "1",
        "channels": [], "hours": "any", "daily_cap": "20",
    })  # fmt: skip
    await ruling.save(organization, rule, None, company.owner)


async def _decisions(
    organization: Organization, known: list[dict[str, Any]], team: tuple[User, User], now: datetime
) -> None:
    """Of three drafts people leave two as they are, and reject one of twelve."""
    for number in range(36):
        at = now - timedelta(days=DAYS - number * 1.4, hours=number % 5)
        person, question = known[number % len(known)], ASKED[number % len(ASKED)]
        made, found = await _drafted(organization, person, "web", "", question, at)
        if found is None or not found.draft:
            await conversations.answer(made, "Let me look that up for you.", "sample:own", at, by=team[0])
            continue
        by, decided = team[number % 3 == 0], at + timedelta(minutes=3 + number % 20)
        await rows("UPDATE suggestion SET shown_at = {} WHERE id = {}", decided - timedelta(seconds=12), found.id)
        if number % 12 == 5:
            await actions.reject(organization, found.id, REJECTED[number // 12], by, decided)
            await conversations.answer(made, "Let me check that and write to you.", "sample:own", decided, by=by)
        else:
            text = REWRITTEN.format(draft=found.draft) if number % 6 == 3 else None
            await actions.approve(organization, found.id, found.version, text, by, decided)
            await sending.send(found.id, made.id, decided + timedelta(seconds=11))
        await rows(
            "UPDATE suggestion SET model = {}, cost_micros = {} WHERE id = {}",
            MODEL if number % 3 else "", 410 + number * 7 if number % 3 else 0, found.id,
        )  # fmt: skip
        await rows(
            "UPDATE activity SET created_at = {} WHERE subject_kind = 'conversation' AND subject_id = {}", decided, made.id
        )  # fmt: skip
        await rows("UPDATE conversation SET unread = false, archived_at = {} WHERE id = {}", decided, made.id)


async def _chats(organization: Organization, known: list[dict[str, Any]], now: datetime) -> None:
    """What the chat answered by itself, and what it could not."""
    for number, question in enumerate((*CHATS, *UNKNOWN)):
        at = now - timedelta(hours=2 + 5 * number)
        person = known[30 + number] if number % 3 == 0 and len(known) > 30 + number else None
        made = await begin(organization, person, "web", at)
        answer = answering.quoted(await search.find(organization, question))
        facts = {
            "outcome": answer.outcome, "sources": answer.sources, "confidence": answer.confidence,
            "settles": True,
        }  # fmt: skip
        await say(made, [(0, CUSTOMER, question), (1, MACHINE, answer.text)], at, **facts)
        await rows("UPDATE conversation SET unread = {} WHERE id = {}", number % 4 == 0, made.id)


async def _drafted(
    organization: Organization, person: dict[str, Any], channel: str, subject: str, text: str, at: datetime
) -> tuple[Conversation, Suggestion | None]:
    """Somebody waits for a reply, and its draft, as the worker would have written it then; one that runs is kept out."""
    async with transaction():
        made = await begin(organization, person, channel, at, subject)
        await say(made, [(0, CUSTOMER, text)], at)
        await conversations.ask_for_person(made, at)
        held = await rows(LEASE, made.id)
    await drafting.draft(held[0], credentials.integrations_for, at)
    return made, await Suggestion.of(organization).where(Suggestion.conversation == made.id).first()
