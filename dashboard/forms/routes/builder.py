"""Building a form: every change is one request, and answers with the builder as it now is."""

from collections.abc import Callable
from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard.accounts import forms
from dashboard.accounts.current import CurrentOrganization, CurrentUser, admin, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid, NotFound
from dashboard.files.uploads import read_values
from dashboard.forms import actions, definition, editing, lead_forms, queries, sections
from dashboard.forms.definition import Definition
from dashboard.forms.routes import handling
from dashboard.forms.tables import Form, FormKind
from dashboard.intake import queries as intake
from dashboard.leads.tables import Attribute
from dashboard.pages import fragment, page

Typed = dict[str, str]
BASE = "/{org:str}/settings/forms/{id:int}"


async def built(organization: Organization, form: Form, *, field: str = "", section: str = "") -> dict[str, Any]:
    """What the builder shows. `field` or `section` is the one being edited."""
    draft, is_lead = form.draft, form.kind == FormKind.lead
    open_now = await intake.open_by_version(organization, form.id)
    return {
        "form": form, "draft": draft, "editing": field, "editing_section": section,
        "types": lead_forms.LEAD_TYPES if is_lead else definition.TYPES,
        "changed": await queries.is_changed(organization, form), "faults": actions.faults_of(form, draft),
        "older": sum(count for number, count in open_now.items() if number != form.published),
        "choices_before": {f["key"]: editing.sources_for(draft, f["key"]) for f in definition.fields(draft)},
        "answers_of": definition.answers_of, "bounds": editing.bounds, "find": definition.find,
        "errors": {}, "typed": {}, "targets": await targets(organization, form),
    } | (await handling.shown(organization, form) if is_lead else {})  # fmt: skip


async def targets(organization: Organization, form: Form) -> dict[str, list[tuple[str, str]]]:
    """What each question of a lead form can fill in, by its key."""
    if form.kind != FormKind.lead:
        return {}
    attributes = (
        await Attribute.select_of(organization, Attribute.key, Attribute.label, Attribute.kind)
        .where(Attribute.archived_at.is_null())
        .order_by(Attribute.position)
    )
    return {field["key"]: lead_forms.targets(field, attributes) for field in definition.fields(form.draft)}


async def change(
    request: Request, organization: Organization, id: int, edit: Callable[[Definition], Definition], *, field: str = "",
    section: str = "", notice: str | None = None, undo: bool = False,
) -> Template:  # fmt: skip
    """Apply one change to the draft and show the builder again."""
    form = await actions.edit(organization, await Form.get_of(organization, id), edit)
    back = f"/{organization.slug}/settings/forms/{id}/restoration" if undo else None
    facts = await built(organization, form, field=field, section=section)
    return fragment(request, "forms/_builder.html", notice=notice, undo=back, undo_target="#builder", **facts)


async def typed(request: Request) -> Typed:
    return dict(await read_values(request))


def step_of(form: Typed) -> int:
    return -1 if form.get("direction") == "up" else 1


