"""What staff do with the money of an order, and with its mails."""

import secrets

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import confirmation
from dashboard.accounts.credentials import integrations_for
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent
from dashboard.accounts.entrance import address_of
from dashboard.accounts.tables import Organization
from dashboard.database import transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries.tables import Delivery, DeliveryState
from dashboard.errors import Invalid, NotFound
from dashboard.formats import exponent, money, money_input
from dashboard.intake import actions as intake
from dashboard.orders import forms, placing, queries, refunds
from dashboard.orders.routes.showing import in_drawer, show
from dashboard.orders.tables import Order
from dashboard.pages import fragment

Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/orders/{number:int}/refunds/new", name="orders.refund_form", guards=[admin])
async def ask_refund(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """The dialog; it asks for the password where that was given more than 15 minutes ago."""
    order = await queries.get_order(organization, number)
    possible = await refunds.refundable(organization, order)
    amount = money_input(possible.at_once, order.currency) if exponent(order.currency) is not None else ""
    values = {"amount": amount, "reason": "", "once": secrets.token_urlsafe(16)}
    return await _dialog(request, organization, order, values, {}, not user.confirmed_lately(now))


@post("/{org:str}/orders/{number:int}/refunds", name="orders.refund", guards=[admin], status_code=200)
async def refund(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    order = await queries.get_order(organization, number)
    try:
        form = forms.RefundForm.parse(data, order.currency)
        await confirmation.confirm_in(user, data, address_of(request), now)
        delivery = await refunds.ask(organization, order, form.amount, form.reason, user, now, form.once)
    except Invalid as problem:
        values = {name: forms.text(data, name)[:300] for name in ("amount", "reason", "once")}
        asks = confirmation.FIELD in problem.fields or not user.confirmed_lately(now)
        return await _dialog(request, organization, order, values, problem.fields, asks, problem.message)
    amount = money(form.amount, order.currency)
    if delivery is None:
        notice, undo = f"Refund of {amount} written down. Send the money yourself.", None
    else:
        notice = f"Refund of {amount} queued. It leaves in 10 seconds."
        undo = f"/{organization.slug}/orders/{number}/refunds/{delivery.id}/cancellation"
    return await show(request, organization, number, now, notice=notice, undo=undo, close_dialog=True)


async def _dialog(
    request: Request, organization: Organization, order: Order, values: dict[str, str], errors: dict[str, str],
    asks_password: bool, message: str = "",
) -> Template:  # fmt: skip
    possible = await refunds.refundable(organization, order)
    outside = await integrations_for(organization.id)
    missing = "" if possible.by_hand else outside.stripe.missing
    return fragment(
        request, "orders/_refund.html", order=order, possible=possible, values=values, errors=errors, missing=missing,
        message=message if not errors else "", asks_password=asks_password, password_field=confirmation.FIELD,
        drawer=in_drawer(request), status_code=422 if errors or message else 200,
        open_dialog="" if errors or message else "#dialog",
    )  # fmt: skip


@post(
    "/{org:str}/orders/{number:int}/refunds/{id:int}/cancellation", name="orders.undo_refund", guards=[admin],
    status_code=200,
)  # fmt: skip
async def undo_refund(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template:  # fmt: skip
    stopped = await refunds.take_back(organization, await queries.get_order(organization, number), id, user)
    notice = "Refund taken back. No money was moved."
    if stopped.state != DeliveryState.cancelled:
        notice = "No more tries. Stripe may have taken an earlier one, so decide whether the refund arrived."
    return await show(request, organization, number, now, notice=notice)


@post("/{org:str}/orders/{number:int}/payment", name="orders.mark_paid", guards=[agent], status_code=200)
async def mark_paid(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """The bank transfer has arrived: from here on it is an order like any other."""
    order = await queries.get_order(organization, number)
    async with transaction():
        order = await placing.mark_paid(organization, order, user, now)
        if await placing.confirm(organization, order, now):
            await intake.request(organization, order, now)
    return await show(
        request, organization, number, now, notice=f"Order {number} is paid. The confirmation is on its way."
    )


@post("/{org:str}/orders/{number:int}/mails/{id:int}/copies", name="orders.resend", guards=[agent], status_code=200)
async def resend(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template:  # fmt: skip
    """Send one of the order's mails once more."""
    order = await queries.get_order(organization, number)
    delivery = await _mail(organization, order, id)
    copy = await deliveries.send_copy(delivery, user, now)
    return await show(
        request, organization, number, now, notice=f"“{copy.title}” goes out again in 10 seconds.",
        undo=f"/{organization.slug}/orders/{number}/mails/{copy.id}/cancellation",
    )  # fmt: skip


@post(
    "/{org:str}/orders/{number:int}/mails/{id:int}/cancellation",
    name="orders.undo_resend",
    guards=[agent],
    status_code=200,
)
async def undo_resend(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template:  # fmt: skip
    order = await queries.get_order(organization, number)
    stopped = await deliveries.cancel(await _mail(organization, order, id), user)
    notice = "The mail was not sent."
    if stopped.state != DeliveryState.cancelled:
        notice = "No more tries. An earlier one may have arrived, so decide in the Outbox whether it did."
    return await show(request, organization, number, now, notice=notice)


async def _mail(organization: Organization, order: Order, id: int) -> Delivery:
    found = await Delivery.of(organization).where(Delivery.id == id, Delivery.kind == "mail").first()
    if found is None or (found.subject_kind, found.subject_id) != ("order", order.id):
        raise NotFound()
    return found


ROUTES = [ask_refund, refund, undo_refund, mark_paid, resend, undo_resend]
