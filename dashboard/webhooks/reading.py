"""Reading what Stripe wrote, field by field: the right kind of value, or a Problem in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboard.webhooks.ledger import Problem

LARGEST = 2**53


def object_of(event: dict) -> dict:
    found = event["data"]["object"]
    if not isinstance(found, dict):
        raise Problem("The event carries no object.")
    return found


def text_in(source: Mapping[str, Any], name: str) -> str:
    value = source[name]
    if not isinstance(value, str) or not value or len(value) > 120:
        raise Problem(f"The field {name!r} is not a text.")
    return value


def amount_of(value: object) -> int:
    """Minor units. Whole and not negative, or the event is kept as failed."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
        raise Problem("The amount is not a whole number of minor units.")
    return value


def moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or not 0 < seconds < 4_102_444_800:
        raise Problem("A time in the event is not one.")
    return datetime.fromtimestamp(seconds, UTC)


def whole(value: object) -> int:
    """A number we wrote into metadata ourselves; 0 for anything else."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19 else 0


def id_of(value: object) -> str:
    """The id of something that may be expanded."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""
