"""Signed-in browsers: own rows, an id nobody else can choose, idle and absolute limits."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.accounts.tables import Membership, Role, Session, User
from dashboard.database import row, rows
from dashboard.errors import Conflict

COOKIE = "__Host-sid"
IDLE = timedelta(minutes=60)
LIMIT = {True: timedelta(hours=12), False: timedelta(hours=24)}  # owner or admin anywhere: the shorter one
TOUCH = timedelta(minutes=5)
FRESH = timedelta(minutes=15)

FIND = """
    SELECT s.id, s.user, s.confirmed_at, s.last_seen_at, u.email, u.name, u.keys_off,
        u.totp_secret IS NOT NULL AS second_factor, u.password_short
    FROM app_session s JOIN app_user u ON u.id = s.user
    WHERE s.token_hash = {} AND s.expires_at > {} AND s.last_seen_at > {} AND u.disabled_at IS NULL"""

# Whoever changes one of these ends all sessions: either that is seen here, or it comes after, and ends this one too.
SAME = """
    SELECT id FROM app_user WHERE id = {} AND password_hash = {} AND totp_secret IS NOT DISTINCT FROM {}::bytea
    AND disabled_at IS NULL FOR SHARE"""
CHANGED = "This account was changed while you signed in. Sign in again."


@dataclass(frozen=True)
class Visitor:
    """Who is there: a signed-in person and the session they came with."""

    id: int
    email: str
    name: str
    keys_off: bool
    session_id: int
    token: str
    confirmed_at: datetime
    second_factor: bool = False
    password_short: bool = False

    def confirmed_lately(self, now: datetime) -> bool:
        """Whether the password was given within 15 minutes, as dangerous actions require."""
        return now - self.confirmed_at < FRESH


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def hold(user: User) -> None:
    """The account as it was when the person proved who they are, until this transaction ends; Conflict where its
    password or second factor is another by now, or it is switched off."""
    if not await row(SAME, user.id, user.password_hash, user.totp_secret):
        raise Conflict(CHANGED)


async def begin(user: User, now: datetime, *, address: str = "", browser: str = "") -> str:
    """A new session for a person; returns the token for the cookie. A token a client brought is never adopted."""
    token = secrets.token_urlsafe(32)
    powerful = await Membership.exists().where(
        Membership.user == user.id, Membership.role.is_in([Role.owner.value, Role.admin.value])
    )
    session = Session(
        token_hash=digest(token), user=user.id, created_at=now, last_seen_at=now, confirmed_at=now,
        expires_at=now + LIMIT[powerful], address=address[:64], browser=browser[:200],
    )  # fmt: skip
    await session.save()
    return token


async def find(token: str, now: datetime, *, touch: bool = True) -> Visitor | None:
    """The person behind a cookie, or None for an unknown, idle or ended session. `touch`: this is their activity."""
    found = await row(FIND, digest(token), now, now - IDLE)
    if found is None:
        return None
    if touch and now - found["last_seen_at"] > TOUCH:
        await Session.update({Session.last_seen_at: now}).where(Session.id == found["id"])
    return Visitor(
        found["user"], found["email"], found["name"], found["keys_off"], found["id"], token, found["confirmed_at"],
        found["second_factor"], found["password_short"],
    )  # fmt: skip


async def confirm(session_id: int, now: datetime) -> None:
    """Remember that the password was given just now."""
    await Session.update({Session.confirmed_at: now}).where(Session.id == session_id)


async def end(session_id: int, user_id: int) -> None:
    """End one of a person's own sessions."""
    await Session.delete().where(Session.id == session_id, Session.user == user_id)


async def end_all(user_id: int, *, but: int = 0) -> int:
    """End every session of a person, perhaps but one: after a password, role or membership change. How many."""
    return len(await Session.delete().where(Session.user == user_id, Session.id != but).returning(Session.id))


async def of_user(user_id: int, now: datetime) -> list[dict]:
    """The living sessions of a person, newest first, each with a `title` such as Firefox on Linux."""
    found = await rows(
        "SELECT id, created_at, last_seen_at, address, browser FROM app_session "
        "WHERE \"user\" = {} AND expires_at > {} AND last_seen_at > {} ORDER BY last_seen_at DESC, id DESC LIMIT 50",
        user_id, now, now - IDLE,
    )  # fmt: skip
    return [each | {"title": title(each["browser"])} for each in found]


def title(browser: str) -> str:
    """What a User-Agent header most likely means to the person who reads it."""
    program = next((name for mark, name in PROGRAMS if mark in browser), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in browser), "")
    return f"{program} on {system}" if system else program


# Each names the ones after it in its header too, so the first that fits is the right one.
PROGRAMS = [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
SYSTEMS = [
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]  # fmt: skip


async def forget_ended(now: datetime) -> int:
    """Delete rows of sessions that are over; how many."""
    return len(
        await Session.delete()
        .where((Session.expires_at < now) | (Session.last_seen_at < now - IDLE))
        .returning(Session.id)
    )
