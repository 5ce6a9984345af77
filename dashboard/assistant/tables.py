from enum import StrEnum
from typing import Any

from piccolo.columns import BigInt, Date, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.conversations.tables import Conversation


class PromptVersion(OrganizationOwned, Table, tablename="prompt_version"):
    """The standing instructions a model was given, word for word; a new text is a new version."""

    name = Varchar(length=40, help_text="what it is for, such as answer or draft")
    number = Integer()
    fingerprint = Varchar(length=64)
    text = Text()


class CallState(StrEnum):
    reserved = "reserved"  # the call is under way, or the process died in it: it counts with its full reserve
    answered = "answered"
    refused = "refused"
    unavailable = "unavailable"
    malformed = "malformed"


class AssistantCall(OrganizationOwned, Table, tablename="assistant_call"):
    """One call of a model, written down before it is made."""

    conversation = ForeignKey(Conversation, null=True, default=None, index=True)
    purpose = Varchar(length=20, help_text="answer or draft")
    model = Varchar(length=100)
    prompt = ForeignKey(PromptVersion, null=True, default=None)
    state = Varchar(length=12, choices=CallState, default=CallState.reserved)
    why = Varchar(length=300, default="", help_text="what went wrong, in words for staff")
    day: Any = Date(help_text="of the cap it counts against, in UTC")
    reserved_micros = BigInt(default=0, help_text="the most it may cost, in millionths of a US dollar")
    cost_micros = BigInt(default=0, help_text="what it cost; the reserve where nobody knows")
    prices = Varchar(length=40, default="", help_text="version of the price table")
    tokens_in = Integer(default=0)
    tokens_cached = Integer(default=0)
    tokens_out = Integer(default=0)
    milliseconds = Integer(default=0)
    settled_at: Any = Timestamptz(null=True, default=None)


class AssistantDay(OrganizationOwned, Table, tablename="assistant_day"):
    """What an organization's calls of one day may have cost; raised before each call."""

    day: Any = Date()
    calls = Integer(default=0)
    micros = BigInt(default=0, help_text="settled costs and reserves, in millionths of a US dollar")
    refused = Integer(default=0, help_text="calls that were not made because the cap was reached")
