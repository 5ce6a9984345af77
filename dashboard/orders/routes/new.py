"""An order made by hand."""

import secrets

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.database import transaction
from dashboard.errors import Invalid, NotFound
from dashboard.formats import exponent, money_input
from dashboard.intake import actions as intake
from dashboard.orders import forms, placing
from dashboard.orders.tables import Plan
from dashboard.pages import page, redirect

FIELDS = ("email", "name", "plan", "amount", "currency", "paid", "once")


@get("/{org:str}/orders/new", name="orders.new", guards=[agent])
async def show_new(request: Request, organization: CurrentOrganization) -> Template:
    """An empty form."""
    values = dict.fromkeys(FIELDS, "") | {"currency": organization.currency, "once": secrets.token_urlsafe(16)}
    return await _form(request, organization, values, {})


@post("/{org:str}/orders", name="orders.create", guards=[agent], status_code=200)
async def create(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    data: URLEncodedBody[dict[str, str]],
) -> Response | Template:  # fmt: skip
    """Make the order; a paid one also gets its confirmation and its intake request. Two clicks make one."""
    try:
        form = forms.NewOrder.parse(data)
        plan = await _plan(organization, form.plan)
    except Invalid as problem:
        return await _form(
            request, organization, {name: forms.text(data, name)[:300] for name in FIELDS}, problem.fields
        )
    async with transaction():
        order = await placing.create_by_hand(
            organization, email=form.email, name=form.name, plan=plan, amount=form.amount, currency=form.currency,
            paid=form.paid, by=user, now=now, once=form.once,
        )  # fmt: skip
        if await placing.confirm(organization, order, now):
            await intake.request(organization, order, now)
    return redirect(request, f"/{organization.slug}/orders/{order.number}")


async def _plan(organization: Organization, id: int) -> Plan:
    try:
        return await Plan.get_of(organization, id)
    except NotFound:
        raise Invalid({"plan": "Choose what was bought."}) from None


async def _form(
    request: Request, organization: Organization, values: dict[str, str], errors: dict[str, str]
) -> Template:
    plans = await (
        Plan.select_of(organization, Plan.id, Plan.name, Plan.amount, Plan.currency)
        .where(Plan.archived_at.is_null())
        .order_by(Plan.name)
    )
    for plan in plans:
        known = exponent(plan["currency"]) is not None
        plan["price"] = f"{money_input(plan['amount'], plan['currency'])} {plan['currency']}" if known else ""
    return page(
        request, "orders/new.html", "orders/_new.html", status_code=422 if errors else 200, plans=plans, values=values,
        errors=errors,
    )  # fmt: skip


ROUTES = [show_new, create]
