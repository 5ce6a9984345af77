"""The pages of what is sold."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, viewer
from dashboard.accounts.organizations import currencies
from dashboard.accounts.tables import Organization
from dashboard.errors import Conflict, Invalid
from dashboard.orders import plans
from dashboard.orders.plans import PlanForm
from dashboard.orders.tables import Plan
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]
EMPTY = {
    "name": "", "tier": "any", "billing": "one_off", "stripe_prices": "", "amount": "", "days_to_deliver": "5",
    "intake_form": "", "upsell_to": "",
}  # fmt: skip


async def _choices(organization: Organization, plan: Plan | None) -> dict[str, Any]:
    forms = await plans.intake_forms(organization, also=plan.form if plan else None)
    return {
        "plan": plan, "tiers": plans.TIERS, "billing": plans.BILLING, "currencies": currencies(),
        "choosable": [(str(id), name) for id, name in forms],
    }  # fmt: skip


def _read(data: dict[str, str], choices: dict[str, Any]) -> PlanForm:
    return PlanForm.parse(data, forms=[int(id) for id, _ in choices["choosable"]])


@get("/{org:str}/settings/plans", name="plans.list", guards=[viewer])
async def list_plans(request: Request, organization: CurrentOrganization) -> Template:
    """Everything that is sold, and what was."""
    found = await plans.list_plans(organization)
    return page(request, "plans/list.html", "plans/_list.html", plans=found, names=_names())


@get("/{org:str}/settings/plans/new", name="plans.new", guards=[admin])
async def new_plan(request: Request, organization: CurrentOrganization) -> Template:
    """An empty form."""
    values = EMPTY | {"currency": organization.currency}
    choices = await _choices(organization, None)
    return page(request, "plans/edit.html", "plans/_form.html", values=values, errors={}, **choices)


@post("/{org:str}/settings/plans", name="plans.add", guards=[admin], status_code=200)
async def add_plan(request: Request, organization: CurrentOrganization, user: CurrentUser, data: Form) -> Template:
    """Add a plan; the page then is that plan's own."""
    choices = await _choices(organization, None)
    try:
        plan = await plans.add(organization, _read(data, choices), user)
    except Invalid as problem:
        return _refused(request, data, problem, choices)
    answer = _saved(request, plan, await _choices(organization, plan), f"{plan.name} added")
    answer.headers["HX-Push-Url"] = f"/{organization.slug}/settings/plans/{plan.id}"
    return answer


@get("/{org:str}/settings/plans/{id:int}", name="plans.edit", guards=[admin])
async def edit_plan(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """A plan as it is."""
    plan = await Plan.get_of(organization, id)
    choices = await _choices(organization, plan)
    return page(request, "plans/edit.html", "plans/_form.html", values=plans.typed(plan), errors={}, **choices)


@post("/{org:str}/settings/plans/{id:int}", name="plans.change", guards=[admin], status_code=200)
async def change_plan(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int], data: Form
) -> Template:
    """Save a plan; orders keep what they were placed with."""
    plan = await Plan.get_of(organization, id)
    choices = await _choices(organization, plan)
    try:
        plan = await plans.change(organization, plan, _read(data, choices), user)
    except Invalid as problem:
        return _refused(request, data, problem, choices)
    return _saved(request, plan, choices, "Saved")


def _saved(request: Request, plan: Plan, choices: dict[str, Any], notice: str) -> Template:
    context = choices | {"plan": plan}
    return fragment(request, "plans/_form.html", values=plans.typed(plan), errors={}, notice=notice, **context)


def _refused(request: Request, data: dict[str, str], problem: Invalid, choices: dict[str, Any]) -> Template:
    values = EMPTY | {"currency": ""} | {name: text[:4000] for name, text in data.items()}
    return fragment(request, "plans/_form.html", status_code=422, values=values, errors=problem.fields, **choices)


@post("/{org:str}/settings/plans/{id:int}/archive", name="plans.archive", guards=[admin], status_code=200)
async def archive_plan(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Put a plan away; orders that have it go on."""
    plan = await Plan.get_of(organization, id)
    await plans.archive(organization, plan, user, now)
    undo = f"/{organization.slug}/settings/plans/{id}/restore"
    return await _list(request, organization, f"{plan.name} archived", undo)


@post("/{org:str}/settings/plans/{id:int}/restore", name="plans.restore", guards=[admin], status_code=200)
async def restore_plan(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Template:
    """Put a plan on sale again."""
    plan = await Plan.get_of(organization, id)
    try:
        await plans.restore(organization, plan, user)
    except Invalid as problem:
        raise Conflict(f"{' '.join(problem.fields.values())} Change that first. Nothing was changed.") from None
    return await _list(request, organization, f"{plan.name} restored", None)


async def _list(request: Request, organization: Organization, notice: str, undo: str | None) -> Template:
    found = await plans.list_plans(organization)
    return fragment(
        request, "plans/_list.html", notice=notice, undo=undo, undo_target="#plans", plans=found, names=_names()
    )


def _names() -> dict[str, str]:
    return dict(plans.TIERS) | dict(plans.BILLING)


ROUTES = [list_plans, new_plan, add_plan, edit_plan, change_plan, archive_plan, restore_plan]
