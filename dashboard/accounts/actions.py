"""People and organizations: founding, signing in, passwords."""

import re
import unicodedata
from datetime import datetime, timedelta

from dashboard.accounts import one_time, passwords, sessions
from dashboard.accounts.tables import Attempt, Membership, Organization, Role, User
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict, Invalid, TooMany
from dashboard.navigation import RESERVED_SLUGS

FREE_TRIES = 10
PAUSE = timedelta(seconds=60)
WRONG = "Address and password do not match."
SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
ADDRESS = re.compile(r"^[^@\s\x00-\x1f<>\"',;:()\[\]\\]{1,64}@[^@\s\x00-\x1f<>\"',;:()\[\]\\]{1,180}\.[^@\s.]{2,}$")

COUNT = """
    INSERT INTO attempt (key, count, window_ends_at) VALUES ({}, 1, {})
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN attempt.window_ends_at < {} THEN 1 ELSE attempt.count + 1 END, window_ends_at = {}"""


def slug_of(name: str) -> str:
    """A free-looking address for an organization's name: letters, digits and single hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "company"


def check_slug(slug: str) -> str:
    """Why an address cannot be used, in words; empty when it can."""
    if not SLUG.match(slug):
        return "Use lower-case letters, digits and hyphens, like harbour-pine."
    return "This word is used by Backdesk itself. Choose another." if slug in RESERVED_SLUGS else ""


def check_address(email: str) -> str:
    """Why this is no mail address, in words; empty when it is one."""
    if not email:
        return "Write an address, like name@company.com."
    return "" if len(email) <= 254 and ADDRESS.match(email) else "Write the whole address, like name@company.com."


async def create_owner(email: str, name: str, password: str, organization_name: str, *, slug: str = "") -> User:
    """The first person and their organization, or a further organization for a person who exists."""
    email, slug = email.strip().lower(), slug or slug_of(organization_name)
    problems = {
        "email": check_address(email),
        "organization": check_slug(slug) if organization_name.strip() else "Give your organization a name.",
        "password": passwords.problem(password, owner=True),
        "name": "" if name.strip() else "Say what people call you.",
    }
    if wrong := {field: text for field, text in problems.items() if text}:
        raise Invalid(wrong)
    hashed = await passwords.hash(password)
    async with transaction():
        if await Organization.exists().where(Organization.slug == slug):
            raise Conflict(f"There is an organization at /{slug} already.")
        user = await User.objects().where(User.email == email).first()
        if user is None:
            user = User(email=email, name=name.strip()[:120], password_hash=hashed)
            await user.save()
        organization = Organization(slug=slug, name=organization_name.strip()[:120], working_hours=WEEK)
        await organization.save()
        await Membership(user=user.id, organization=organization.id, role=Role.owner).save()
    return user


WEEK = {day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


async def check_password(email: str, password: str, address: str, now: datetime) -> User:
    """The person, or Invalid. Equal work and answer on each path; after ten wrong tries a pause, never a lockout."""
    email = email.strip().lower()[:254]
    keys = (f"account:{sessions.digest(email).hex()[:40]}", f"address:{address[:64]}")
    await _pause_if_many(keys, now)
    user = await User.objects().where(User.email == email).first()
    usable = user is not None and user.disabled_at is None
    right = await passwords.verify(user.password_hash if user and usable else "", password)
    if not (user and usable and right):
        for key in keys:
            await rows(COUNT, key, now + PAUSE, now, now + PAUSE)
        raise Invalid({"password": WRONG})
    await Attempt.delete().where(Attempt.key == keys[0])
    if passwords.outdated(user.password_hash):
        await User.update({User.password_hash: await passwords.hash(password)}).where(User.id == user.id)
    return user


async def _pause_if_many(keys: tuple[str, ...], now: datetime) -> None:
    limit = await row(
        "SELECT max(window_ends_at) AS until FROM attempt WHERE key = ANY({}) AND count >= {} AND window_ends_at > {}",
        list(keys), FREE_TRIES, now,
    )  # fmt: skip
    if limit and limit["until"]:
        seconds = max(1, int((limit["until"] - now).total_seconds()))
        raise TooMany(f"Too many tries. Wait {seconds} seconds, then try again.", seconds)


async def set_password(user: User, password: str, *, keep_session: int = 0) -> None:
    """A new password ends every other session and every reset link."""
    powerful = await Membership.exists().where(Membership.user == user.id, Membership.role == Role.owner.value)
    if wrong := passwords.problem(password, owner=powerful):
        raise Invalid({"password": wrong})
    hashed = await passwords.hash(password)
    async with transaction():
        await User.update({User.password_hash: hashed}).where(User.id == user.id)
        await sessions.end_all(user.id, but=keep_session)
        await one_time.void("password_reset", user=user.id)


async def home(user_id: int) -> str:
    """Where a person starts: Today of their first organization."""
    found = await row(
        "SELECT o.slug FROM membership m JOIN organization o ON o.id = m.organization WHERE m.user = {} "
        "ORDER BY m.id LIMIT 1", user_id,
    )  # fmt: skip
    return f"/{found['slug']}/today" if found else "/account"
