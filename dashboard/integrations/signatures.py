"""What the signature checks of the senders share. Compared in constant time, over the exact bytes received."""

import hmac
import json
from collections.abc import Iterable
from typing import Any

TOLERANCE = 300


class BadSignature(Exception):
    """A webhook that is not to be believed; `reason` is one of a few fixed words, safe to count by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def secrets_in(setting: str) -> list[str]:
    """The secrets of a setting; there are two, separated by a comma, while one replaces the other."""
    return [secret for part in setting.split(",") if (secret := part.strip())]


def matches(expected: Iterable[str], given: Iterable[str]) -> bool:
    """Whether any given signature is an expected one. Looks at all of them, so time tells nothing."""
    offered = [signature.encode() for signature in given]
    found = False
    for signature in expected:
        for offer in offered:
            found |= hmac.compare_digest(signature.encode(), offer)
    return found


def seconds(text: str) -> int:
    """A Unix time as the senders write it."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise BadSignature("no signature")
    return int(text)


def check_age(sent: int, now: int) -> None:
    """The far future is refused too: a clock that runs ahead would make a signature good for longer."""
    if sent < now - TOLERANCE:
        raise BadSignature("too old")
    if sent > now + TOLERANCE:
        raise BadSignature("in the future")


def event_in(body: bytes) -> dict[str, Any]:
    """The event as a JSON object."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadSignature("not JSON") from None
    if not isinstance(event, dict):
        raise BadSignature("not JSON")
    return event
