"""Fills a running application with the sample company's support: `python -m tests.tickets.crowd`."""

import asyncio

from dashboard import clock, settings
from dashboard.accounts.tables import Organization, User
from dashboard.commands.sample import replies, tickets
from dashboard.commands.sample.company import Company
from dashboard.commands.sample.people import CUSTOMERS
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel
from dashboard.database import current_engine
from dashboard.knowledge import actions as knowledge
from dashboard.knowledge import loading
from dashboard.knowledge.tables import Article
from dashboard.leads.actions import find_or_create
from tests.builders import a_member

UNKNOWN = ("Do you repair coffee machines?", "can you repair a coffee machine", "Do you rent out bicycles?")


async def nobody_knows(acme: Organization, question: str) -> None:
    """Somebody asked in the chat, and was told so."""
    now = clock.now()
    made, _ = await conversations.begin(acme, Channel.web, now, name="Robin Sample")
    asked, _ = await conversations.receive(made, question, "asked", now)
    await conversations.answer(made, "I do not know.", "answer", now, answers=asked.id, outcome="unknown")


async def main() -> None:
    settings.use(settings.load())
    await current_engine().start_connection_pool(min_size=1, max_size=2)
    acme = await Organization.objects().where(Organization.slug == "acme").first()
    alice = await User.objects().where(User.email == "alice@acme.example").first()
    ana = await a_member(acme, "ana@acme.example", "Ana Alba", "agent")
    await User.update({User.password_hash: alice.password_hash}).where(User.id == ana.id)
    for number in range(66):
        name, email, _ = CUSTOMERS[number % len(CUSTOMERS)]
        await find_or_create(acme, f"{number}.{email}", name, source="Website")
    await loading.load(acme, clock.now())
    made = Company(acme, alice, ana, [], None)  # type: ignore[arg-type]
    await tickets.fill(made)
    await replies.fill(made)
    for question in UNKNOWN:
        await nobody_knows(acme, question)
    article = await Article.of(acme).where(Article.slug == "refunds").first()
    text = await knowledge.text_of(acme, article)
    await knowledge.save_article(
        acme, article, article.title, article.category, f"{text}\n\n## Vouchers\n\nWe give none.", article.version,
        clock.now(), by=ana,
    )  # fmt: skip
    await current_engine().close_connection_pool()


asyncio.run(main())
