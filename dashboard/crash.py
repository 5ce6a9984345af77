"""Named places where a test may kill the process. CRASH_AT=name:n kills it the n-th time the name is passed."""

import os
import signal

POINTS = ("event.stored", "event.claimed", "event.handled", "delivery.claimed", "provider.answered", "delivery.settled")
MAIL_POINTS = ("mails.claimed", "mails.answered", "mails.settled", "mails.queued", "audience.filled")
BATCH_POINTS = ("batch.written", "batch.advanced")
APPROVAL_POINTS = ("approval.claimed", "approval.sent")

_wanted, _, _count = os.environ.get("CRASH_AT", "").partition(":")
_left = int(_count or 1) if _wanted else 0


def point(name: str) -> None:
    """Kill this process with SIGKILL, as a power cut would, when a test asked for it here."""
    global _left
    if name == _wanted and _left:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