@get(BASE, name="forms.builder", guards=[viewer])
async def show_builder(
    request: Request, organization: CurrentOrganization, id: FromPath[int], field: FromQuery[str] = "",
    section: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """The draft. Admins change it, everybody may read it."""
    may = request.scope["shell"].may("admin")  # type: ignore[typeddict-item]
    form = await Form.get_of(organization, id)
    facts = await built(organization, form, field=field if may else "", section=section if may else "")
    return page(request, "forms/builder.html", "forms/_builder.html", **facts)


@post(BASE + "/heading", name="forms.heading", guards=[admin], status_code=200)
async def change_heading(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """The form's name for the team, and the title and introduction the customer reads."""
    form = await typed(request)
    await actions.rename(
        organization, await Form.get_of(organization, id), form.get("name", "") or form.get("title", "")
    )
    return await change(request, organization, id, lambda draft: sections.change_heading(draft, form), notice="Saved")


@post(BASE + "/sections", name="forms.add_section", guards=[admin], status_code=200)
async def add_section(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    added = ""

    def edit(draft: Definition) -> Definition:
        nonlocal added
        draft, added = sections.add_section(draft)
        return draft

    form = await actions.edit(organization, await Form.get_of(organization, id), edit)
    return fragment(request, "forms/_builder.html", **await built(organization, form, section=added))


@post(BASE + "/sections/{key:str}", name="forms.change_section", guards=[admin], status_code=200)
async def change_section(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    form = await typed(request)
    return await change(request, organization, id, lambda draft: sections.change_section(draft, key, form))


@delete(BASE + "/sections/{key:str}", name="forms.remove_section", guards=[admin], status_code=200)
async def remove_section(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    edit = lambda draft: sections.remove_section(draft, key)  # noqa: E731
    return await change(request, organization, id, edit, notice="Section removed", undo=True)


@post(BASE + "/sections/{key:str}/moves", name="forms.move_section", guards=[admin], status_code=200)
async def move_section(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    step = step_of(await typed(request))
    return await change(request, organization, id, lambda draft: sections.move_section(draft, key, step))


@post(BASE + "/fields", name="forms.add_field", guards=[admin], status_code=200)
async def add_field(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """A new field at the end of its section, opened for editing."""
    form, added = await typed(request), ""
    of = await Form.get_of(organization, id)
    if of.kind == FormKind.lead and form.get("type") not in lead_forms.LEAD_TYPES:
        raise NotFound("There is no such type of field.")

    def edit(draft: Definition) -> Definition:
        nonlocal added
        draft, added = editing.add_field(draft, form.get("section", ""), form.get("type", ""))
        return draft

    changed = await actions.edit(organization, of, edit)
    return fragment(request, "forms/_builder.html", **await built(organization, changed, field=added))


@post(BASE + "/fields/{key:str}", name="forms.change_field", guards=[admin], status_code=200)
async def change_field(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    """Save one field, or show it again with what is wrong and what was typed."""
    form = await typed(request)
    try:
        if "to" in form:
            offered = (await targets(organization, await Form.get_of(organization, id))).get(key, [])
            forms.refuse({"to": "" if form["to"] in dict(offered) else "Choose from the list."})
        return await change(request, organization, id, lambda draft: editing.change_field(draft, key, form))
    except Invalid as problem:
        facts = await built(organization, await Form.get_of(organization, id), field=key)
        facts |= {"errors": problem.fields, "typed": form}
        return fragment(request, "forms/_builder.html", status_code=422, **facts)


@delete(BASE + "/fields/{key:str}", name="forms.remove_field", guards=[admin], status_code=200)
async def remove_field(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    edit = lambda draft: editing.remove_field(draft, key)  # noqa: E731
    return await change(request, organization, id, edit, notice="Field removed", undo=True)


@post(BASE + "/fields/{key:str}/moves", name="forms.move_field", guards=[admin], status_code=200)
async def move_field(
    request: Request, organization: CurrentOrganization, id: FromPath[int], key: FromPath[str]
) -> Template:
    step = step_of(await typed(request))
    return await change(request, organization, id, lambda draft: editing.move_field(draft, key, step))


@post(BASE + "/restoration", name="forms.put_back", guards=[admin], status_code=200)
async def put_back(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """Undo the last removal."""
    return await change(request, organization, id, sections.put_back, notice="Put back")


@post(BASE + "/versions", name="forms.publish", guards=[admin], status_code=200)
async def publish(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """New intakes begin with the draft as it is now; those under way keep the version they began with."""
    form = await Form.get_of(organization, id)
    version, new = await actions.publish(organization, form, user)
    form = await Form.get_of(organization, id)
    keep = await intake.open_by_version(organization, id)
    kept = [
        f"{n} intake{'' if n == 1 else 's'} keep{'s' if n == 1 else ''} version {v}"
        for v, n in sorted(keep.items())
        if v != version.number
    ]
    said = f"Published as version {version.number}" if new else f"Nothing has changed since version {version.number}"
    notice = ". ".join([said, *kept]) + "."
    return fragment(request, "forms/_builder.html", notice=notice, **await built(organization, form))


ROUTES = [
    show_builder, change_heading, add_section, change_section, remove_section, move_section, add_field, change_field,
    remove_field, move_field, put_back, publish,
]  # fmt: skip
