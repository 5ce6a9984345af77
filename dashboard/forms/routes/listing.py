"""Settings → Forms: which forms there are, new ones, copies, the archive."""

from collections import defaultdict
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, admin, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, Invalid
from dashboard.files.uploads import read_values
from dashboard.forms import actions, queries
from dashboard.forms.tables import Form, FormKind
from dashboard.orders.tables import Plan
from dashboard.pages import fragment, page, redirect


async def listed(organization: Organization) -> dict[str, Any]:
    """The forms, and which plans ask with each."""
    plans = (
        await Plan.select_of(organization, Plan.name, Plan.form).where(Plan.archived_at.is_null()).order_by(Plan.name)
    )
    used_by: dict[int, list[str]] = defaultdict(list)
    for plan in plans:
        used_by[plan["form"]].append(plan["name"])
    return {"forms": await queries.list_forms(organization), "used_by": used_by}


@get("/{org:str}/settings/forms", name="forms.list", guards=[viewer])
async def show_forms(request: Request, organization: CurrentOrganization) -> Template:
    facts = await listed(organization)
    return page(request, "forms/list.html", "forms/_list.html", name="", kind="", errors={}, **facts)


@post("/{org:str}/settings/forms", name="forms.create", guards=[admin], status_code=200)
async def create_form(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Response | Template:
    """A new form, opened in the builder."""
    posted = dict(await read_values(request))
    name, kind = posted.get("name", ""), posted.get("kind", "") or FormKind.intake
    try:
        form = await actions.create(organization, name, by=user, kind=kind)
    except Invalid as problem:
        return fragment(request, "forms/_new.html", status_code=422, name=name[:200], kind=kind, errors=problem.fields)
    return redirect(request, f"/{organization.slug}/settings/forms/{form.id}")


@post("/{org:str}/settings/forms/{id:int}/copies", name="forms.copy", guards=[admin], status_code=200)
async def copy_form(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Response:
    copy = await actions.duplicate(organization, await Form.get_of(organization, id), user)
    return redirect(request, f"/{organization.slug}/settings/forms/{copy.id}")


@post("/{org:str}/settings/forms/{id:int}/archive", name="forms.archive", guards=[admin], status_code=200)
async def archive_form(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Take a form out of use. A plan that still asks with it would ask nothing without anybody noticing, so that is
    refused."""
    form = await Form.get_of(organization, id)
    names = (await listed(organization))["used_by"].get(form.id)
    if names:
        raise Conflict(
            f"The plan {names[0]} still asks with this form. Choose another there first. Nothing was changed."
        )
    await actions.archive(organization, form, archived=True, by=user)
    undo = f"/{organization.slug}/settings/forms/{id}/archive/removal"
    return fragment(
        request,
        "forms/_list.html",
        notice=f"{form.name} archived",
        undo=undo,
        undo_target="#forms",
        **await listed(organization),
    )


@delete("/{org:str}/settings/forms/{id:int}/archive", name="forms.unarchive", guards=[admin], status_code=200)
async def unarchive_form(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    form = await Form.get_of(organization, id)
    await actions.archive(organization, form, archived=False, by=user)
    return fragment(request, "forms/_list.html", notice=f"{form.name} brought back", **await listed(organization))


@post("/{org:str}/settings/forms/{id:int}/archive/removal", name="forms.undo_archive", guards=[admin], status_code=200)
async def undo_archive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """The same for the toast's Undo, which posts."""
    return await unarchive_form.fn(request, organization, user, id)


ROUTES = [show_forms, create_form, copy_form, archive_form, unarchive_form, undo_archive]
