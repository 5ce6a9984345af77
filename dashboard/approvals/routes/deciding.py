"""The buttons beside a suggestion. Each answers with the next one, or with what became of this one."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.approvals import actions, queries
from dashboard.approvals.routes.queue import presence
from dashboard.approvals.routes.showing import opened, place, show
from dashboard.errors import Conflict, Invalid
from dashboard.pages import fragment

Form = URLEncodedBody[dict[str, str]]


@post("/{org:str}/approvals/{id:int}/approval", name="approvals.approve", guards=[agent], status_code=200)
async def approve(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Queue the reply and open the next one."""
    before = await queries.get_detail(organization, id)
    try:
        await actions.approve(organization, id, version_in(data), data.get("body"), user, now)
    except Invalid as problem:
        return await _again(request, organization, id, now, problem.fields["body"], 422)
    except Conflict as problem:
        return await _again(request, organization, id, now, problem.message, 409)
    return await _next(request, organization, before, now, f"Reply sends in 10 seconds. {before['name']}")


@post("/{org:str}/approvals/{id:int}/rejection", name="approvals.reject", guards=[agent], status_code=200)
async def reject(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Send nothing, say why, and open the next one."""
    before = await queries.get_detail(organization, id)
    said, words = data.get("reason", "").strip(), " ".join(data.get("words", "").split())
    reason = f"{said}: {words}" if said and words and said != "Other" else words or said
    try:
        await actions.reject(organization, id, reason, user, now)
    except Invalid as problem:
        return await _again(request, organization, id, now, problem.fields["reason"], 422)
    except Conflict as problem:
        return await _again(request, organization, id, now, problem.message, 409)
    return await _next(request, organization, before, now, f"Rejected. {before['name']}")


@post("/{org:str}/approvals/{id:int}/draft", name="approvals.edit", guards=[agent], status_code=200)
async def edit(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Keep what is typed so far; the checks look at it again."""
    try:
        await actions.edit(organization, id, version_in(data), data.get("body", ""), user, now)
    except Conflict as problem:
        cur = await queries.get_detail(organization, id)
        return presence(request, cur, [], problem.message, status_code=409)
    cur = await queries.get_detail(organization, id)
    return fragment(request, "approvals/_edited.html", cur=cur, swap_version=True)


@post("/{org:str}/approvals/{id:int}/regeneration", name="approvals.regenerate", guards=[agent], status_code=200)
async def regenerate(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Ask for another draft; it takes this one's place when it is there."""
    try:
        await actions.regenerate(organization, id, data.get("instruction", ""), user, now)
    except Conflict as problem:
        return await _again(request, organization, id, now, problem.message, 409)
    cur = await queries.get_detail(organization, id)
    return await show(request, place(request), cur, now, close_dialog=True)


@post("/{org:str}/approvals/{id:int}/withdrawal", name="approvals.undo", guards=[agent], status_code=200)
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Take a decision back while nothing has gone out, and open it again."""
    try:
        await actions.undo(organization, id, user, now)
    except Conflict as problem:
        return await _again(request, organization, id, now, problem.message, 409)
    cur = await queries.get_detail(organization, id)
    return await show(request, place(request), cur, now, notice="Taken back. Nothing was sent.")


def version_in(data: dict[str, str]) -> int:
    """The version somebody read; 0, which matches none, for anything that is no number."""
    said = data.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


async def _next(
    request: Request, organization: Organization, before: dict[str, Any], now: datetime, notice: str
) -> Template:
    here = place(request)
    found = await queries.find_queue(here.organizations)
    cur = await opened(here.organizations, found.after(before))
    undo = f"/{organization.slug}/approvals/{before['id']}/withdrawal{here.query}"
    return await show(
        request, here, cur, now, queue=found, notice=notice, undo=undo, undo_target="#approvals", close_dialog=True
    )  # fmt: skip


async def _again(
    request: Request, organization: Organization, id: int, now: datetime, notice: str, status_code: int
) -> Template:
    """The same suggestion as it is now, and what stood in the way."""
    cur = await queries.get_detail(organization, id)
    return await show(request, place(request), cur, now, status_code=status_code, notice=notice, close_dialog=True)


ROUTES = [approve, reject, edit, regenerate, undo]
