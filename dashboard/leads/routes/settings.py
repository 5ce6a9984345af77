"""Settings → Leads: the stages, the tags and the questions of an organization."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, admin, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid, NotFound
from dashboard.leads import attributes, pipeline, stages, tags
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]


async def _facts(organization: Organization) -> dict[str, Any]:
    return {
        "steps": await stages.steps(organization), "tags": await tags.used(organization), "first": stages.FIRST,
        "asked": await attributes.every(organization, archived=True), "kinds": dict(attributes.KINDS),
        "means": dict(pipeline.KINDS),
    }  # fmt: skip


@get("/{org:str}/settings/leads", name="leads.settings", guards=[viewer])
async def show_settings(request: Request, organization: CurrentOrganization) -> Template:
    """All three."""
    return page(request, "leads/settings.html", "leads/_settings.html", **await _facts(organization))


async def saved(request: Request, organization: Organization, notice: str, undo: str | None = None) -> Template:
    """The page as it is now, with a toast."""
    facts = await _facts(organization)
    return fragment(
        request,
        "leads/_settings.html",
        notice=notice,
        undo=undo,
        undo_target="#lead-settings",
        close_dialog=True,
        **facts,
    )


def dialog(
    request: Request, name: str, values: Mapping[str, str], errors: dict[str, str] | None = None, **context: Any
) -> Template:
    """A form in the dialog; with errors an answer of 422 that keeps what was typed."""
    kept = {field: typed.text(values, field)[:4000] for field in values}
    return fragment(
        request, name, values=kept, errors=errors or {}, status_code=422 if errors else 200,
        open_dialog="" if errors else "#dialog", **context,
    )  # fmt: skip


# ── stages ──


@get("/{org:str}/settings/leads/new-stage", name="leads.stage_new", guards=[admin])
async def new_stage(request: Request, organization: CurrentOrganization) -> Template:
    return _stage(request, None, {"name": "", "kind": "open", "tone": "info"})


@post("/{org:str}/settings/leads/stages", name="leads.stage_add", guards=[admin], status_code=200)
async def add_stage(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    try:
        made = await pipeline.add(organization, data.get("name", ""), data.get("kind", ""), data.get("tone", ""), user)
    except Invalid as problem:
        return _stage(request, None, data, problem.fields)
    return await saved(request, organization, f"Stage {made.name} added.")


@get("/{org:str}/settings/leads/stages/{key:str}", name="leads.stage_edit", guards=[admin])
async def edit_stage(request: Request, organization: CurrentOrganization, key: FromPath[str]) -> Template:
    step = next((step for step in await stages.steps(organization) if step.key == key), None)
    if step is None:
        raise NotFound("There is no such stage.")
    return _stage(request, step, {"name": step.name, "kind": step.kind, "tone": step.tone})


@post("/{org:str}/settings/leads/stages/{key:str}", name="leads.stage_change", guards=[admin], status_code=200)
async def change_stage(
    request: Request, organization: CurrentOrganization, user: CurrentUser, key: FromPath[str], data: Form
) -> Template:
    step = stages.named(await stages.steps(organization), key)
    try:
        await pipeline.change(organization, key, data.get("name", ""), data.get("tone", ""), user)
    except Invalid as problem:
        return _stage(request, step, {"kind": step.kind} | data, problem.fields)
    return await saved(request, organization, "Stage saved.")


@post("/{org:str}/settings/leads/stages/{key:str}/place", name="leads.stage_shift", guards=[admin], status_code=200)
async def shift_stage(
    request: Request, organization: CurrentOrganization, user: CurrentUser, key: FromPath[str], data: Form
) -> Template:
    """One place to the left or to the right."""
    await pipeline.shift(organization, key, -1 if data.get("to") == "left" else 1, user)
    return await saved(request, organization, "Order of the stages saved.")


@post("/{org:str}/settings/leads/stages/{key:str}/removal", name="leads.stage_remove", guards=[admin], status_code=200)
async def remove_stage(
    request: Request, organization: CurrentOrganization, user: CurrentUser, key: FromPath[str]
) -> Template:
    await pipeline.remove(organization, key, user)
    return await saved(request, organization, "Stage removed.")


def _stage(
    request: Request, step: stages.Step | None, values: Mapping[str, str], errors: dict[str, str] | None = None
) -> Template:
    return dialog(
        request, "leads/_stage_form.html", values, errors, step=step, kinds=pipeline.KINDS, tones=pipeline.TONES
    )


ROUTES = [show_settings, new_stage, add_stage, edit_stage, change_stage, shift_stage, remove_stage]
