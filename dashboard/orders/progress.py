"""What follows from an order, in words: whose turn it is, the way it has come, what to do next, which mails go out by
themselves. Pure: no query, no clock."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from dashboard.formats import brief, day, money
from dashboard.labels import STATUS
from dashboard.orders.tables import PaymentStatus

MAILS = {
    "payment_confirmation": "Payment confirmation",
    "intake_request": "Intake request",
    "intake_reminder": "Intake reminder",
    "intake_again": "Question asked again",
    "handover": "Handover",
    "report_ready": "Report ready",
    "report_failed": "Report failed",
    "upsell": "Upsell",
    "follow_up": "Follow-up",
}

REMIND_AFTER = (timedelta(hours=48), timedelta(days=5))  # as the intake's own job does it


class Turn(NamedTuple):
    """Who has to move: `ours`, in words, and the name an avatar shows."""

    ours: bool
    text: str
    name: str


class NextStep(NamedTuple):
    """One sentence, what it will do, and the one button: its words, icon and address below the order. Without a label
    there is none."""

    title: str
    text: str
    label: str = ""
    icon: str = ""
    action: str = ""


def is_overdue(order: dict[str, Any], now: datetime) -> bool:
    """Both reminders went out, five days have passed since the request, and nothing has come."""
    requested = order["intake_requested_at"]
    waiting = order["status"] == "intake_pending" and requested is not None
    return waiting and order["reminders"] >= 2 and (now - requested).days >= 5


def turn(order: dict[str, Any], now: datetime) -> Turn | None:
    """Whose move it is; nobody's on a done or cancelled order."""
    us, them = order["assignee_name"] or "", order["customer_name"] or order["customer_email"]
    match order["status"]:
        case "new" if not order["confirmed_at"] and order["payment_status"] in (
            PaymentStatus.unpaid,
            PaymentStatus.failed,
        ):
            return Turn(False, "Customer’s turn: pay", them)
        case "intake_pending" if is_overdue(order, now):
            return Turn(True, "Our turn: ask the customer", us)
        case "intake_pending":
            return Turn(False, "Customer’s turn: fill in the form", them)
        case "new" | "intake_complete":
            return Turn(True, "Our turn: start work", us)
        case "in_progress":
            return Turn(True, "Our turn: finish and hand over", us)
    return None


def steps(order: dict[str, Any], zone: str, now: datetime) -> list[tuple[str, str, str]]:
    """The way of the order for ui.stepper: (label, time, state). Steps it never takes are left out."""
    asks = order["plan_form"] is not None or order["intake_requested_at"] is not None
    reached = {
        "new": order["placed_at"], "intake_pending": order["intake_requested_at"],
        "intake_complete": order["intake_submitted_at"], "in_progress": order["started_at"], "done": order["done_at"],
    }  # fmt: skip
    names = [name for name in reached if asks or not name.startswith("intake")]
    if order["status"] == "cancelled":
        kept = [(STATUS["order"][name][0], brief(reached[name], zone, now), "done") for name in names if reached[name]]
        stopped = brief(order["cancelled_at"], zone, now) if order["cancelled_at"] else ""
        return [*kept, ("Cancelled", stopped, "off")]
    at, found = names.index(order["status"]) if order["status"] in names else 0, []
    for index, name in enumerate(names):
        state = "done" if index < at or order["status"] == "done" else "current" if index == at else ""
        found.append((STATUS["order"][name][0], _small(order, name, reached[name], index - at, zone, now), state))
    return found


def _small(order: dict[str, Any], name: str, when: datetime | None, ahead: int, zone: str, now: datetime) -> str:
    if when is not None and ahead <= 0:
        return ("since " if name == "in_progress" and ahead == 0 else "") + brief(when, zone, now)
    if name == "done" and order["due_at"] is not None:
        return f"due {day(order['due_at'], zone, weekday=True).rsplit(' ', 1)[0]}"
    return ""


def next_step(order: dict[str, Any], deliverables: list[dict[str, Any]], now: datetime, missing: int = 0) -> NextStep:
    """What to do now. `missing`: what is still to pay, in minor units."""
    match order["status"]:
        case "new" if order["provider"] == "manual" and order["payment_status"] == PaymentStatus.unpaid:
            if 0 < missing < order["amount"]:
                text = "It books the rest, sends the confirmation and asks for the intake, if the plan has one."
                rest = f"Next: wait for the remaining {money(missing, order['currency'])}"
                return NextStep(rest, text, "Mark as paid", "check", "payment")
            text = "It books the money, sends the confirmation and asks for the intake, if the plan has one."
            return NextStep("Next: wait for the bank transfer", text, "Mark as paid", "check", "payment")
        case "new" if not order["confirmed_at"]:
            failed = order["payment_status"] == PaymentStatus.failed
            title = "The payment failed" if failed else "Next: the payment arrives"
            return NextStep(title, "The order goes on by itself once Stripe reports the money.")
        case "new" if order["plan"] is None:
            text = "The checkout did not say what was bought. The plan decides the deadline and the intake form."
            return NextStep("Next: choose the plan", text, "Choose plan", "package", "plan")
        case "intake_pending":
            title = (
                "Overdue: the customer’s answers" if is_overdue(order, now) else "Next: the customer fills in the form"
            )
            text = f"Reminders go out by themselves after 48 hours and 5 days; {order['reminders']} of 2 have."
            return NextStep(title, text, "Send reminder", "send", "reminders")
        case "new" | "intake_complete":
            text = "The customer sees nothing of it yet. The order counts as in progress."
            return NextStep("Next: begin", text, "Start work", "play", "work")
        case "in_progress":
            title = (
                "Next: check the work, then hand it over" if deliverables else "Next: do the work, then hand it over"
            )
            attached = len({each["title"] for each in deliverables})
            what = f"with {attached} link{'' if attached == 1 else 's'} to download" if attached else "without a file"
            text = f"Marking it done sends the handover mail {what}. You can undo for 10 seconds."
            return NextStep(title, text, "Mark done", "check", "delivery")
        case "cancelled":
            why = order["cancel_reason"]
            return NextStep("This order is cancelled", f"Reason: {why}" if why else "Nothing goes out any more.")
    return NextStep("Nothing is left to do", "The customer has been told. What comes now, comes by itself.")


def upcoming(order: dict[str, Any], zone: str, now: datetime) -> list[tuple[str, str]]:
    """The mails that will go out by themselves or with the next steps: (label, when)."""
    found = []
    if order["status"] == "intake_pending" and order["reminders"] < 2 and order["intake_requested_at"]:
        due = order["intake_requested_at"] + REMIND_AFTER[order["reminders"]]
        found.append((MAILS["intake_reminder"], f"{brief(due, zone, now)}, if no answers have come"))
    if order["status"] not in ("done", "cancelled"):
        found.append((MAILS["handover"], "When the order is marked done"))
    return found
