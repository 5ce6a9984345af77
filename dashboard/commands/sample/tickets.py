"""Tickets of the sample company in every state, and replies written once."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard import clock
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.commands.sample.company import Company
from dashboard.commands.sample.threads import CUSTOMER, begin, people, say
from dashboard.database import rows
from dashboard.leads import tags
from dashboard.tickets import actions
from dashboard.tickets.tables import Priority, Ticket


class Case(NamedTuple):
    """`said`: minutes after it began, who (c customer, o owner, a agent), what. `due`: minutes from now until the
    reply is due; None as promised. `owner`: o, a or nobody."""

    subject: str
    said: list[tuple[int, str, str]]
    channel: str
    priority: str
    status: str
    hours: float
    owner: str = ""
    tags: tuple[str, ...] = ()
    due: int | None = None
    note: str = ""
    answer: str = ""


CASES = (
    Case(
        "Charged twice for one audit",
        [(0, "c", "I see two payments of €129 on our card for the same audit. Can you look, please?"),
         (38, "c", "It is 258 euros in all, both from this morning.")],
        "web", "urgent", "open", 1.6, "", ("Billing",), -40,
    ),
    Case(
        "Report shows the wrong domain",
        [(0, "c", "The report you sent this morning talks about another address than ours. Did you audit the wrong "
          "site?"),
         (17, "c", "I need it before Wednesday's board meeting. Tell me if that works.")],
        "mail", "high", "open", 0.7, "o", ("Report",), 26, "Checked: right site, wrong name on the cover. Version 2 "
        "fixes it.",
    ),
    Case(
        "Need the invoice with a PO number",
        [(0, "c", "Our accountant needs PO 4471 on the invoice, and the VAT number of our holding.")],
        "mail", "normal", "open", 3, "a", ("Billing",), 60,
    ),
    Case(
        "Cannot upload the brand guide",
        [(0, "c", "The form says the file is too large. It is 31 MB."),
         (22, "a", "Hello,\n\nthe form takes up to 25 MB for one file. Could you send it as two files, or leave out the "
          "pictures?")],
        "web", "normal", "waiting", 20, "a",
    ),
    Case(
        "Is the report available in French?",
        [(0, "c", "Nos collègues à Genève lisent mieux le français. Can we have the summary in French?")],
        "mail", "normal", "open", 5, "", (), 360,
    ),
    Case(
        "Move the call to next week",
        [(0, "c", "Something came up. Could we have our call on Tuesday or Wednesday instead?")],
        "web", "low", "open", 4, "o", (), 1500,
    ),
    Case(
        "Change of billing address",
        [(0, "c", "We have moved to Sjøgaten 12. Please use it from now on."),
         (65, "o", "Done. Which month should the first invoice with the new address be?")],
        "mail", "low", "waiting", 44, "o", ("Billing",),
    ),
    Case(
        "Refund for the second template",
        [(0, "c", "We only need one of the two. Can we have the other one back?"),
         (14, "o", "Hello,\n\nof course. The money is on its way; your card shows it in five to ten days."),
         (31, "c", "That was quick. Thank you!")],
        "mail", "high", "solved", 50, "o", ("Billing",), answer="good",
    ),
    Case(
        "Password for the shared folder",
        [(0, "c", "Which password do I use?"), (8, "a", "None: open the private link in the mail of last Tuesday.")],
        "web", "normal", "solved", 70, "a", answer="good",
    ),
    Case(
        "The score for speed looks too low",
        [(0, "c", "We score 41 for speed, your competitor gave us 78. Who is right?"),
         (310, "a", "We measure on a middling phone over 4G, and they on a desktop. Page 6 of the report has both."),
         (900, "c", "I still think it is unfair.")],
        "mail", "normal", "solved", 130, "a", ("Report",), answer="bad",
    ),
    Case(
        "Delete my data",
        [(0, "c", "Please delete everything you have about me."),
         (31, "o", "It is done. What the law makes us keep are the invoices, without your name in our lists.")],
        "mail", "high", "closed", 290, "o",
    ),
)  # fmt: skip
REPLIES = (
    ("Looking into it", "Hello {first_name},\n\nthanks for writing. I am looking into it and will answer today.\n\n"
     "{agent}", "open", "", ""),
    ("Report is ready", "Hello {first_name},\n\nyour report is ready. The link works for 90 days.\n\n{agent}", "solved",
     "", "Report"),
    ("Ask for a screenshot", "Hello {first_name},\n\ncould you send us a screenshot of what you see?\n\n{agent}",
     "waiting", "", ""),
    ("Refund is on its way", "Hello {first_name},\n\nthe money is on its way; your card shows it in five to ten days."
     "\n\n{agent}", "solved", "high", "Billing"),
)  # fmt: skip
PROMISED = """
    UPDATE ticket SET status = {}, assignee = {}, tags = {}, first_replied_at = {}, paused_at = {}, solved_at = {},
        closed_at = {}, asked_at = {}, satisfaction = {}, first_reply_due_at = coalesce({}, first_reply_due_at)
    WHERE id = {}"""


async def fill(company: Company) -> None:
    """Into a company that has its leads."""
    organization, now = company.organization, clock.now()
    who = {"o": company.owner, "a": company.agent}
    named = {name: (await tags.make(organization, name))["id"] for name in ("Billing", "Report")}
    for case, person in zip(reversed(CASES), await people(organization, len(CASES)), strict=False):
        await _open(organization, case, person, who, named, now)
    for title, words, status, priority, tag in REPLIES:
        await rows(
            "INSERT INTO canned_reply (organization, title, text, then_status, then_priority, then_tag, used, "
            "created_at) VALUES ({}, {}, {}, {}, {}, {}, {}, {})",
            organization.id, title, words, status, priority, named.get(tag), len(title) % 7 + 2, now,
        )  # fmt: skip
    await rows(
        "UPDATE delivery SET state = 'cancelled', why = 'The sample company alerts nobody' WHERE organization = {} "
        "AND name = 'ticket_escalated'",
        organization.id,
    )


async def _open(
    organization: Organization, case: Case, person: dict[str, Any], who: dict[str, User], named: dict[str, int],
    now: datetime,
) -> Ticket:  # fmt: skip
    at = now - timedelta(hours=case.hours)
    made = await begin(organization, person, case.channel, at, case.subject)
    await say(made, [(0, CUSTOMER, case.said[0][2])], at)
    ticket, _ = await actions.open_ticket(
        organization, made, case.subject, "mail" if case.channel == "mail" else "asked", at,
        priority=Priority(case.priority),
    )  # fmt: skip
    later = [(minutes, who.get(by, CUSTOMER), text) for minutes, by, text in case.said[1:]]
    await say(made, [(0, CUSTOMER, case.said[0][2]), *later], at)
    replied = next((at + timedelta(minutes=minutes) for minutes, by, _ in case.said if by != "c"), None)
    ended = at + timedelta(minutes=case.said[-1][0] + 30) if case.status in ("solved", "closed") else None
    owner = who.get(case.owner)
    due = now + timedelta(minutes=case.due) if case.due is not None else None
    await rows(
        PROMISED, case.status, owner.id if owner else None, [named[tag] for tag in case.tags], replied,
        None if case.status == "open" else ended or replied, ended, ended if case.status == "closed" else None,
        ended, case.answer, due, ticket.id,
    )  # fmt: skip
    waits = case.status == "open"
    await rows(
        "UPDATE conversation SET needs_reply = {}, unread = {}, assignee = {} WHERE id = {}",
        waits, waits and owner is None, owner.id if owner else None, made.id,
    )  # fmt: skip
    if case.note:
        by = who["a"]
        writer = Visitor(by.id, by.email, by.name, False, 0, "", now)
        await activity.write_note(organization, "ticket", ticket.id, case.note, writer)
    await rows(
        "UPDATE activity SET created_at = {} WHERE subject_kind = 'ticket' AND subject_id = {} "
        "OR subject_kind = 'lead' AND subject_id = {} AND verb = 'ticket'", at, ticket.id, person["id"],
    )  # fmt: skip
    return ticket
