"""Who belongs to an organization, in which role, and who is invited."""

from datetime import datetime
from typing import Any

from dashboard.accounts import attempts, forms, one_time, sessions
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, OneTimeToken, Organization, Role, User
from dashboard.database import row, rows, serialize, transaction
from dashboard.errors import Conflict, Invalid, NotAllowed, NotFound

MEMBERS = """
    SELECT m.id, m.role, m.user, u.name, u.email, u.disabled_at, u.totp_secret IS NOT NULL AS second_factor,
        (SELECT max(s.last_seen_at) FROM app_session s WHERE s.user = u.id) AS seen_at
    FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} ORDER BY u.name, m.id"""
INVITED = """
    SELECT t.id, t.email, t.role, t.created_at, t.expires_at, t.token_hash IS NOT NULL AS sent, u.name AS inviter
    FROM one_time_token t LEFT JOIN app_user u ON u.id = t.invited_by
    WHERE t.organization = {} AND t.purpose = 'invitation' AND t.used_at IS NULL AND t.expires_at > {}
    ORDER BY t.created_at DESC, t.id DESC"""
OTHER_OWNER = """
    SELECT 1 AS one FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND m.role = 'owner' AND u.id <> {} AND u.disabled_at IS NULL LIMIT 1"""
MAY_GIVE = {Role.owner: tuple(Role), Role.admin: (Role.viewer, Role.agent)}


async def members(organization: Organization) -> list[dict[str, Any]]:
    """Everybody who belongs to the organization, by name."""
    return await rows(MEMBERS, organization.id)


async def invited(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Invitations that can still be accepted, newest first."""
    return await rows(INVITED, organization.id, now)


def may_manage(mine: Role, theirs: str) -> bool:
    """Owners manage everybody, admins agents and viewers."""
    return Role(theirs) in MAY_GIVE.get(mine, ())


def a(role: str) -> str:
    """The role with its article: an agent, a viewer."""
    return f"{'an' if role[0] in 'ao' else 'a'} {role}"


async def member(organization: Organization, id: int) -> Membership:
    """The membership, or NotFound."""
    found = await Membership.objects(Membership.user).get(
        (Membership.id == id) & (Membership.organization == organization.id)
    )
    if found is None:
        raise NotFound()
    return found


async def change_role(organization: Organization, id: int, role: str, *, by: Role) -> Membership:
    """Give somebody another role; their sessions end, so nothing of the old role lives on. The last owner stays."""
    if role not in set(Role):
        raise Invalid({"role": "Choose one of the roles."})
    async with transaction():
        membership = await manageable(organization, id, by)
        if Role(role) not in MAY_GIVE[by]:
            raise NotAllowed("Only the owner may make somebody an admin or owner. Nothing was changed.")
        if membership.role != role:
            await _keep_an_owner(organization, membership, becomes=role)
            await Membership.update({Membership.role: role}).where(Membership.id == id)
            await sessions.end_all(membership.user.id)
            membership.role = role
    return membership


async def remove(organization: Organization, id: int, *, by: Role) -> Membership:
    """Take somebody out of the organization; their sessions end at once. What they did stays."""
    async with transaction():
        membership = await manageable(organization, id, by)
        await _keep_an_owner(organization, membership, becomes="")
        await Membership.delete().where(Membership.id == id)
        await sessions.end_all(membership.user.id)
        await _withdraw(organization, OneTimeToken.email == membership.user.email)
    return membership


async def manageable(organization: Organization, id: int, by: Role) -> Membership:
    """The membership, once it is clear that this role may change it. The team stays as it is until the transaction
    ends."""
    await serialize(f"team:{organization.id}")
    membership = await member(organization, id)
    if not may_manage(by, membership.role):
        raise NotAllowed(f"Only the owner may change {a(membership.role)}. Nothing was changed.")
    return membership


async def _keep_an_owner(organization: Organization, membership: Membership, *, becomes: str) -> None:
    if membership.role != Role.owner or becomes == Role.owner:
        return
    await keep_an_owner(organization.id, membership.user.id)


async def keep_an_owner(organization_id: int, user_id: int) -> None:
    """Conflict when nobody else who can sign in owns the organization."""
    if await row(OTHER_OWNER, organization_id, user_id) is None:
        raise Conflict("This is the only owner. Make somebody else an owner first. Nothing was changed.")


async def invite(
    organization: Organization, email: str, role: str, *, by: Visitor, as_role: Role, now: datetime
) -> OneTimeToken:
    """Prepare an invitation; an older one to the same address is withdrawn. The secret is made when the mail leaves."""
    email = forms.address(email)
    allowed = role in set(Role) and Role(role) in MAY_GIVE.get(as_role, ()) and role != Role.owner
    forms.refuse(
        {"email": forms.address_problem(email), "role": "" if allowed else "Choose one of the roles you may give."}
    )
    await attempts.take([f"invitations:{organization.id}"], attempts.INVITATIONS, now)
    async with transaction():
        await serialize(f"team:{organization.id}")
        if any(each["email"] == email for each in await members(organization)):
            raise Invalid({"email": "This person belongs to the team already."})
        await _withdraw(organization, OneTimeToken.email == email)
        return await one_time.prepare(
            "invitation", now, email=email, organization=organization.id, role=role, invited_by=by.id
        )


async def invitation(organization: Organization, id: int, now: datetime) -> OneTimeToken:
    """An invitation of this organization that is still open, or NotFound."""
    found = await OneTimeToken.objects().get(
        (OneTimeToken.id == id) & (OneTimeToken.organization == organization.id)
        & (OneTimeToken.purpose == "invitation") & (OneTimeToken.expires_at > now) & OneTimeToken.used_at.is_null()
    )  # fmt: skip
    if found is None:
        raise NotFound("This invitation has been accepted, withdrawn or is too old.")
    return found


async def withdraw(organization: Organization, id: int) -> None:
    """The link in the mail stops working. Repeating it changes nothing."""
    await _withdraw(organization, OneTimeToken.id == id)


async def _withdraw(organization: Organization, which: Any) -> None:
    await OneTimeToken.delete().where(
        OneTimeToken.organization == organization.id, OneTimeToken.purpose == "invitation",
        OneTimeToken.used_at.is_null(), which,
    )  # fmt: skip


async def accept(secret: str, user: User | None, new: User | None, now: datetime) -> tuple[User, OneTimeToken]:
    """Use the invitation up and join: as `user`, or as the `new` person it makes. Of many at once exactly one succeeds.
    Somebody who belongs to the team already keeps the role they have."""
    async with transaction():
        token = await one_time.use("invitation", secret, now)
        if user is None:
            assert new is not None
            new.email, user = token.email, new
            await user.save()
        await rows(
            'INSERT INTO membership ("user", organization, role, created_at) VALUES ({}, {}, {}, {}) '
            'ON CONFLICT ("user", organization) DO NOTHING',
            user.id, token.organization, token.role, now,
        )  # fmt: skip
        await sessions.end_all(user.id)
    return user, token
