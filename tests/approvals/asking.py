"""Customers who wait for a reply, and drafts for them."""

from datetime import timedelta

from dashboard import clock
from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization
from dashboard.approvals import drafting, sending
from dashboard.approvals.tables import Suggestion
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel, Conversation
from dashboard.knowledge import actions as knowledge
from tests.leads.cast import a_lead

ARTICLE = """# Delivery

## How long does an audit take

An audit takes five working days from the day the intake form is complete.

## Refund policy

You can have your money back within 14 days, as long as the work was not started.
"""
QUESTION = "How long does an audit take?"


async def an_article(organization: Organization, by, text: str = ARTICLE, category: str = "faq"):
    return await knowledge.create_article(organization, "Delivery", category, text, clock.now(), by=by)


async def a_question(
    organization: Organization, text: str = QUESTION, channel: Channel = Channel.web, name: str = "Robin Sample",
    email: str = "robin@customer.example", **facts,
) -> Conversation:  # fmt: skip
    """Somebody wrote, and waits for a person."""
    now = clock.now()
    lead = await a_lead(organization, name, email=email)
    made, _ = await conversations.begin(organization, channel, now, lead=lead, name=name, email=email, **facts)
    await says(made, text)
    return await again(made)


async def says(conversation: Conversation, text: str) -> None:
    now = clock.now()
    await conversations.receive(conversation, text, f"k{now.timestamp()}{hash(text)}", now)
    await conversations.ask_for_person(conversation, now)


async def again(conversation: Conversation) -> Conversation:
    return await Conversation.get_of(conversation.organization, conversation.id)


async def drafted(conversation: Conversation) -> Suggestion:
    """After all that waits was drafted, the suggestion of this conversation."""
    await draft_all()
    found = await Suggestion.of(conversation.organization).where(
        Suggestion.conversation == conversation.id, Suggestion.state.is_in(["waiting", "queued"])
    ).first()  # fmt: skip
    assert found is not None
    return found


async def draft_all() -> int:
    """How many were drafted, once nobody waits for a draft any more."""
    made = 0
    while await drafting.work(credentials.integrations_for, clock.now() + drafting.CHAT_ANSWERS):
        made += 1
    return made


async def a_suggestion(organization: Organization, text: str = QUESTION, **facts) -> Suggestion:
    return await drafted(await a_question(organization, text, **facts))


async def now_is(suggestion: Suggestion) -> Suggestion:
    return await Suggestion.get_of(suggestion.organization, suggestion.id)


async def after_the_hold(seconds: int = 11) -> None:
    while await sending.work(clock.now() + timedelta(seconds=seconds)):
        pass
