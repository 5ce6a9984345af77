from enum import StrEnum

from piccolo.columns import JSONB, Boolean, Bytea, Integer, Text, Timestamptz, Varchar
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned


class EventState(StrEnum):
    waiting = "waiting"
    processing = "processing"
    handled = "handled"
    ignored = "ignored"
    failed = "failed"


class InboundEvent(OrganizationOwned, Table):
    """One received webhook, stored before it is acted on. The body is kept byte for byte."""

    key = Varchar(length=300, unique=True, help_text="organization:sender:id, so that a redelivery is recognised")
    sender = Varchar(length=20)
    external_id = Varchar(length=200)
    kind = Varchar(length=120)
    body = Bytea()
    state = Varchar(length=20, choices=EventState, default=EventState.waiting)
    livemode = Boolean(default=False)
    repeats = Integer(default=0)
    attempt = Integer(default=0)
    received_at = Timestamptz(default=TimestamptzNow())
    due_at = Timestamptz(default=TimestamptzNow())
    lease_until = Timestamptz(null=True, default=None)
    settled_at = Timestamptz(null=True, default=None)
    result = Text(default="", help_text="what handling it changed, in words")
    error = Text(default="", help_text="why the last attempt failed")
    attempts = JSONB(default=[], help_text="[{at, error}] of the failed attempts")


class RefusedCount(OrganizationOwned, Table):
    """Unsigned or badly signed requests: counted by the hour, their bodies never stored."""

    key = Varchar(length=200, unique=True, help_text="organization:sender:reason:hour")
    sender = Varchar(length=20)
    reason = Varchar(length=60)
    hour = Timestamptz()
    count = Integer(default=0)  # type: ignore[assignment]
