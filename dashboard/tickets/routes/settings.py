"""Settings → Tickets: reply times, holidays and canned replies."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.leads.tables import Tag
from dashboard.pages import fragment, page
from dashboard.tickets import canned, due, promising
from dashboard.tickets.filters import PRIORITIES
from dashboard.tickets.forms import NewHoliday, Times

Form = URLEncodedBody[dict[str, str]]
BASE = "/{org:str}/settings/tickets"


async def _facts(organization: Organization, **more: Any) -> dict[str, Any]:
    promises = await due.load(organization)
    values = {
        f"{priority}_{part}": f"{minutes / 60:g}"
        for priority, pair in promises.minutes.items()
        for part, minutes in zip(("first", "solve"), pair, strict=True)
    }
    return {
        "values": values, "errors": {}, "priorities": PRIORITIES, "holidays": await promising.holidays(organization),
        "replies": await canned.every(organization), "holiday_errors": {}, "holiday": {},
    } | more  # fmt: skip


@get(BASE, name="tickets.settings", guards=[viewer])
async def show_settings(request: Request, organization: CurrentOrganization) -> Template:
    """All three."""
    return page(request, "tickets/settings.html", "tickets/_settings.html", **await _facts(organization))


async def _saved(request: Request, organization: Organization, notice: str, undo: str | None = None) -> Template:
    return fragment(
        request, "tickets/_settings.html", notice=notice, undo=undo, undo_target="#support-settings", close_dialog=True,
        **await _facts(organization),
    )  # fmt: skip


@post(BASE + "/times", name="tickets.save_times", guards=[admin], status_code=200)
async def save_times(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    try:
        await promising.keep(organization, Times.parse(data), user)
    except Invalid as problem:
        values = {name: typed.text(data, name)[:10] for name in data}
        facts = await _facts(organization, errors=problem.fields)
        facts["values"] |= values
        return fragment(request, "tickets/_settings.html", status_code=422, **facts)
    return await _saved(request, organization, "Saved. Open tickets keep what they were promised.")


@post(BASE + "/holidays", name="tickets.add_holiday", guards=[admin], status_code=200)
async def add_holiday(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    try:
        await promising.add_holiday(organization, NewHoliday.parse(data), user)
    except Invalid as problem:
        kept = {name: typed.text(data, name)[:80] for name in ("day", "name")}
        facts = await _facts(organization, holiday_errors=problem.fields, holiday=kept)
        return fragment(request, "tickets/_settings.html", status_code=422, **facts)
    return await _saved(request, organization, "Holiday added.")


@post(BASE + "/holidays/{id:int}/removal", name="tickets.remove_holiday", guards=[admin], status_code=200)
async def remove_holiday(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    await promising.remove_holiday(organization, id, user)
    return await _saved(request, organization, "Holiday removed.")


async def _dialog(
    request: Request, organization: Organization, id: int, values: dict[str, Any], errors: dict[str, str]
) -> Template:
    tags = await Tag.select_of(organization, Tag.id, Tag.name).order_by(Tag.name)
    return fragment(
        request, "tickets/_canned.html", id=id, values=values, errors=errors, tags=tags, priorities=PRIORITIES,
        placeholders=canned.PLACEHOLDERS, status_code=422 if errors else 200, open_dialog="" if errors else "#dialog",
    )  # fmt: skip


@get(BASE + "/replies/new", name="tickets.canned_new", guards=[agent])
async def new_reply(request: Request, organization: CurrentOrganization) -> Template:
    return await _dialog(request, organization, 0, {}, {})


@get(BASE + "/replies/{id:int}", name="tickets.canned_edit", guards=[agent])
async def edit_reply(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    found = await canned.find(organization, id)
    if found is None:
        raise NotFound("There is no such reply.")
    return await _dialog(request, organization, id, found.to_dict(), {})


@post(BASE + "/replies", name="tickets.canned_add", guards=[agent], status_code=200)
async def add_reply(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    return await _keep(request, organization, user, 0, data)


@post(BASE + "/replies/{id:int}", name="tickets.canned_save", guards=[agent], status_code=200)
async def save_reply(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], data: Form
) -> Template:
    return await _keep(request, organization, user, id, data)


async def _keep(request: Request, organization: Organization, user: Any, id: int, data: dict[str, str]) -> Template:
    kept = {name: typed.text(data, name) for name in ("title", "text", "then_status", "then_priority", "then_tag")}
    try:
        await canned.save(organization, kept, user, id)
    except Invalid as problem:
        return await _dialog(request, organization, id, kept, problem.fields)
    except Conflict as problem:
        return await _dialog(request, organization, id, kept, {"title": problem.message})
    return await _saved(request, organization, f"“{kept['title']}” saved.")


@post(BASE + "/replies/{id:int}/removal", name="tickets.canned_remove", guards=[agent], status_code=200)
async def remove_reply(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    await canned.archive(organization, id, user, now)
    undo = f"/{organization.slug}/settings/tickets/replies/{id}/restoration"
    return await _saved(request, organization, "Reply taken away.", undo)


@post(BASE + "/replies/{id:int}/restoration", name="tickets.canned_restore", guards=[agent], status_code=200)
async def restore_reply(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    await canned.archive(organization, id, user, None)
    return await _saved(request, organization, "Reply is back.")


ROUTES = [
    show_settings, save_times, add_holiday, remove_holiday, new_reply, edit_reply, add_reply, save_reply, remove_reply,
    restore_reply,
]  # fmt: skip
