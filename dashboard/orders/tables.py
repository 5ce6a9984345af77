from enum import StrEnum

from piccolo.columns import JSONB, BigInt, Boolean, ForeignKey, Integer, SmallInt, Text, Timestamptz, Varchar
from piccolo.table import Table

from dashboard.accounts.ownership import OrganizationOwned
from dashboard.accounts.tables import User
from dashboard.files.tables import File
from dashboard.forms.tables import Form
from dashboard.leads.tables import Lead
from dashboard.payments.tables import Payment


class OrderStatus(StrEnum):
    """The work."""

    new = "new"
    intake_pending = "intake_pending"
    intake_complete = "intake_complete"
    in_progress = "in_progress"
    done = "done"
    cancelled = "cancelled"


class PaymentStatus(StrEnum):
    """The money; computed from the journal, see orders/money.py."""

    unpaid = "unpaid"
    paid = "paid"
    partially_refunded = "partially_refunded"
    refunded = "refunded"
    failed = "failed"
    disputed = "disputed"


class Plan(OrganizationOwned, Table):
    """Something sold."""

    name = Varchar(length=120)
    tier = Varchar(length=20, default="any", help_text="starter, professional, enterprise or any")
    billing = Varchar(length=20, default="one_off", help_text="one_off or subscription")
    stripe_prices = JSONB(default=[], help_text="price ids, and payment link ids")
    amount = BigInt(default=0, help_text="list price in minor units, for orders made by hand")
    currency = Varchar(length=3, default="EUR")
    days_to_deliver = Integer(default=5)
    form = ForeignKey(Form, null=True, default=None, help_text="the intake form; none = no intake")
    upsell_to = Varchar(length=120, default="", help_text="what the upsell mail offers; empty = no upsell mail")
    archived_at = Timestamptz(null=True, default=None)


class Order(OrganizationOwned, Table, tablename="orders"):
    """A purchase being fulfilled. The customer's name and the plan's are kept as they were when it was placed."""

    number = Integer()
    lead = ForeignKey(Lead, null=False, index=True)
    plan = ForeignKey(Plan, null=True, default=None, index=True)
    plan_name = Varchar(length=120, default="")
    tier = Varchar(length=20, default="")
    customer_name = Varchar(length=200, default="")
    customer_email = Varchar(length=254, default="")
    amount = BigInt(default=0, help_text="minor units of the currency")
    currency = Varchar(length=10, default="")
    status = Varchar(length=20, choices=OrderStatus, default=OrderStatus.new)
    payment_status = Varchar(length=20, choices=PaymentStatus, default=PaymentStatus.unpaid)
    provider = Varchar(length=20, default="stripe", help_text="stripe or manual")
    mode = Varchar(length=20, default="payment", help_text="payment, subscription or manual")
    session = Varchar(length=120, null=True, default=None, help_text="checkout session, unique per organization")
    payment_intent = Varchar(length=80, default="")
    invoice = Varchar(length=80, default="")
    subscription = Varchar(length=80, default="")
    checkout_paid = Boolean(default=False, help_text="the checkout said paid; the money line may still be on its way")
    checkout_failed = Boolean(default=False, help_text="the delayed payment method failed")
    source = Varchar(length=80, default="")
    source_data = JSONB(default={}, help_text="UTM and metadata of the checkout")
    placed_at = Timestamptz()
    confirmed_at = Timestamptz(null=True, default=None, help_text="first time it counted as paid: mails went out then")
    intake_requested_at = Timestamptz(null=True, default=None)
    intake_submitted_at = Timestamptz(null=True, default=None)
    started_at = Timestamptz(null=True, default=None)
    done_at = Timestamptz(null=True, default=None)
    cancelled_at = Timestamptz(null=True, default=None)
    cancel_reason = Varchar(length=200, default="")
    due_at = Timestamptz(null=True, default=None, help_text="the promise to the customer")
    assignee = ForeignKey(User, null=True, default=None)
    reminders = SmallInt(default=0, help_text="intake reminders queued so far, 0–2")
    upsold_at = Timestamptz(null=True, default=None)
    handovers = Integer(default=0, help_text="numbers the handover mails: handover:<order>:<n>")
    refunds_asked = Integer(default=0, help_text="numbers the refund deliveries: refund:<order>:<n>")


class OrderPayment(OrganizationOwned, Table):
    """Which order a line of the journal belongs to. A payment without one is waiting for its order."""

    order = ForeignKey(Order, null=False, index=True)
    payment = ForeignKey(Payment, null=False, unique=True)


class Deliverable(OrganizationOwned, Table):
    """What is handed over: a file, in versions."""

    order = ForeignKey(Order, null=False, index=True)
    title = Varchar(length=200)
    version = Integer(default=1)
    file = ForeignKey(File, null=False)
    is_report = Boolean(default=False, help_text="a report is followed up by mail after seven days")
    made_by = Varchar(length=10, default="staff", help_text="staff or machine")
    added_by = ForeignKey(User, null=True, default=None)
    note = Text(default="")
    delivered_at = Timestamptz(null=True, default=None)
    followed_up_at = Timestamptz(null=True, default=None)
    withdrawn_at = Timestamptz(null=True, default=None)
