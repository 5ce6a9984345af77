"""How a call to the outside world can end badly, in words the dispatcher can act on and staff may read."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 3600.0
LONGEST_MESSAGE = 300


class ProviderError(Exception):
    """Carries a sentence for staff: no secret, no address with a token."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(ProviderError):
    """The provider said no, and would say no again."""


class OverQuota(Refused):
    """Nothing goes out until the provider's quota is renewed or raised; trying again only burns attempts."""


class Unavailable(ProviderError):
    """Nothing happened; try again, after `retry_after` seconds when the provider named a time."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotTaken(Unavailable):
    """Not even looked at: the provider was not reached, or it asks to come more slowly."""


class Unclear(ProviderError):
    """It may have happened. Only an idempotency key that is still alive makes another try safe."""


class NotConfigured(ProviderError):
    """`missing` says which setting is missing; nothing left this machine."""

    def __init__(self, missing: str) -> None:
        super().__init__(missing)
        self.missing = missing


def wait_from(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header, at most an hour; None when it is absent or makes no sense."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,9})?", text):
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), LONGEST_WAIT)


def safe_words(text: object, *secrets: str) -> str:
    """What a provider said, fit to show: one line, short, without addresses, keys and the secrets named."""
    words = " ".join(text.split()) if isinstance(text, str) else ""
    for secret in secrets:
        if secret:
            words = words.replace(secret, "(hidden)")
    words = re.sub(r"\b(?:https?|smtps?)://\S+", "(address)", words)
    words = re.sub(r"\b(?:sk|rk|pk|re|whsec|Bearer)[_ -][A-Za-z0-9*_.\-]{6,}", "(hidden)", words)
    words = "".join(letter for letter in words if letter.isprintable())
    return words if len(words) <= LONGEST_MESSAGE else words[: LONGEST_MESSAGE - 1] + "…"
