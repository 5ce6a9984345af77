"""Settings → Telegram: whether suggestions are shown in the team's chat, and who may decide there."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import settings, typed
from dashboard.accounts import credentials
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent, role_of, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, Role
from dashboard.approvals import approvers, showing
from dashboard.errors import Conflict, Invalid
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]
AT = "/{org:str}/settings/telegram"
PART = "approvals/_telegram.html"


@get(AT, name="settings.telegram", guards=[viewer])
async def show_telegram(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Template:
    """What is set up, and the list."""
    return page(request, "approvals/telegram.html", PART, **await _context(request, organization, user))


@post(AT, name="settings.show_in_telegram", guards=[admin], status_code=200)
async def switch(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """Show suggestions in the team's chat, or no longer."""
    on = data.get("on") == "1"
    try:
        await approvers.switch(organization, on=on, by=user, now=now)
    except Conflict as problem:
        return await _answer(request, organization, user, problem.message, 409)
    said = "Suggested replies are shown in Telegram." if on else "Suggested replies stay out of Telegram."
    return await _answer(request, organization, user, said)


@post(f"{AT}/people", name="settings.add_approver", guards=[agent], status_code=200)
async def add_person(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    """Put somebody on the list."""
    try:
        who = await approvers.add(
            organization, typed.number(data, "user"), typed.text(data, "telegram_id").strip(), user, role_of(request)
        )
    except Invalid as problem:
        values = {"user": typed.number(data, "user"), "telegram_id": typed.text(data, "telegram_id")[:30]}
        context = await _context(request, organization, user) | {"values": values, "errors": problem.fields}
        return fragment(request, PART, status_code=422, **context)
    return await _answer(request, organization, user, f"{who} may decide in Telegram.")


@post(f"{AT}/people/{{id:int}}/removal", name="settings.remove_approver", guards=[agent], status_code=200)
async def remove_person(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Take somebody off the list."""
    try:
        await approvers.remove(organization, id, user, role_of(request))
    except Conflict as problem:
        return await _answer(request, organization, user, problem.message, 409)
    return await _answer(request, organization, user, "Removed from the list.")


async def _answer(
    request: Request, organization: Organization, user: Visitor, notice: str, status_code: int = 200
) -> Template:
    context = await _context(request, organization, user)
    return fragment(request, PART, status_code=status_code, notice=notice, **context)


async def _context(request: Request, organization: Organization, user: Visitor) -> dict[str, Any]:
    people = await approvers.team(organization)
    admins = role_of(request).rank >= Role.admin.rank
    return {
        "missing": (await credentials.integrations_for(organization.id)).telegram.missing,
        "on": await showing.wanted(organization), "listening": await approvers.listening(organization),
        "reachable": settings.current().base_url.startswith("https://"), "people": await approvers.listed(organization),
        "choices": [(each["id"], each["name"] or each["email"]) for each in people if admins or each["id"] == user.id],
        "values": {"user": user.id, "telegram_id": ""}, "errors": {},
    }  # fmt: skip


ROUTES = [show_telegram, switch, add_person, remove_person]
