"""Passwords: argon2id, at most two at work at once, and the same work whether or not the account exists."""

import asyncio
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dashboard import settings

SHORTEST, SHORTEST_OWNER, LONGEST = 12, 15, 128
# What guessing programs try first: words, rows of keys and runs. A password made of these and digits is no password.
KNOWN = """
    password passwort passwd kennwort letmein welcome willkommen iloveyou administrator admin changeme backdesk football
    baseball basketball sunshine princess dragon monkey master shadow superman batman michael jennifer trustno whatever
    starwars computer internet secret freedom flower summer winter spring autumn google facebook hello qwertyuiop
    qwertzuiop azertyuiop qwerty qwertz azerty asdfghjkl asdfgh zxcvbnm yxcvbnm zxcvb qazwsxedc qazwsx qaz wsx edc rfv
    abcdefghijklmnopqrstuvwxyz abcdefghijkl abcdefgh abcdef abcd abc test user login company office"""
COMMON = sorted(KNOWN.split(), key=len, reverse=True)
LOOK_ALIKES = str.maketrans("@4301$5!7", "aaeolssit")

STRONG = PasswordHasher(memory_cost=65536, time_cost=3, parallelism=1)
LEAST = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)  # PASSWORD_WORK=least, which production refuses
_at_once = asyncio.Semaphore(2)
verifications = 0  # counted so that a test can show equal work on every path


def short(password: str) -> bool:
    """Whether it is too short for somebody who owns an organization."""
    return len(unicodedata.normalize("NFC", password)) < SHORTEST_OWNER


def problem(password: str, *, owner: bool = False) -> str:
    """What is wrong with a new password, in words; empty when it is fine."""
    shortest = SHORTEST_OWNER if owner else SHORTEST
    text = unicodedata.normalize("NFC", password)
    if len(text) < shortest:
        return f"Use at least {shortest} characters. A few unrelated words are easy to remember."
    if len(text) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if len(set(text.lower())) < 6 or _guessed(text.lower()):
        return "This one is guessed within seconds. Add something only you would think of."
    return ""


def _guessed(text: str) -> bool:
    """Whether fewer than four letters are left without the well-known pieces, also with look-alike signs."""
    for rest in (text, text.rstrip("0123456789!?.-_ ").translate(LOOK_ALIKES)):
        for piece in COMMON:
            rest = rest.replace(piece, " ")
        if sum(letter.isalpha() for letter in rest) < 4:
            return True
    return False


def _hasher() -> PasswordHasher:
    return LEAST if settings.current().password_work == settings.LEAST_WORK else STRONG


@cache
def _nobody(hasher: PasswordHasher) -> str:
    """Checked where there is no account: nobody has this password, it only costs the same time."""
    return hasher.hash("nobody")


async def hash(password: str) -> str:
    """The argon2id hash to store."""
    async with _at_once:
        return await asyncio.to_thread(_hasher().hash, _bytes(password))


async def verify(stored: str, password: str) -> bool:
    """Whether the password is right. Costs the same for no account, no password and over-long input."""
    global verifications
    verifications += 1
    usable, hasher = bool(stored) and len(password) <= LONGEST, _hasher()
    async with _at_once:
        nobody = await asyncio.to_thread(_nobody, hasher)  # also where it is not needed: the first try tells nothing
        try:
            matched = await asyncio.to_thread(hasher.verify, stored or nobody, _bytes(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
    return matched and usable


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher().check_needs_rehash(stored)


def _bytes(password: str) -> bytes:
    """One form for letters that can be typed in two ways; what is no text at all never matches anything."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "replace")
