"""Writing a campaign: a new one, its editor, every change of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import (
    audience,
    conditions,
    editor,
    editor_forms,
    editor_steps,
    previewing,
    templates,
    templates_forms,
)
from dashboard.campaigns.editor import Changed
from dashboard.campaigns.editor_forms import Settings
from dashboard.campaigns.tables import CampaignState
from dashboard.errors import Invalid
from dashboard.files.uploads import read_values
from dashboard.leads import tags
from dashboard.pages import fragment, page, redirect

BASE = "/{org:str}/campaigns/{id:int}"
STEP = BASE + "/steps/{step:int}"
Act = Callable[[int, dict[str, str]], Awaitable[None]]  # a change, told the revision and the form


@get("/{org:str}/campaigns/new", name="campaigns.new", guards=[agent])
async def ask_new(request: Request, organization: CurrentOrganization) -> Template:
    return page(request, "campaigns/new.html", "campaigns/_new.html", **_asked({}, {}))


@post("/{org:str}/campaigns", name="campaigns.create", guards=[agent], status_code=200)
async def create(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Response | Template:  # fmt: skip
    """A draft, opened in the editor."""
    data = dict(await read_values(request))
    try:
        id = await editor.create(organization, data, user, now)
    except Invalid as problem:
        return fragment(request, "campaigns/_new.html", status_code=422, **_asked(data, problem.fields))
    return redirect(request, f"/{organization.slug}/campaigns/{id}/edit")


def _asked(data: dict[str, str], errors: dict[str, str]) -> dict[str, Any]:
    said = {name: typed.text(data, name)[:120] for name in ("name", "source")}
    return {"beginnings": editor.BEGINNINGS, "start": data.get("start") or "blast", "typed": said, "errors": errors}


async def opened(organization: Organization, id: int, user: Visitor, now: datetime) -> dict[str, Any]:
    """What the editor shows. The audience is counted afterwards, with the pre-flight."""
    campaign, steps = await editor.find(organization, id), await editor.steps(organization, id)
    filters = await audience.read(organization, campaign["audience"], user.id, now)
    people = [] if filters.misunderstood else await previewing.people(organization, filters.where)
    known = await tags.every(organization)
    names = {each["id"]: each["name"] for each in known}
    every = await templates.every(organization)
    return {
        "campaign": campaign, "steps": steps, "errors": {}, "typed": {}, "conflict": "", "wrong_step": 0,
        "filters": filters, "groups": filters.chip_groups(await audience.names(organization, filters)),
        "people": previewing.named(people), "person": people[0]["id"] if people else 0, "sample": people[:5],
        "tags": [(str(each["id"]), each["name"]) for each in known], "conditions": conditions,
        "in_words": {each["id"]: conditions.words(each["condition"] or {}, names) for each in steps},
        "templates": [each for each in every if not each["archived_at"]], "forms": editor_forms,
        "categories": templates_forms.CATEGORIES, "now": now,
        "local": _local(campaign["starts_at"], organization),
    }  # fmt: skip


def _local(when: datetime | None, organization: Organization) -> datetime | None:
    return when.astimezone(ZoneInfo(organization.time_zone)) if when else None


@get(BASE + "/edit", name="campaigns.edit", guards=[viewer])
async def show_editor(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Redirect:
    """The editor of a draft; any other campaign has a page of its own."""
    facts = await opened(organization, id, user, now)
    if facts["campaign"]["state"] != CampaignState.draft:
        return Redirect(f"/{organization.slug}/campaigns/{id}", status_code=303)
    return page(request, "campaigns/editor.html", "campaigns/_editor.html", **facts)


async def changed(
    request: Request, organization: Organization, id: int, user: Visitor, now: datetime, act: Act, step: int = 0
) -> Template:
    """Make one change and show the editor as it is then: with what is wrong beside its field, or with what somebody
    else did meanwhile."""
    pairs = await read_values(request)
    data = dict(pairs)
    said: dict[str, Any] = {}
    status = 200
    try:
        await act(typed.number(data, "revision"), data)
    except Invalid as problem:
        status, said = 422, {"errors": problem.fields, "typed": data, "wrong_step": step}
    except Changed as problem:
        status, said = 409, {"conflict": problem.message}
    facts = await opened(organization, id, user, now) | said
    return fragment(request, "campaigns/_editor.html", status_code=status, **facts)


@post(BASE + "/settings", name="campaigns.save_settings", guards=[agent], status_code=200)
async def save_settings(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Name, sender, hours, limits, start and the trial of two subjects."""

    async def act(revision: int, data: dict[str, str]) -> None:
        keys = frozenset(await templates_forms.keys(organization))
        settings = Settings.parse(await read_values(request), organization.time_zone, keys)
        await editor.save_settings(organization, id, revision, settings, user, now)

    return await changed(request, organization, id, user, now, act)


@post(BASE + "/steps", name="campaigns.add_step", guards=[agent], status_code=200)
async def add_step(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    async def act(revision: int, data: dict[str, str]) -> None:
        await editor_steps.add_step(organization, id, revision, user, now)

    return await changed(request, organization, id, user, now, act)


@post(BASE + "/steps/preset", name="campaigns.use_preset", guards=[agent], status_code=200)
async def use_preset(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    async def act(revision: int, data: dict[str, str]) -> None:
        await editor_steps.use_preset(organization, id, revision, user, now)

    return await changed(request, organization, id, user, now, act)


@post(STEP, name="campaigns.change_step", guards=[agent], status_code=200)
async def change_step(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    step: FromPath[int],
) -> Template:  # fmt: skip
    """Its day, its mail, and for whom."""

    async def act(revision: int, data: dict[str, str]) -> None:
        await editor_steps.change_step(organization, id, step, revision, data, user, now)

    return await changed(request, organization, id, user, now, act, step)


@delete(STEP, name="campaigns.remove_step", guards=[agent], status_code=200)
async def remove_step(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    step: FromPath[int], revision: FromQuery[int] = 0,
) -> Template:  # fmt: skip
    async def act(said: int, data: dict[str, str]) -> None:
        await editor_steps.remove_step(organization, id, step, said or revision, user, now)

    return await changed(request, organization, id, user, now, act)


@post(STEP + "/mail", name="campaigns.write_mail", guards=[agent], status_code=200)
async def write_mail(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    step: FromPath[int],
) -> Response:  # fmt: skip
    """A template of its own for this step, opened to be written."""
    data = dict(await read_values(request))
    template = await editor_steps.write_mail(organization, id, step, typed.number(data, "revision"), user, now)
    return redirect(request, f"/{organization.slug}/campaigns/templates/{template}?campaign={id}")


ROUTES = [
    ask_new, create, show_editor, save_settings, add_step, use_preset, change_step, remove_step, write_mail,
]  # fmt: skip
