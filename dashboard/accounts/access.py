"""Switching a person's account off and on, and giving back one whose phone is lost. An account belongs to all of its
person's organizations, so who decides about it must be in charge of that person in each of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from dashboard.accounts import attempts, one_time, sessions, team
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, Organization, Role, User
from dashboard.database import rows, serialize, transaction
from dashboard.errors import Conflict

THEIRS = """
    SELECT m.organization, m.role, mine.role AS my_role FROM membership m
    LEFT JOIN membership mine ON mine.organization = m.organization AND mine.user = {}
    WHERE m.user = {} ORDER BY m.organization"""
LINKS = ("password_reset", "sign_in_link", "second_step")


async def of_member(organization: Organization, id: int, by: Visitor, role: Role) -> User:
    """The person behind a membership, once it is clear that this one may decide about their whole account. Call it in
    the transaction of the change."""
    membership = await team.manageable(organization, id, role)
    user: User = membership.user
    if user.id == by.id:
        raise Conflict("This is your own account. Use your account page, or ask somebody else. Nothing was changed.")
    for each in await rows(THEIRS, by.id, user.id):
        if each["my_role"] is None or not team.may_manage(Role(each["my_role"]), each["role"]):
            raise Conflict(
                f"{user.name or user.email} also belongs to an organization that you do not look after, so their "
                "account is not yours to change. You can remove them from this team. Nothing was changed."
            )
    return user


async def organizations(user: User, *roles: Role) -> list[int]:
    """The ids of the organizations a person belongs to, in one of these roles or in any."""
    found = await Membership.select(Membership.organization, Membership.role).where(Membership.user == user.id)
    return sorted(each["organization"] for each in found if each["role"] in (roles or tuple(Role)))


async def switch_off(user: User, now: datetime) -> bool:
    """Nobody can sign in with this account any more; its sessions, open pages and links end. Work they did and have
    stays. False when it was off. Conflict when an organization would be without an owner."""
    async with transaction():
        for each in await organizations(user):
            await serialize(f"team:{each}")
        for each in await organizations(user, Role.owner):
            await team.keep_an_owner(each, user.id)
        changed = (
            await User.update({User.disabled_at: now})
            .where(User.id == user.id, User.disabled_at.is_null())
            .returning(User.id)
        )
        if changed:
            await _end_everything(user.id)
    return bool(changed)


async def switch_on(user: User, now: datetime) -> bool:
    """They can sign in again, with the password and second factor they had. False when it was on."""
    changed = (
        await User.update({User.disabled_at: None})
        .where(User.id == user.id, User.disabled_at.is_not_null())
        .returning(User.id)
    )
    return bool(changed)


async def reset_second_factor(user: User, now: datetime) -> bool:
    """For a lost phone: the password alone signs in until they set up a new one, which organizations that ask for it
    demand at once. Their sessions end. False when there was none."""
    async with transaction():
        changed = await rows(
            "UPDATE app_user SET totp_secret = NULL, recovery_codes = '[]'::jsonb "
            "WHERE id = {} AND totp_secret IS NOT NULL RETURNING id", user.id,
        )  # fmt: skip
        if changed:
            await _end_everything(user.id)
            await attempts.forget(f"code:{user.id}")
    return bool(changed)


async def _end_everything(user_id: int) -> None:
    await sessions.end_all(user_id)
    await one_time.void(*LINKS, user=user_id)


@dataclass(frozen=True)
class Change:
    """A change of somebody's account, with its verb for the timeline and what is said of it."""

    make: Callable[[User, datetime], Awaitable[bool]]
    verb: str
    done: str
    nothing: str

    def said(self, user: User, changed: bool) -> str:
        return (self.done if changed else self.nothing).format(user.name or user.email)


OFF = Change(switch_off, "switched_off", "{} is switched off", "{} was switched off already")
ON = Change(switch_on, "switched_on", "{} can sign in again", "{} could sign in already")
FACTOR = Change(
    reset_second_factor, "factor_reset", "The second factor of {} is reset", "{} had no second factor"
)  # fmt: skip
