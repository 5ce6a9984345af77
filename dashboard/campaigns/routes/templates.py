"""Templates: the list, new ones, copies, and those that are offered no more."""

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.campaigns import numbers, seeds, templates
from dashboard.campaigns.templates_forms import CATEGORIES
from dashboard.errors import Invalid
from dashboard.files.uploads import read_values
from dashboard.pages import fragment, page, redirect

BASE = "/{org:str}/campaigns/templates"
ONE = BASE + "/{id:int}"


async def listed(organization: Organization, category: str = "") -> dict[str, Any]:
    """The templates of a category, of all without one, and what each did."""
    found = await templates.every(organization)
    return {
        "templates": [each for each in found if not category or each["category"] == category],
        "category": category, "categories": CATEGORIES, "any": bool(found),
        "counts": {key: sum(1 for each in found if each["category"] == key) for key in CATEGORIES},
        "figures": await numbers.of_templates(organization),
    }  # fmt: skip


@get(BASE, name="templates.list", guards=[viewer])
async def show_templates(
    request: Request, organization: CurrentOrganization, category: FromQuery[str] = ""
) -> Template:  # fmt: skip
    category = category if category in CATEGORIES else ""
    facts = await listed(organization, category)
    return page(
        request, "campaigns/templates.html", "campaigns/_templates.html", errors={}, name="", chosen=category, **facts
    )


@post(BASE, name="templates.create", guards=[agent], status_code=200)
async def create(request: Request, organization: CurrentOrganization, user: CurrentUser) -> Response | Template:
    """A new template, opened in the editor."""
    data = dict(await read_values(request))
    name, category = typed.text(data, "name"), data.get("category", "")
    try:
        id = await templates.create(organization, name, category, by=user)
    except Invalid as problem:
        return fragment(
            request, "campaigns/_template_new.html", status_code=422, errors=problem.fields, name=name[:120],
            chosen=category, categories=CATEGORIES,
        )  # fmt: skip
    return redirect(request, f"/{organization.slug}/campaigns/templates/{id}")


@post(BASE + "/starters", name="templates.plant", guards=[agent], status_code=200)
async def plant(request: Request, organization: CurrentOrganization) -> Template:
    """The three that every organization begins with."""
    planted = await seeds.plant(organization)
    notice = "Three templates added" if planted else "There are templates already. Nothing was changed."
    return fragment(request, "campaigns/_templates.html", notice=notice, **await listed(organization))


@post(ONE + "/copies", name="templates.copy", guards=[agent], status_code=200)
async def copy(request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]) -> Response:
    made = await templates.duplicate(organization, id, user)
    return redirect(request, f"/{organization.slug}/campaigns/templates/{made}")


@post(ONE + "/archive", name="templates.archive", guards=[agent], status_code=200)
async def archive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    await templates.archive(organization, id, user, now)
    undo = f"/{organization.slug}/campaigns/templates/{id}/archive/reversal"
    facts = await listed(organization)
    return fragment(
        request, "campaigns/_templates.html", notice="Template archived", undo=undo, undo_target="#templates", **facts
    )


@post(ONE + "/archive/reversal", name="templates.undo_archive", guards=[agent], status_code=200)
async def undo_archive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """The toast's undo, which can only post."""
    return await _brought_back(request, organization, user, id)


@delete(ONE + "/archive", name="templates.bring_back", guards=[agent], status_code=200)
async def bring_back(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    return await _brought_back(request, organization, user, id)


async def _brought_back(request: Request, organization: Organization, user: Any, id: int) -> Template:
    await templates.bring_back(organization, id, user)
    return fragment(request, "campaigns/_templates.html", notice="Template brought back", **await listed(organization))


ROUTES = [show_templates, create, plant, copy, archive, undo_archive, bring_back]
