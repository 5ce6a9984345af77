"""The words and tones of every status: the one map for badges, filters and legends."""

# Entity -> status -> (label, tone). `expired` and `overdue` are derived when shown, never stored.
STATUS: dict[str, dict[str, tuple[str, str]]] = {
    "order": {
        "new": ("New", "info"),
        "intake_pending": ("Intake pending", "pending"),
        "intake_complete": ("Intake complete", "info"),
        "in_progress": ("In progress", "info"),
        "done": ("Done", "positive"),
        "cancelled": ("Cancelled", "neutral"),
        "expired": ("Expired", "neutral"),
        "overdue": ("Intake overdue", "danger"),
    },
    "payment": {
        "unpaid": ("Unpaid", "pending"),
        "paid": ("Paid", "positive"),
        "partially_refunded": ("Part refunded", "warning"),
        "refunded": ("Refunded", "neutral"),
        "failed": ("Payment failed", "danger"),
        "disputed": ("Disputed", "danger"),
    },
    "lead": {
        "new": ("New", "info"),
        "qualified": ("Qualified", "positive"),
        "quoted": ("Quoted", "pending"),
        "won": ("Won", "positive"),
        "lost": ("Lost", "neutral"),
        "stale": ("No reply", "warning"),
    },
    "ticket": {
        "open": ("Open", "info"),
        "waiting": ("Waiting on customer", "pending"),
        "overdue": ("Overdue", "danger"),
        "solved": ("Solved", "positive"),
        "closed": ("Closed", "neutral"),
    },
    "priority": {
        "urgent": ("Urgent", "danger"),
        "high": ("High", "warning"),
        "normal": ("Normal", "neutral"),
        "low": ("Low", "pending"),
    },
    "campaign": {
        "draft": ("Draft", "neutral"),
        "scheduled": ("Scheduled", "pending"),
        "running": ("Running", "info"),
        "done": ("Finished", "positive"),
        "paused": ("Paused", "warning"),
        "stopped": ("Stopped", "neutral"),
    },
    "send": {
        "waiting": ("Waiting", "pending"),
        "due": ("Due", "pending"),
        "queued": ("Queued", "pending"),
        "sent": ("Sent", "info"),
        "delivered": ("Delivered", "positive"),
        "bounced": ("Bounced", "danger"),
        "complained": ("Complained of spam", "danger"),
        "failed": ("Failed", "danger"),
        "unknown": ("Unknown", "warning"),
        "suppressed": ("Suppressed", "neutral"),
        "skipped": ("Skipped", "neutral"),
        "stopped": ("Stopped", "neutral"),
    },
    "delivery": {
        "queued": ("Queued", "pending"),
        "sending": ("Sending", "info"),
        "sent": ("Sent", "info"),
        "delivered": ("Delivered", "positive"),
        "bounced": ("Bounced", "danger"),
        "failed": ("Failed", "danger"),
        "unknown": ("Unknown", "warning"),
        "held": ("Held", "warning"),
        "suppressed": ("Suppressed", "neutral"),
        "cancelled": ("Cancelled", "neutral"),
    },
    "event": {
        "waiting": ("Waiting", "pending"),
        "processing": ("Processing", "info"),
        "handled": ("Handled", "positive"),
        "ignored": ("Ignored", "neutral"),
        "failed": ("Failed", "danger"),
    },
    "job": {
        "ok": ("On time", "positive"),
        "running": ("Running", "info"),
        "late": ("Late", "warning"),
        "failed": ("Failed", "danger"),
        "off": ("Off", "neutral"),
    },
    "channel": {
        "connected": ("Connected", "positive"),
        "off": ("Not configured", "neutral"),
        "failing": ("Failing", "danger"),
    },
    "enrollment": {
        "waiting": ("Waiting for next step", "pending"),
        "queued": ("Queued", "pending"),
        "replied": ("Stopped: replied", "positive"),
        "bought": ("Stopped: bought", "positive"),
        "unsubscribed": ("Stopped: unsubscribed", "neutral"),
        "bounced": ("Stopped: bounced", "danger"),
        "suppressed": ("Skipped: suppressed", "neutral"),
        "finished": ("Finished", "info"),
    },
    "batch": {
        "waiting": ("Waiting", "pending"),
        "working": ("Working", "info"),
        "done": ("Done", "positive"),
        "failed": ("Stopped", "danger"),
        "undoing": ("Taking back", "info"),
        "undone": ("Taken back", "neutral"),
    },
    "plan": {  # what would happen to a line of a file
        "created": ("Create", "positive"),
        "updated": ("Update", "info"),
        "skipped": ("Skip", "neutral"),
        "failed": ("Error", "danger"),
    },
    "outcome": {
        "created": ("Created", "positive"),
        "updated": ("Updated", "info"),
        "skipped": ("Skipped", "neutral"),
        "failed": ("Error", "danger"),
        "kept": ("Kept", "warning"),
    },
    "role": {
        "owner": ("Owner", "info"),
        "admin": ("Admin", "info"),
        "agent": ("Agent", "neutral"),
        "viewer": ("Viewer", "neutral"),
    },
}

# The way of an order from left to right; cancelled and expired leave it.
STEPS = ("new", "intake_pending", "intake_complete", "in_progress", "done")


def score_tone(value: int) -> str:
    """The tone of a score or a confidence, 0 to 100."""
    return "positive" if value >= 80 else "warning" if value >= 50 else "danger"
