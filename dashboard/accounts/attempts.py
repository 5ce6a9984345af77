"""Tries are counted in PostgreSQL, so that limits hold across processes and restarts. Too many bring a pause, never a
lockout: whoever knows the right password gets in when it is over."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.accounts.tables import Attempt
from dashboard.database import rows
from dashboard.errors import TooMany


@dataclass(frozen=True)
class Limit:
    """So many tries within a time. `strict`: it begins again with each try, so that guessing slowly does not help; else
    it runs from the first one, and whoever comes now and then is never refused."""

    tries: int
    pause: timedelta
    strict: bool = False


PASSWORDS = Limit(10, timedelta(seconds=60), strict=True)
# Six digits are few, and only somebody with the password gets to try.
CODES = Limit(5, timedelta(minutes=15), strict=True)
MAILS = Limit(5, timedelta(minutes=15))  # to one address
ASKS = Limit(20, timedelta(minutes=15))  # for mails, from one place
INVITATIONS = Limit(50, timedelta(hours=1))

# A refused try changes nothing, so that somebody who keeps trying cannot keep the pause going.
TAKE = """
    INSERT INTO attempt (key, count, window_ends_at) VALUES ({}, 1, {})
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN attempt.window_ends_at <= {} THEN 1 ELSE least(attempt.count, {}) + 1 END,
        window_ends_at = CASE WHEN attempt.window_ends_at > {} AND (attempt.count >= {} OR NOT {}::boolean)
            THEN attempt.window_ends_at ELSE excluded.window_ends_at END
    RETURNING count, window_ends_at"""


def account(email: str) -> str:
    """The key for one account; also for one that does not exist."""
    return f"account:{hashlib.sha256(email.encode()).hexdigest()[:40]}"


def place(address: str) -> str:
    """The key for where a request comes from. A home has a whole /64 of IPv6 addresses."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return f"address:{address[:64]}"
    if ip.version == 6 and ip.ipv4_mapped is None:
        return f"address:{ipaddress.ip_network((ip, 64), strict=False)}"
    return f"address:{ip}"


async def take(keys: list[str], limit: Limit, now: datetime) -> None:
    """Count one try under each key before it is made, so that many at once cannot slip through; else TooMany."""
    for n, key in enumerate(keys):
        found = (await rows(TAKE, key, now + limit.pause, now, limit.tries, now, limit.tries, limit.strict))[0]
        if found["count"] > limit.tries:
            await give_back(keys[:n])
            seconds = max(1, round((found["window_ends_at"] - now).total_seconds()))
            wait = f"{seconds} seconds" if seconds < 120 else f"{-(-seconds // 60)} minutes"
            raise TooMany(f"Too many tries. Wait {wait}, then try again.", seconds)


async def give_back(keys: list[str]) -> None:
    """A try that was right after all does not count."""
    for key in keys:
        await rows("UPDATE attempt SET count = greatest(count - 1, 0) WHERE key = {}", key)


async def forget(key: str) -> None:
    """Start counting afresh: the right secret was given."""
    await Attempt.delete().where(Attempt.key == key)
