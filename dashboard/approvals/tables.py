from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, BigInt, Boolean, Date, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
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
    edited_by = ForeignKey(User, null=True, default=None)
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
    decided_via = Varchar(length=10, default="", help_text="page, telegram, rule or reply: written in the ticket")
    seconds = Integer(default=0, help_text="from being shown to being decided")
    rule = BigInt(null=True, default=None, help_text="id of the rule that approved it")
    due_at: Any = Timestamptz(null=True, default=None, help_text="when it goes out; until then it can be taken back")
    sent_at: Any = Timestamptz(null=True, default=None)
    delivery = ForeignKey(Delivery, null=True, default=None)
    sent_message = BigInt(null=True, default=None, help_text="id of the message it became")


class ApprovalPresence(OrganizationOwned, Table, tablename="approval_presence"):
    """Who of the team has a suggestion open; forgotten soon after they stopped saying so."""

    suggestion = ForeignKey(Suggestion, null=False, index=True)
    user = ForeignKey(User, null=False)
    seen_at = Timestamptz()


class ApprovalRule(OrganizationOwned, Table, tablename="approval_rule"):
    """When a suggestion may go out without a person. Off until its simulation was seen; needs a source, always."""

    name = Varchar(length=80)
    topics: Any = JSONB(default=[], help_text="keys of topics, at least one")
    confidence = SmallInt(default=95, help_text="at least this, 0-100")
    min_sources = SmallInt(default=1, help_text="never under 1")
    channels: Any = JSONB(default=[], help_text="keys of channels; none: all")
    hours = Varchar(length=10, default="any", help_text="any, working or outside (of working hours)")
    daily_cap = Integer(default=20)
    version = Integer(default=1, help_text="raised by each change; a change disarms it")
    armed = Boolean(default=False)
    armed_at: Any = Timestamptz(null=True, default=None)
    armed_by = ForeignKey(User, null=True, default=None)
    simulated: Any = JSONB(default={}, help_text="what the simulation said when it was armed")


class ApprovalRuleDay(OrganizationOwned, Table, tablename="approval_rule_day"):
    """How much of a rule's daily cap is used; raised before a reply is queued."""

    rule = ForeignKey(ApprovalRule, null=False, index=True)
    day: Any = Date(help_text="in the organization's time zone")
    sent = Integer(default=0)


class ApprovalSettings(OrganizationOwned, Table, tablename="approval_settings"):
    """One row per organization, once somebody changed something."""

    stopped_at: Any = Timestamptz(null=True, default=None, help_text="the kill switch: no rule sends anything")
    stopped_by = ForeignKey(User, null=True, default=None)
    telegram = Boolean(default=False, help_text="new suggestions are shown in the team's chat, with buttons")


class SettledQuestion(OrganizationOwned, Table, tablename="settled_question"):
    """A message nobody could answer from the knowledge, after somebody wrote an article about it or put it aside."""

    message = ForeignKey(Message, null=False, help_text="unique")
    question = BigInt(help_text="id of the message by which the question was shown: what is put aside comes back by it")
    article = BigInt(null=True, default=None, help_text="id of the article that answers it; empty: put aside")
    by = ForeignKey(User, null=True, default=None)


class TelegramApprover(OrganizationOwned, Table, tablename="telegram_approver"):
    """A person of the team who may approve and reject by the buttons in Telegram."""

    user = ForeignKey(User, null=False, index=True)
    telegram_id = BigInt(help_text="Telegram's number for the person")
