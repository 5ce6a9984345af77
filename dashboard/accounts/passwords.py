"""Passwords: argon2id, at most two at work at once, and the same work whether or not the account exists."""

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, SHORTEST_OWNER, LONGEST = 12, 15, 128
COMMON = (
    "password", "passwort", "qwerty", "letmein", "welcome", "iloveyou", "administrator", "changeme",
    "123456789", "abcdefgh", "trustno1", "backdesk", "football", "baseball", "sunshine", "princess",
)  # fmt: skip

_hasher = PasswordHasher(memory_cost=65536, time_cost=3, parallelism=1)
_at_once = asyncio.Semaphore(2)
NOBODY = _hasher.hash("nobody has this password, it only costs the same time")
verifications = 0  # counted so that a test can show equal work on every path


def problem(password: str, *, owner: bool = False) -> str:
    """What is wrong with a new password, in words; empty when it is fine."""
    shortest = SHORTEST_OWNER if owner else SHORTEST
    text = unicodedata.normalize("NFC", password)
    if len(text) < shortest:
        return f"Use at least {shortest} characters. A few unrelated words are easy to remember."
    if len(text) > LONGEST:
        return f"Use at most {LONGEST} characters."
    plain = text.lower()
    if len(set(plain)) < 6 or any(plain.replace(word, "").strip("0123456789!?.-_ ") == "" for word in COMMON):
        return "This one is guessed within seconds. Add something only you would think of."
    return ""


async def hash(password: str) -> str:
    """The argon2id hash to store."""
    async with _at_once:
        return await asyncio.to_thread(_hasher.hash, _bytes(password))


async def verify(stored: str, password: str) -> bool:
    """Whether the password is right. Costs the same for no account, no password and over-long input."""
    global verifications
    verifications += 1
    usable = bool(stored) and len(password) <= LONGEST
    async with _at_once:
        try:
            matched = await asyncio.to_thread(_hasher.verify, stored if stored else NOBODY, _bytes(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
    return matched and usable


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    """One form for letters that can be typed in two ways; what is no text at all never matches anything."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
