"""Limits: so many tries within a time, and guessing slowly helps nobody."""

from datetime import timedelta

import pytest

from dashboard import clock
from dashboard.accounts import attempts
from dashboard.accounts.attempts import PASSWORDS, Limit
from dashboard.errors import TooMany

ASKS = Limit(30, timedelta(minutes=5))


async def tries(limit: Limit, count: int, apart: timedelta) -> int:
    """How many of so many tries are let through."""
    start, passed = clock.now(), 0
    for n in range(count):
        try:
            await attempts.take(["somebody"], limit, start + n * apart)
            passed += 1
        except TooMany:
            pass
    return passed


async def test_whoever_comes_now_and_then_is_never_refused(acme):
    assert await tries(ASKS, 100, timedelta(minutes=4)) == 100


async def test_too_many_within_the_time_wait_until_it_is_over(acme):
    start = clock.now()
    for n in range(30):
        await attempts.take(["somebody"], ASKS, start + timedelta(seconds=n))
    with pytest.raises(TooMany, match="Wait 5 minutes"):
        await attempts.take(["somebody"], ASKS, start + timedelta(seconds=30))
    with pytest.raises(TooMany):
        await attempts.take(["somebody"], ASKS, start + timedelta(seconds=299))
    await attempts.take(["somebody"], ASKS, start + timedelta(seconds=301))


async def test_passwords_cannot_be_guessed_slowly(acme):
    """Ten, and then a pause, also where each try comes just before the time is over."""
    assert await tries(PASSWORDS, 11, timedelta(seconds=50)) == 10
