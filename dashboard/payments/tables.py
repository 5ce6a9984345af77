from datetime import date
from enum import StrEnum
from typing import Any

from piccolo.columns import JSONB, BigInt, Boolean, Date, ForeignKey, Integer, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.leads.tables import Lead


class PaymentKind(StrEnum):
    charge = "charge"
    refund = "refund"
    dispute = "dispute"
    failure = "failure"  # a declined attempt: amount 0, kept because it decides what the order says


class Payment(OrganizationOwned, Table):
    """One line of the money journal. Signed minor units; the references find the order whenever it arrives."""

    kind = Varchar(length=10, choices=PaymentKind)
    key = Varchar(length=160, help_text="unique per organization: the provider's own id")
    provider = Varchar(length=20, default="stripe")
    amount = BigInt(help_text="minor units of the currency; refunds and lost disputes are negative")
    currency = Varchar(length=10, help_text="as the provider wrote it, upper case")
    status = Varchar(length=40, default="")
    rank = BigInt(default=0, help_text="how far the provider's object has come; a lower one never overwrites")
    provisional = Boolean(default=False, help_text="a refund known only by its charge, until refund.* names it")
    payment_intent = Varchar(length=80, default="")
    charge = Varchar(length=80, default="")
    invoice = Varchar(length=80, default="")
    session = Varchar(length=120, default="")
    subscription = Varchar(length=80, default="")
    lead = ForeignKey(Lead, null=True, default=None, index=True)
    description = Varchar(length=200, default="")
    occurred_at = Timestamptz()
    fee = BigInt(
        null=True, default=None, help_text="what the provider kept, in minor units of `fee_currency`; if known"
    )
    fee_currency = Varchar(length=10, default="")
    method = Varchar(length=20, default="", help_text="bank_transfer, cash or other, for what was entered by hand")
    entered_by = ForeignKey(User, null=True, default=None)
    reverses = BigInt(null=True, default=None, help_text="the line this one takes back")


class SubscriptionReport(OrganizationOwned, Table, tablename="subscription_report"):
    """What one event said of a subscription. Its history is all reports in the order of their time, so that it comes
    out the same however the events arrived."""

    key = Varchar(length=120, help_text="unique per organization: the event's id")
    subscription = Varchar(length=80)
    status = Varchar(length=30)
    rank = Integer(default=0, help_text="which of two reports of the same second is the later one")
    monthly = BigInt(default=0, help_text="minor units a month while it counts as revenue, else 0")
    currency = Varchar(length=10, default="")
    plan_price = Varchar(length=120, default="", help_text="the provider's price id, to find the plan")
    customer = Varchar(length=80, default="")
    occurred_at = Timestamptz()


class CostKind(StrEnum):
    ai = "ai"
    mail = "mail"
    hand = "hand"


class Cost(OrganizationOwned, Table):
    """Money spent: by machines as they work, or entered by hand."""

    kind = Varchar(length=10, choices=CostKind, default=CostKind.hand)
    key = Varchar(length=120, null=True, default=None, help_text="unique per organization, for what machines book")
    amount = BigInt(help_text="minor units; positive")
    currency = Varchar(length=10)
    spent_on: date = Date()  # type: ignore[assignment]
    source = Varchar(length=80, default="", help_text="of leads, when it was spent on one source")
    campaign = BigInt(null=True, default=None, help_text="id of the campaign it was spent on")
    note = Varchar(length=200, default="")
    by = ForeignKey(User, null=True, default=None)
    withdrawn_at = Timestamptz(null=True, default=None)


class BalanceLine(OrganizationOwned, Table, tablename="balance_line"):
    """One line of the provider's own books, as it stands there: what the journal is compared with."""

    key = Varchar(length=120, help_text="unique per organization: the balance transaction's id")
    type = Varchar(length=60, help_text="the provider's own word: charge, refund, payout …")
    kind = Varchar(length=10, default="", help_text="charge, refund or dispute; empty: not revenue")
    source = Varchar(length=120, default="", help_text="the id of the charge, refund or dispute")
    charge = Varchar(length=80, default="")
    payment_intent = Varchar(length=80, default="")
    amount = BigInt(null=True, default=None, help_text="minor units of `currency`, signed; empty where nobody says")
    currency = Varchar(length=10, default="", help_text="what the customer paid in")
    settled = BigInt(default=0, help_text="minor units of `settled_currency`, before the fee")
    settled_currency = Varchar(length=10, default="", help_text="what it was turned into")
    rate = Varchar(length=40, default="", help_text="the exchange rate as the provider wrote it; empty: none")
    fee = BigInt(default=0, help_text="minor units of `settled_currency`")
    occurred_at = Timestamptz()


class ProviderReading(OrganizationOwned, Table, tablename="provider_reading"):
    """How far a list of the provider's has been read, and how the last reading went."""

    name = Varchar(length=20, help_text="events or balance; unique per organization")
    complete_until = Timestamptz(null=True, default=None, help_text="everything before it was read")
    ran_at = Timestamptz(null=True, default=None)
    seen = Integer(default=0)
    found = Integer(default=0, help_text="of those, how many were not known before")
    problem = Varchar(length=300, default="", help_text="why the last reading did not come to its end")


class Reconciliation(OrganizationOwned, Table):
    """One day and currency, compared with the provider's own books."""

    day: date = Date()  # type: ignore[assignment]
    currency = Varchar(length=10)
    ours = BigInt(default=0, help_text="minor units: charges, refunds and disputes of our journal")
    theirs = BigInt(default=0, help_text="minor units: the same in the provider's balance transactions")
    offending: Any = JSONB(default=[], help_text="[{id, what, amount, why}] lines that one side lacks or has otherwise")
    checked_at = Timestamptz()
