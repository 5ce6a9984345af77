"""Switching a colleague's account off and on, and giving it back when their phone is lost."""

from datetime import datetime

from litestar import Request, delete, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts import access, confirmation
from dashboard.accounts.access import Change
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, role_of
from dashboard.accounts.routes import team
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import transaction
from dashboard.errors import Conflict


async def _change(
    request: Request, organization: Organization, user: Visitor, now: datetime, id: int, change: Change
) -> Template:
    """Change a member's account and say so, in every organization it belongs to. Repeating it changes nothing."""
    confirmation.require(user, now)
    try:
        async with transaction():
            person = await access.of_member(organization, id, user, role_of(request))
            changed = await change.make(person, now)
            said = change.said(person, changed)
            for each in await access.organizations(person) if changed else []:
                await activity.record(each, "organization", each, change.verb, said, by=user)
    except Conflict as problem:
        return await team.answer(request, organization, user, now, problem.message, status_code=409)
    return await team.answer(request, organization, user, now, f"{said}.")


@post("/{org:str}/settings/team/{id:int}/suspension", name="settings.switch_off", guards=[admin], status_code=200)
async def switch_off(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Somebody cannot sign in any more, anywhere."""
    return await _change(request, organization, user, now, id, access.OFF)


@delete("/{org:str}/settings/team/{id:int}/suspension", name="settings.switch_on", guards=[admin], status_code=200)
async def switch_on(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """They can sign in again."""
    return await _change(request, organization, user, now, id, access.ON)


@delete(
    "/{org:str}/settings/team/{id:int}/second-factor", name="settings.reset_factor", guards=[admin], status_code=200
)
async def reset_second_factor(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """For a colleague whose phone is lost."""
    return await _change(request, organization, user, now, id, access.FACTOR)


ROUTES = [switch_off, switch_on, reset_second_factor]
