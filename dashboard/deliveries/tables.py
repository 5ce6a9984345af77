from enum import StrEnum
from typing import Any

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    BigSerial,
    Boolean,
    Bytea,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import Organization
from dashboard.leads.tables import Lead

KINDS = ("mail", "telegram", "whatsapp", "refund")


class DeliveryState(StrEnum):
    queued = "queued"  # retrying: queued with attempt > 0; undo: queued with due_at ahead
    sending = "sending"
    sent = "sent"
    delivered = "delivered"
    bounced = "bounced"
    failed = "failed"  # refused, or the 8th attempt failed
    unknown = "unknown"
    held = "held"
    suppressed = "suppressed"
    cancelled = "cancelled"


class Delivery(OrganizationOwned, Table):
    """One outgoing message or call: a row before it is sent. Account mail alone has no organization."""

    organization = ForeignKey(Organization, null=True, default=None, index=True)
    key = Varchar(length=200, unique=True, help_text="what makes it happen once; also the provider's idempotency key")
    kind = Varchar(length=20, help_text="one of KINDS")
    name = Varchar(length=40, help_text="which mail or alert it is, such as intake_request")
    subject_kind = Varchar(length=20, default="", help_text="what it is about, such as order")
    subject_id = BigInt(null=True, default=None)
    lead = ForeignKey(Lead, null=True, default=None, index=True)
    recipient = Varchar(length=254, default="")
    title = Varchar(length=250, default="", help_text="the subject of a mail, the first line of an alert")
    payload = JSONB(default={}, help_text="what exactly goes out")
    state = Varchar(length=20, choices=DeliveryState, default=DeliveryState.queued)
    why = Text(default="", help_text="why it is in this state, in words for staff")
    attempt = Integer(default=0)
    due_at = Timestamptz()
    lease_until = Timestamptz(null=True, default=None)
    lease_token = Varchar(length=40, default="")
    first_tried_at = Timestamptz(null=True, default=None, help_text="an idempotency key's life starts here")
    unclear_via = Varchar(length=20, default="", help_text="the provider that may have taken an earlier try")
    resends = Integer(default=0, help_text="raised when a person sends it anew: the provider must see another key then")
    provider_id = Varchar(length=120, default="")
    settled_at = Timestamptz(null=True, default=None)
    opened_at = Timestamptz(null=True, default=None)
    clicked_at = Timestamptz(null=True, default=None)
    bulk = Boolean(default=False, help_text="one of many alike: leaves in a batch where the provider has batches")
    batch = BigInt(null=True, default=None, help_text="the batch it left in; no foreign key, batches are forgotten")

    @property
    def provider_key(self) -> str:
        """The idempotency key the provider sees. A new one once a person sends it anew: under the old one the provider
        would only repeat its old answer."""
        return f"{self.key}:{self.resends}" if self.resends else self.key


class BatchState(StrEnum):
    sending = "sending"  # a worker has it, or had it when it died
    waiting = "waiting"  # for its next try
    paused = "paused"  # what it is about was paused, and an earlier try may have arrived
    done = "done"  # every member has its outcome; the bytes are gone
    dissolved = "dissolved"  # nothing of it arrived: its members go their own ways


class MailBatch(OrganizationOwned, Table, tablename="mail_batch"):
    """Mails that are handed over in one call. Members and bytes never change; its id is the idempotency key, and it is
    retried only as this very batch."""

    subject_kind = Varchar(length=20, default="", help_text="what its mails are about, such as campaign")
    subject_id = BigInt(null=True, default=None)
    members: Any = Array(BigInt(), default=[], help_text="ids of deliveries, in the order of the body")
    body = Bytea(default=b"", help_text="what is sent; empty once it came to an end")
    state = Varchar(length=10, choices=BatchState, default=BatchState.sending)
    why = Text(default="", help_text="why it is in this state, in words for staff")
    attempt = Integer(default=1)
    due_at = Timestamptz()
    lease_until = Timestamptz(null=True, default=None)
    lease_token = Varchar(length=40, default="")
    first_tried_at = Timestamptz(null=True, default=None, help_text="the life of its key starts here")
    unclear_via = Varchar(length=20, default="", help_text="the provider that may have taken an earlier try")

    @property
    def provider_key(self) -> str:
        """The idempotency key the provider sees."""
        return f"batch:{self.id}"


class DeliveryAttempt(Table):
    """One try at a delivery and what came of it."""

    id = BigSerial(primary_key=True)
    delivery = ForeignKey(Delivery, null=False, index=True)
    number = Integer()
    outcome = Varchar(length=20)
    detail = Text(default="")
    at = Timestamptz(default=TimestamptzNow())


class Suppression(OrganizationOwned, Table):
    """An address we must not write to again, and why."""

    email_normalized = Varchar(length=254)
    reason = Varchar(length=20, help_text="unsubscribed, bounced, complained or by hand")
    detail = Text(default="")
