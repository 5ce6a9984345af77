"""What becomes of a delivery after a try: the rules, as a pure function."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dashboard.deliveries.tables import Delivery, DeliveryState, MailBatch
from dashboard.integrations.outcomes import NotConfigured, OverQuota, ProviderError, Refused, Unavailable, Unclear

ATTEMPTS = 8
BACK_OFF = [5, 30, 120, 600, 1800, 7200, 18000]  # seconds before tries 2–8
QUOTA_PAUSE = 3600.0  # seconds between looks at a quota that is used up
MARGIN = timedelta(hours=1)  # a key counts as forgotten this much before the provider forgets it
MAYBE = "An earlier try may have arrived."


@dataclass(frozen=True)
class Outcome:
    state: DeliveryState
    why: str
    also: dict[str, Any] = field(default_factory=dict)


def after(
    delivery: Delivery | MailBatch, problem: ProviderError, via: tuple[str, timedelta | None], now: datetime
) -> Outcome:
    """Held, failed, unknown, or queued again with back-off.

    `failed` says that nothing arrived, so a delivery that may have arrived on any of its tries ends as `unknown`."""
    provider, lifetime = via
    why = problem.message
    if isinstance(problem, NotConfigured):
        return not_tried(delivery, DeliveryState.held, why)
    if isinstance(problem, Unclear) and not protected(delivery, lifetime, now):
        return Outcome(DeliveryState.unknown, why, {"unclear_via": provider})
    unclear_via = provider if isinstance(problem, Unclear) else delivery.unclear_via
    over = isinstance(problem, Refused) and not isinstance(problem, OverQuota)
    if over or delivery.attempt >= ATTEMPTS:
        tried = "" if over else f" Tried {delivery.attempt} times."
        if unclear_via:
            return Outcome(DeliveryState.unknown, f"{why}{tried} {MAYBE}", {"unclear_via": unclear_via})
        return Outcome(DeliveryState.failed, f"{why}{tried}")
    due_at = now + timedelta(seconds=_wait(delivery.attempt, problem))
    return Outcome(DeliveryState.queued, why, {"due_at": due_at, "unclear_via": unclear_via})


def doubtful(delivery: Delivery | MailBatch, via: tuple[str, timedelta | None], now: datetime) -> Outcome | None:
    """Before another try: unknown when an earlier one may have arrived and nobody would recognise its key any more."""
    if not delivery.unclear_via or (delivery.unclear_via == via[0] and protected(delivery, via[1], now)):
        return None
    why = f"{delivery.unclear_via} may have taken an earlier try, and sending again could do it twice."
    return Outcome(DeliveryState.unknown, why)


def not_tried(delivery: Delivery | MailBatch, state: DeliveryState, why: str, **also: Any) -> Outcome:
    """Put back without counting the try: the provider was not asked."""
    first = {"first_tried_at": None} if delivery.attempt <= 1 and not delivery.unclear_via else {}
    return Outcome(state, why, {"attempt": max(0, delivery.attempt - 1)} | first | also)


def protected(delivery: Delivery | MailBatch, lifetime: timedelta | None, now: datetime) -> bool:
    """Whether another try cannot do it twice: the provider honours our key and still remembers it."""
    return lifetime is not None and now - (delivery.first_tried_at or now) < lifetime - MARGIN


def _wait(attempt: int, problem: ProviderError) -> float:
    if isinstance(problem, OverQuota):
        return QUOTA_PAUSE
    if isinstance(problem, Unavailable) and problem.retry_after is not None:
        return max(1.0, problem.retry_after) * random.uniform(1.0, 1.1)  # noqa: S311 – jitter
    return BACK_OFF[min(attempt, len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 – jitter
