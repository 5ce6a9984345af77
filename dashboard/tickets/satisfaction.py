"""Asking a customer whether it helped, once, an hour after their ticket was solved; and what they answer."""

from datetime import datetime, timedelta

from dashboard import links
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import mails
from dashboard.tickets.changes import told
from dashboard.tickets.tables import Ticket

AFTER, UNTIL = timedelta(hours=1), timedelta(days=3)  # who was forgotten longer than that is not asked any more
CLOSES = timedelta(days=7)
LONGEST = 2000
ANSWERS = ("good", "bad")
DUE = """
    SELECT t.id, t.organization, t.subject, t.lead, c.email, c.name FROM ticket t
    JOIN conversation c ON c.id = t.conversation
    WHERE t.status = 'solved' AND t.asked_at IS NULL AND t.merged_into IS NULL AND c.email <> ''
      AND t.solved_at <= {} AND t.solved_at > {} ORDER BY t.id LIMIT 200"""
CLAIM = "UPDATE ticket SET asked_at = {} WHERE id = {} AND asked_at IS NULL AND status = 'solved' RETURNING id"
ANSWER = """
    UPDATE ticket SET satisfaction = {}, satisfaction_note = {}, updated_at = {} WHERE id = {} AND asked_at IS NOT NULL
    RETURNING organization, lead, number"""
CLOSE = """
    UPDATE ticket SET status = 'closed', closed_at = {}, updated_at = {} WHERE id IN (
        SELECT id FROM ticket WHERE status = 'solved' AND solved_at <= {} ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED)
    RETURNING id, organization, number"""


async def ask(now: datetime) -> int:
    """Queue the question for everybody whose ticket has been solved for an hour; how many."""
    asked = 0
    known: dict[int, Organization] = {}
    for each in await rows(DUE, now - AFTER, now - UNTIL):
        organization = known.get(each["organization"]) or await Organization.objects().get(
            Organization.id == each["organization"]
        )
        assert organization is not None
        known[organization.id] = organization
        async with transaction():
            if not await rows(CLAIM, now, each["id"]):
                continue
            link = links.public(links.SATISFACTION, each["id"])
            mail = mails.render("satisfaction", organization, name=each["name"], title=each["subject"], link=link)
            await deliveries.queue(
                organization, key=f"satisfaction:{each['id']}", kind="mail", name="satisfaction",
                recipient=each["email"], title=mail.subject,
                payload={
                    "subject": mail.subject, "html": mail.html, "text": mail.text, "from_name": organization.name,
                    "from": organization.from_address, "headers": {"Auto-Submitted": "auto-generated"},
                },
                lead=each["lead"], subject=("ticket", each["id"]),
            )  # fmt: skip
            asked += 1
    return asked


async def find(token: str) -> Ticket | None:
    """The ticket a link asks about."""
    read = links.read(links.SATISFACTION, token)
    if not read:
        return None
    return await Ticket.across_organizations().where(Ticket.id == read[0], Ticket.asked_at.is_not_null()).first()


async def answer(ticket: Ticket, said: str, note: str, now: datetime) -> bool:
    """Keep what the customer answers; the last answer counts. False for one that is none."""
    if said not in ANSWERS:
        return False
    note = note.replace("\0", "").strip()[:LONGEST]
    async with transaction():
        kept = await row(ANSWER, said, note, now, ticket.id)
        if kept and (ticket.satisfaction, ticket.satisfaction_note) != (said, note):
            title = "It helped" if said == "good" else "It did not help"
            await activity.record(
                kept["organization"], "ticket", ticket.id, "satisfaction", title, actor="customer", detail=note
            )
            await told(kept["organization"])
    return kept is not None


async def close_old(now: datetime) -> int:
    """Close what has been solved for a week; how many. A mail that comes later opens a new ticket."""
    closed = 0
    while True:
        async with transaction():
            gone = await rows(CLOSE, now, now, now - CLOSES)
            for each in gone:
                await activity.record(each["organization"], "ticket", each["id"], "closed", "Closed after seven days")
        closed += len(gone)
        if not gone:
            return closed
