from enum import StrEnum
from typing import Any

from piccolo.columns import Array, BigInt, Date, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.conversations.tables import Conversation
from dashboard.leads.tables import Lead


class TicketStatus(StrEnum):
    open = "open"
    waiting = "waiting"  # for the customer: the clock stands still
    solved = "solved"
    closed = "closed"


class Priority(StrEnum):
    low = "low"
    normal = "normal"
    high = "high"
    urgent = "urgent"


class Ticket(OrganizationOwned, Table):
    """A promise to solve something. Overdue is derived, not stored."""

    number = Integer(help_text="unique per organization")
    subject = Varchar(length=250)
    priority = Varchar(length=10, choices=Priority, default=Priority.normal)
    status = Varchar(length=10, choices=TicketStatus, default=TicketStatus.open)
    conversation = ForeignKey(Conversation, null=False, index=True)
    lead = ForeignKey(Lead, null=True, default=None, index=True)
    order_id = BigInt(null=True, default=None, help_text="the order it is about, where that is known")
    assignee = ForeignKey(User, null=True, default=None)
    tags: Any = Array(BigInt(), default=[], help_text="ids of tags")
    reason = Varchar(length=40, default="", help_text="why a person was called: asked, angry, topic, unanswered, …")
    first_reply_due_at: Any = Timestamptz(null=True, default=None)
    first_replied_at: Any = Timestamptz(null=True, default=None)
    solve_due_at: Any = Timestamptz(null=True, default=None, help_text="moved on by pauses")
    paused_at: Any = Timestamptz(null=True, default=None, help_text="since when it waits for the customer")
    solved_at: Any = Timestamptz(null=True, default=None)
    closed_at: Any = Timestamptz(null=True, default=None)
    reopened = SmallInt(default=0, help_text="how often")
    merged_into = BigInt(null=True, default=None, help_text="id of the ticket that took this one in")
    asked_at: Any = Timestamptz(null=True, default=None, help_text="when the customer was asked whether it helped")
    satisfaction = Varchar(length=10, default="", help_text="good or bad")
    satisfaction_note = Text(default="")
    updated_at = Timestamptz()


class Promise(OrganizationOwned, Table, tablename="ticket_promise"):
    """How long an organization takes for tickets of one priority. Without a row the usual times hold."""

    priority = Varchar(length=10, choices=Priority)
    first_reply_minutes = Integer(help_text="working minutes")
    solve_minutes = Integer(help_text="working minutes")


class Holiday(OrganizationOwned, Table):
    """A day on which nobody works, whatever the week says."""

    day: Any = Date()
    name = Varchar(length=80, default="")


class CannedReply(OrganizationOwned, Table, tablename="canned_reply"):
    """A reply written once. Placeholders are `{first_name}` and the like; what follows happens when it is sent."""

    title = Varchar(length=80, help_text="unique per organization, whatever the case")
    text = Text()
    then_status = Varchar(length=10, default="", help_text="waiting, solved or open; empty: as chosen at the time")
    then_priority = Varchar(length=10, default="")
    then_tag = BigInt(null=True, default=None, help_text="id of a tag to add")
    used = Integer(default=0, help_text="how often it was sent")
    archived_at: Any = Timestamptz(null=True, default=None)


class Presence(OrganizationOwned, Table, tablename="ticket_presence"):
    """Who has a ticket open at this moment, and who writes. Old rows mean nothing."""

    ticket = ForeignKey(Ticket, null=False, index=True)
    user = ForeignKey(User, null=False)
    seen_at = Timestamptz()
    typing_at: Any = Timestamptz(null=True, default=None)
