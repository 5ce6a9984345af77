from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, BigInt, Boolean, Bytea, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.deliveries.tables import Delivery
from dashboard.files.tables import File
from dashboard.leads.tables import Lead


class Channel(StrEnum):
    web = "web"
    mail = "mail"
    messenger = "messenger"
    instagram = "instagram"
    whatsapp = "whatsapp"
    telegram = "telegram"


class Conversation(OrganizationOwned, Table):
    """A thread with one person on one channel. What stands here besides its messages is derived from them."""

    channel = Varchar(length=10, choices=Channel, default=Channel.web)
    lead = ForeignKey(Lead, null=True, default=None, index=True, help_text="empty while we do not know who it is")
    visitor_hash = Bytea(null=True, default=None, help_text="sha-256 of the random token in the visitor's browser")
    public_id = Varchar(length=40, default="", help_text="random; how a visitor names it")
    identified = Boolean(default=False, help_text="the lead was proven by a signature, not only said")
    name = Varchar(length=200, default="", help_text="what the person calls themselves")
    email = Varchar(length=254, default="", help_text="where answers may be sent, as the person said it")
    subject = Varchar(length=250, default="")
    page = Varchar(length=300, default="", help_text="where the chat was opened, without its query")
    origin = Varchar(length=200, default="", help_text="the site the widget stands on; empty: our own page")
    excerpt = Varchar(length=200, default="", help_text="the beginning of the newest message")
    topic = Varchar(length=40, default="")
    sentiment = Varchar(length=10, default="", help_text="positive, neutral, negative or angry")
    language = Varchar(length=5, default="")
    messages = Integer(default=0, help_text="also the number of the newest")
    failed_answers = SmallInt(default=0, help_text="answers in a row that said they do not know")
    helped = Integer(default=0, help_text="number of the automatic answer the person said helped, the newest such")
    unread = Boolean(default=False)
    needs_reply = Boolean(default=False, help_text="the person wrote last and waits for one of us")
    needs_reply_since: Any = Timestamptz(null=True, default=None)
    assignee = ForeignKey(User, null=True, default=None)
    last_message_at = Timestamptz()
    last_inbound_at: Any = Timestamptz(null=True, default=None)
    escalated_at: Any = Timestamptz(null=True, default=None, help_text="since when a person was asked for")
    archived_at: Any = Timestamptz(null=True, default=None)
    drafted_until: Any = Timestamptz(null=True, default=None, help_text="what came until then has its draft")
    draft_lease_until: Any = Timestamptz(null=True, default=None, help_text="until then somebody is drafting")
    draft_attempts = SmallInt(default=0)
    draft_instruction = Varchar(length=500, default="", help_text="what a person asked the next draft to be like")


class Direction(StrEnum):
    inbound = "in"
    outbound = "out"


class Author(StrEnum):
    visitor = "visitor"
    staff = "staff"
    machine = "machine"


class Message(OrganizationOwned, Table):
    """One thing that was said, as it was said. Never changed afterwards."""

    conversation = ForeignKey(Conversation, null=False, index=True)
    number = Integer(help_text="1, 2, 3, … in its conversation")
    direction = Varchar(length=3, choices=Direction, default=Direction.inbound)
    author_kind = Varchar(length=10, choices=Author, default=Author.visitor)
    author = ForeignKey(User, null=True, default=None, help_text="who of the team wrote or approved it")
    text = Text()
    quoted = Text(default="", help_text="what a mail quoted below its own text")
    key = Varchar(
        length=200,
        help_text="unique per conversation: what makes it be there once, such as a random word of the visitor's page",
    )
    answers = BigInt(null=True, default=None, help_text="id of the message it answers")
    outcome = Varchar(length=20, default="", help_text="of an automatic answer: answered, unknown, person")
    sources: Any = JSONB(default=[], help_text="[{article, slug, anchor, title, heading, section, score}, …]")
    confidence = SmallInt(null=True, default=None, help_text="0-100, of what a machine wrote")
    mail_id = Varchar(length=250, default="", help_text="Message-ID, without brackets")
    in_reply_to = Varchar(length=250, default="")
    delivery = ForeignKey(Delivery, null=True, default=None, help_text="what carries it out, where it is not the chat")


class MessageFile(OrganizationOwned, Table, tablename="message_file"):
    """A file that came or went with a message."""

    message = ForeignKey(Message, null=False, index=True)
    file = ForeignKey(File, null=False)
