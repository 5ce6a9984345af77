"""Settings → Leads: the tags and the questions of an organization."""

from collections.abc import Mapping

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, admin
from dashboard.errors import Invalid
from dashboard.leads import attributes, tags
from dashboard.leads.routes.settings import Form, dialog, saved
from dashboard.leads.tables import Attribute, Tag

COLOURS = ("Plain", "Blue", "Teal", "Amber", "Rose", "Slate")


# ── tags ──


@get("/{org:str}/settings/leads/tags/new", name="leads.tag_new", guards=[admin])
async def new_tag(request: Request, organization: CurrentOrganization) -> Template:
    return _tag(request, None, {"name": "", "colour": "0"})


@post("/{org:str}/settings/leads/tags", name="leads.tag_add", guards=[admin], status_code=200)
async def add_tag(request: Request, organization: CurrentOrganization, data: Form) -> Template:
    try:
        made = await tags.make(organization, data.get("name", ""), typed.number(data, "colour"))
    except Invalid as problem:
        return _tag(request, None, data, problem.fields)
    return await saved(request, organization, f"Tag {made['name']} is there.")


@get("/{org:str}/settings/leads/tags/{id:int}", name="leads.tag_edit", guards=[admin])
async def edit_tag(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    tag = await Tag.get_of(organization, id)
    return _tag(request, tag, {"name": tag.name, "colour": str(tag.colour)})


@post("/{org:str}/settings/leads/tags/{id:int}", name="leads.tag_change", guards=[admin], status_code=200)
async def change_tag(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], data: Form
) -> Template:
    tag = await Tag.get_of(organization, id)
    try:
        await tags.change(organization, id, data.get("name", ""), typed.number(data, "colour"), user)
    except Invalid as problem:
        return _tag(request, tag, data, problem.fields)
    return await saved(request, organization, "Tag saved.")


@post("/{org:str}/settings/leads/tags/{id:int}/removal", name="leads.tag_delete", guards=[admin], status_code=200)
async def delete_tag(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Take it off every lead."""
    found = await tags.delete(organization, id, user)
    return await saved(request, organization, f"Tag deleted. {found} lead{' had' if found == 1 else 's had'} it.")


def _tag(
    request: Request, tag: Tag | None, values: Mapping[str, str], errors: dict[str, str] | None = None
) -> Template:
    return dialog(request, "leads/_tag_form.html", values, errors, tag=tag, colours=COLOURS)


# ── questions ──


@get("/{org:str}/settings/leads/questions/new", name="leads.question_new", guards=[admin])
async def new_question(request: Request, organization: CurrentOrganization) -> Template:
    return _question(request, None, {"label": "", "kind": "text", "choices": ""})


@post("/{org:str}/settings/leads/questions", name="leads.question_add", guards=[admin], status_code=200)
async def add_question(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    try:
        made = await attributes.add(
            organization, data.get("label", ""), data.get("kind", ""), data.get("choices", ""), user
        )
    except Invalid as problem:
        return _question(request, None, data, problem.fields)
    return await saved(request, organization, f"{made.label} is asked from now on.")


@get("/{org:str}/settings/leads/questions/{id:int}", name="leads.question_edit", guards=[admin])
async def edit_question(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    found = await Attribute.get_of(organization, id)
    values = {"label": found.label, "kind": found.kind, "choices": "\n".join(found.choices)}
    return _question(request, found, values)


@post("/{org:str}/settings/leads/questions/{id:int}", name="leads.question_change", guards=[admin], status_code=200)
async def change_question(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], data: Form
) -> Template:
    found = await Attribute.get_of(organization, id)
    try:
        await attributes.change(organization, id, data.get("label", ""), data.get("choices", ""), user)
    except Invalid as problem:
        return _question(request, found, {"kind": found.kind} | data, problem.fields)
    return await saved(request, organization, "Question saved. Answers stay as they are.")


@post(
    "/{org:str}/settings/leads/questions/{id:int}/archive", name="leads.question_end", guards=[admin], status_code=200
)
async def end_question(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    found = await attributes.archive(organization, id, False, user)
    undo = f"/{organization.slug}/settings/leads/questions/{id}/restore"
    return await saved(request, organization, f"{found.label} is not asked any more. Answers are kept.", undo)


@post(
    "/{org:str}/settings/leads/questions/{id:int}/restore", name="leads.question_ask", guards=[admin], status_code=200
)
async def ask_question(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    found = await attributes.archive(organization, id, True, user)
    return await saved(request, organization, f"{found.label} is asked again.")


def _question(
    request: Request, found: Attribute | None, values: Mapping[str, str], errors: dict[str, str] | None = None
) -> Template:
    return dialog(request, "leads/_question_form.html", values, errors, found=found, kinds=attributes.KINDS)


ROUTES = [
    new_tag, add_tag, edit_tag, change_tag, delete_tag, new_question, add_question, edit_question, change_question,
    end_question, ask_question,
]  # fmt: skip
