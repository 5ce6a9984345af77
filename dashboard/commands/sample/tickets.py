"""Six tickets of the sample company, with their conversations, and three replies written once."""

from datetime import timedelta

from dashboard import clock
from dashboard.commands.sample.company import Company
from dashboard.conversations import actions as conversations
from dashboard.conversations.tables import Channel
from dashboard.database import rows
from dashboard.tickets import actions
from dashboard.tickets.tables import Priority, TicketStatus

PEOPLE = """
    SELECT id, name, email FROM lead WHERE organization = {} AND email <> '' AND name <> '' AND deleted_at IS NULL
    ORDER BY id LIMIT 6"""
# subject, what they wrote, channel, priority, status, hours ago
TICKETS = (
    (
        "Charged twice for one audit",
        "I see two payments for the same audit. Can you look?",
        "web",
        "urgent",
        "open",
        30,
    ),
    ("Report shows the wrong domain", "The report talks about another address than ours.", "mail", "high", "open", 1),
    ("Need the invoice with a PO number", "Our accountant needs PO 4471 on the invoice.", "mail", "normal", "open", 2),
    ("Cannot upload the brand guide", "The form says the file is too large.", "web", "normal", "waiting", 20),
    ("Refund for the second template", "We only need one of the two.", "mail", "high", "solved", 50),
    ("Password for the shared folder", "Which password do I use?", "web", "low", "solved", 70),
)
REPLIES = (
    (
        "Looking into it",
        "Hello {first_name},\n\nthanks for writing. I am looking into it and will answer today.",
        "open",
    ),
    ("Report is ready", "Hello {first_name},\n\nyour report is ready. The link works for 90 days.", "solved"),
    ("Ask for a screenshot", "Hello {first_name},\n\ncould you send us a screenshot of what you see?", "waiting"),
)


async def fill(company: Company) -> None:
    """Into a company that has its leads."""
    organization, now = company.organization, clock.now()
    people = await rows(PEOPLE, organization.id)
    for person, (subject, text, channel, priority, status, hours) in zip(people, TICKETS, strict=False):
        at = now - timedelta(hours=hours)
        made, _ = await conversations.begin(
            organization, Channel(channel), at, name=person["name"], email=person["email"], subject=subject
        )
        await rows("UPDATE conversation SET lead = {} WHERE id = {}", person["id"], made.id)
        made.lead = person["id"]
        await conversations.receive(made, text, "first", at)
        ticket, _ = await actions.open_ticket(organization, made, subject, "asked", at, priority=Priority(priority))
        if status != TicketStatus.open:
            replied = at + timedelta(minutes=14)
            await conversations.answer(made, "Thanks, here is what we found.", "ticket:sample", replied)
            await rows(
                "UPDATE ticket SET status = {}, first_replied_at = {}, paused_at = {}, solved_at = {} WHERE id = {}",
                status, replied, replied, replied + timedelta(hours=2) if status == "solved" else None, ticket.id,
            )  # fmt: skip
    for title, words, then in REPLIES:
        await rows(
            "INSERT INTO canned_reply (organization, title, text, then_status, created_at) VALUES ({}, {}, {}, {}, {})",
            organization.id, title, words, then, now,
        )  # fmt: skip
    await rows(
        "UPDATE delivery SET state = 'cancelled' WHERE organization = {} AND name = 'ticket_escalated'", organization.id
    )
