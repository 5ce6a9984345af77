"""Who is in the organization, and inviting."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import confirmation, credentials, one_time, team
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, role_of, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import OneTimeToken, Organization, Role
from dashboard.activity import actions as activity
from dashboard.database import transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Conflict, Invalid, TooMany
from dashboard.pages import fragment, page, redirect

Form = URLEncodedBody[dict[str, str]]
LIST = "settings/_team.html"
INVITATIONS = "/{org:str}/settings/team/invitations"


async def _context(request: Request, organization: Organization, user: Visitor, now: datetime) -> dict[str, Any]:
    mine = role_of(request)
    members = await team.members(organization)
    return {
        "members": [each | {"manageable": team.may_manage(mine, each["role"])} for each in members],
        "invited": await team.invited(organization, now), "fresh": user.confirmed_lately(now), "now": now,
        "may_give": [role.value for role in team.MAY_GIVE.get(mine, ())], "mail_works": credentials.mail_works(),
    }  # fmt: skip


@get("/{org:str}/settings/team", name="settings.team", guards=[viewer])
async def show_team(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Everybody, who is invited, and what each role may do."""
    return page(request, "settings/team.html", LIST, **await _context(request, organization, user, now))


async def answer(
    request: Request, organization: Organization, user: Visitor, now: datetime, notice: str, status_code: int = 200
) -> Template:
    """The list as it is now; after a conflict too, so that a select shows the role that still holds."""
    context = await _context(request, organization, user, now)
    return fragment(request, LIST, status_code=status_code, notice=notice, close_dialog=True, **context)


@post("/{org:str}/settings/team/{id:int}/role", name="settings.change_role", guards=[admin], status_code=200)
async def change_role(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Response | Template:
    """Another role for somebody; they sign in again."""
    confirmation.require(user, now)
    try:
        async with transaction():
            membership = await team.change_role(organization, id, data.get("role", ""), by=role_of(request))
            title = f"{membership.user.name or membership.user.email} is now {team.a(membership.role)}"
            await activity.record(organization, "organization", organization.id, "role_changed", title, by=user)
    except Conflict as problem:
        return await answer(request, organization, user, now, problem.message, status_code=409)
    if membership.user.id == user.id:
        return redirect(request, "/signin")
    longer = membership.role == Role.owner and membership.user.password_short
    then = " Owners need a longer password: they choose one when they sign in." if longer else ""
    return await answer(request, organization, user, now, f"{title}.{then}")


@post("/{org:str}/settings/team/{id:int}/removal", name="settings.remove_member", guards=[admin], status_code=200)
async def remove_member(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response | Template:
    """Take somebody out of the organization; they are signed out at once."""
    confirmation.require(user, now)
    try:
        async with transaction():
            membership = await team.remove(organization, id, by=role_of(request))
            title = f"{membership.user.name or membership.user.email} left the team"
            await activity.record(organization, "organization", organization.id, "removed", title, by=user)
    except Conflict as problem:
        return await answer(request, organization, user, now, problem.message, status_code=409)
    if membership.user.id == user.id:
        return redirect(request, "/signin")
    return await answer(request, organization, user, now, f"{title}.")


@post(INVITATIONS, name="settings.invite", guards=[admin], status_code=200)
async def invite(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """Invite somebody by mail. The answer is the same whether or not they have an account."""
    confirmation.require(user, now)
    try:
        await _invite(request, organization, user, now, data.get("email", ""), data.get("role", ""))
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"email": problem.message}
        values = {"email": data.get("email", "")[:254], "role": data.get("role", "")[:10]}
        context = await _context(request, organization, user, now)
        return fragment(request, "settings/_invite.html", status_code=422, values=values, errors=errors, **context)
    sent = "Invitation sent" if credentials.mail_works() else "Invitation made. Copy its link and send it yourself"
    return await answer(request, organization, user, now, f"{sent}.")


async def _invite(
    request: Request, organization: Organization, user: Visitor, now: datetime, email: str, role: str
) -> OneTimeToken:
    async with transaction():
        token = await team.invite(organization, email, role, by=user, as_role=role_of(request), now=now)
        await activity.record(
            organization, "organization", organization.id, "invited", f"{token.email} invited as {token.role}", by=user
        )
        if credentials.mail_works():
            await deliveries.queue_account_mail(
                "invitation", key=f"invitation:{token.id}", recipient=token.email, one_time_token=token.id,
                organization_name=organization.name, inviter=user.name or user.email, role=token.role,
            )  # fmt: skip
    return token


@post(INVITATIONS + "/{id:int}/resend", name="settings.invite_again", guards=[admin], status_code=200)
async def invite_again(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Send it again under a new link; the old link stops working."""
    confirmation.require(user, now)
    token = await team.invitation(organization, id, now)
    await _invite(request, organization, user, now, token.email, token.role)
    return await answer(request, organization, user, now, "Invitation sent again.")


@post(INVITATIONS + "/{id:int}/removal", name="settings.withdraw", guards=[admin], status_code=200)
async def withdraw_invitation(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """The link stops working."""
    await team.withdraw(organization, id)
    return await answer(request, organization, user, now, "Invitation withdrawn.")


@post(INVITATIONS + "/{id:int}/link", name="settings.invitation_link", guards=[admin], status_code=200)
async def show_link(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """The link itself, shown once, for an installation that cannot send mail. One made before stops working."""
    confirmation.require(user, now)
    token = await team.invitation(organization, id, now)
    if credentials.mail_works():
        raise Conflict("Mail works here, so the link is only in the mail. Send it again instead.")
    address = await one_time.issue(token)
    return fragment(request, "settings/_invitation_link.html", token=token, address=address)


ROUTES = [
    show_team, change_role, remove_member, invite, invite_again, withdraw_invitation, show_link,
]  # fmt: skip
