"""A payment that came another way, entered where its order is."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.database import transaction
from dashboard.errors import Invalid
from dashboard.formats import exponent, local_day, money_input
from dashboard.intake import actions as intake
from dashboard.orders import money as order_money
from dashboard.orders import placing, queries, received
from dashboard.orders.routes.showing import in_drawer, show
from dashboard.orders.tables import Order
from dashboard.pages import fragment
from dashboard.payments import forms, manual

FIELDS = ("amount", "currency", "day", "method", "note", "once")


@get("/{org:str}/orders/{number:int}/payments/new", name="orders.payment_form", guards=[agent])
async def ask_payment(request: Request, organization: CurrentOrganization, now: Now, number: FromPath[int]) -> Template:
    """The dialog, with what is still to pay."""
    order = await queries.get_order(organization, number)
    values = {
        "amount": await _outstanding(organization, order), "currency": order.currency or organization.currency,
        "day": local_day(now, organization.time_zone).isoformat(), "once": typed.once(),
    }  # fmt: skip
    return _dialog(request, order, values)


@post("/{org:str}/orders/{number:int}/payments", name="orders.receive", guards=[agent], status_code=200)
async def receive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Book it; an order that is paid by it goes on like any other."""
    order = await queries.get_order(organization, number)
    try:
        form = forms.Received.parse({**data, "whose": str(number)}, local_day(now, organization.time_zone))
        if form.currency != (order.currency or form.currency):
            raise Invalid({"currency": f"This order is in {order.currency}."})
    except Invalid as problem:
        values = {name: typed.text(data, name)[:300] for name in FIELDS}
        return _dialog(
            request, order, values, errors=problem.fields, message="" if problem.fields else problem.message,
            status_code=422, open_dialog="",
        )  # fmt: skip
    async with transaction():
        settled = await received.receive(organization, order, order.lead, form, user, now)
        if settled and await placing.confirm(organization, settled, now):
            await intake.request(organization, settled, now)
    notice = await received.said(organization, settled, form)
    return await show(request, organization, number, now, notice=notice, close_dialog=True)


async def _outstanding(organization: Organization, order: Order) -> str:
    """What the order costs less what came in, as one would type it; empty when nothing is left."""
    left = order_money.missing(order, await order_money.lines_of(organization, order))
    return money_input(left, order.currency) if left > 0 and exponent(order.currency) is not None else ""


def _dialog(request: Request, order: Order, values: dict[str, str], **more: Any) -> Template:
    facts = {"errors": {}, "message": "", "open_dialog": "#dialog", "methods": manual.METHODS.items()}
    return fragment(
        request, "payments/_receive.html", order=order, drawer=in_drawer(request), values=values, **facts | more
    )


ROUTES = [ask_payment, receive]
