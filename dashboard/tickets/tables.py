from enum import StrEnum
from typing import Any

from piccolo.columns import Array, BigInt, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
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
