"""The buttons under a suggestion in Telegram. Each carries what it does, the suggestion, its version, and our proof."""

from typing import NamedTuple

from dashboard import links
from dashboard.approvals.actions import REASONS
from dashboard.approvals.tables import Suggestion

APPROVE, REJECT, UNDO, BACK = "a", "r", "u", "b"
Label = tuple[str, str]  # (what stands on it, what it carries)


class Button(NamedTuple):
    """`reason`: why a suggestion is rejected, on the buttons that say so."""

    does: str
    suggestion: int
    version: int
    reason: str = ""


def first(found: Suggestion, *, may_approve: bool) -> list[Label]:
    """Under a suggestion that waits."""
    approve = [("Approve", write(APPROVE, found))] if may_approve else []
    return [*approve, ("Reject", write(REJECT, found))]


def reasons(found: Suggestion) -> list[Label]:
    """After Reject: why, and the way back."""
    return [*((reason, write(f"{REJECT}{n}", found)) for n, reason in enumerate(REASONS)), ("Back", write(BACK, found))]


def undo(found: Suggestion) -> list[Label]:
    return [("Undo", write(UNDO, found))]


def write(does: str, found: Suggestion) -> str:
    return f"{does}:{links.token(_purpose(does), found.id, found.version)}"


def read(carried: str) -> Button | None:
    """What a button of ours carries; None for what we never signed."""
    does, _, token = carried.partition(":")
    known = links.read(_purpose(does), token)
    if known is None:
        return None
    number = does[1:]
    return Button(does[:1], *known, REASONS[int(number)] if number else "")


def _purpose(does: str) -> str:
    return f"telegram-{does}"
