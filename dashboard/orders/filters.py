"""What the orders page can be filtered by, and its built-in views. All SQL of the filters stands here."""

from dashboard import lists
from dashboard.labels import STATUS
from dashboard.lists import Choice, Choices, Dates, Numbers, Person, Reference, Search, Sort
from dashboard.orders.tables import OrderStatus, PaymentStatus

# An intake is overdue when both reminders went out and five days after the request nothing has come.
OVERDUE = """(o.status = 'intake_pending' AND o.reminders >= 2
    AND o.intake_requested_at <= {}::timestamptz - interval '5 days')"""
# Whoever reminds by hand gives the customer two days, as the clock's own reminders do.
REMINDED = """EXISTS (SELECT 1 FROM activity a WHERE a.organization = o.organization AND a.subject_kind = 'order'
    AND a.subject_id = o.id AND a.verb = 'reminded' AND a.created_at > {}::timestamptz - interval '48 hours')"""
OPEN = "o.status NOT IN ('done', 'cancelled')"
ATTENTION = (
    "((" + OPEN + " AND (o.payment_status = 'failed' OR o.plan IS NULL"
    + " OR (" + OVERDUE + " AND NOT " + REMINDED + ")"
    + " OR (o.status IN ('intake_complete', 'in_progress') AND o.due_at < {}))) OR o.payment_status = 'disputed')"
)  # fmt: skip
# A number finds its order; only when there is none, it is looked for as text.
NUMBERED = """(o.number = {} OR (o.search LIKE {} AND NOT EXISTS (
    SELECT 1 FROM orders n WHERE n.organization = o.organization AND n.number = {})))"""

STATUSES = (
    *(Choice(status.value, STATUS["order"][status][0]) for status in OrderStatus),
    Choice("overdue", STATUS["order"]["overdue"][0], OVERDUE),
)
PAYMENTS = tuple(Choice(status.value, STATUS["payment"][status][0]) for status in PaymentStatus)

ORDERS = lists.List(
    page="orders",
    fields=(
        Search("q", "Search", "o.search LIKE {}", NUMBERED),
        Numbers("numbers", "Order", "o.number = ANY({})"),
        Choices("attention", "Attention", "", (Choice("yes", "Needs a person", ATTENTION),)),
        Choices("status", "Status", "o.status = ANY({})", STATUSES),
        Choices("payment", "Payment", "o.payment_status = ANY({})", PAYMENTS),
        Person("assignee", "Assigned to", "o.assignee"),
        Reference("plan", "Plan", "o.plan", nobody="No plan"),
        Dates("placed", "Placed", "o.placed_at"),
        Dates("due", "Due", "o.due_at"),
    ),
    sorts={
        "placed": Sort("o.placed_at", "placed_at", "time"),
        "number": Sort("o.number", "number", "number"),
        "customer": Sort('o.customer_name COLLATE "C"', "customer_name", "text", descending=False),
    },
    id_column="o.id",
)

VIEWS = (
    ("All orders", ""),
    ("Needs attention", "attention=yes"),
    ("Waiting for intake", "status=intake_pending"),
    ("In progress", "status=in_progress"),
    ("Refunds", "payment=partially_refunded&payment=refunded"),
)
