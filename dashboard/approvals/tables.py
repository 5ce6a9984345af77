from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, BigInt, Boolean, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.assistant.tables import AssistantCall, PromptVersion
from dashboard.conversations.tables import Conversation, Message
from dashboard.deliveries.tables import Delivery


class SuggestionState(StrEnum):
    waiting = "waiting"  # for a person
    queued = "queued"  # approved; goes out at due_at unless it is taken back
    sent = "sent"
    rejected = "rejected"
    stale = "stale"  # the customer wrote again, or somebody answered otherwise
    replaced = "replaced"  # by another draft for the same message


class Outcome(StrEnum):
    unedited = "unedited"
    edited = "edited"
    rejected = "rejected"
    automatic = "automatic"


class Suggestion(OrganizationOwned, Table):
    """A drafted reply to one message, what a person made of it, and what went out."""

    conversation = ForeignKey(Conversation, null=False, index=True)
    message = ForeignKey(Message, null=False, index=True, help_text="the newest one it answers")
    state = Varchar(length=10, choices=SuggestionState, default=SuggestionState.waiting)
    draft = Text(help_text="as the machine wrote it; never changed")
    edited = Text(default="", help_text="as a person has it so far; empty: not touched")
    sent = Text(default="", help_text="the text that was approved, which is the text that goes out")
    version = Integer(default=1, help_text="raised by each change: whoever approves says which one they read")
    confidence = SmallInt(default=0, help_text="0-100")
    sentiment = Varchar(length=10, default="")
    topic = Varchar(length=40, default="")
    sources: Any = JSONB(default=[], help_text="[{kind: section or order, title, heading, slug, anchor, text}, …]")
    checks: Any = JSONB(default=[], help_text="[{ok, name, said}, …]: promises, prices, dates, links without a source")
    needs_person = Boolean(default=False, help_text="the draft itself says that somebody has to decide")
    model = Varchar(length=100, default="", help_text="empty: quoted without a model")
    prompt = ForeignKey(PromptVersion, null=True, default=None)
    call = ForeignKey(AssistantCall, null=True, default=None)
    cost_micros = BigInt(default=0, help_text="millionths of a US dollar")
    instruction = Varchar(length=500, default="", help_text="what a person asked for when it was drafted again")
    replaces = BigInt(null=True, default=None, help_text="id of the suggestion this one was drafted instead of")
    outcome = Varchar(length=10, default="", help_text="one of Outcome once it is decided")
    reason = Varchar(length=300, default="", help_text="why it was rejected, or why it is stale")
    diff: Any = JSONB(default=[], help_text="[[same, added or removed, words], …] from draft to sent")
    edit_ratio = SmallInt(default=0, help_text="share of the words that changed, in per cent")
    shown_at: Any = Timestamptz(null=True, default=None, help_text="when somebody first had it open")
    decided_at: Any = Timestamptz(null=True, default=None)
    decided_by = ForeignKey(User, null=True, default=None)
    decided_via = Varchar(length=10, default="", help_text="page, telegram or rule")
    seconds = Integer(default=0, help_text="from being shown to being decided")
    rule = BigInt(null=True, default=None, help_text="id of the rule that approved it")
    due_at: Any = Timestamptz(null=True, default=None, help_text="when it goes out; until then it can be taken back")
    sent_at: Any = Timestamptz(null=True, default=None)
    delivery = ForeignKey(Delivery, null=True, default=None)
    sent_message = BigInt(null=True, default=None, help_text="id of the message it became")
