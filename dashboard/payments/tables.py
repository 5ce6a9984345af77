from enum import StrEnum

from piccolo.columns import BigInt, Boolean, ForeignKey, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
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
