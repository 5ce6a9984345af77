"""Payments that came another way: entered by hand, and taken back."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.database import transaction
from dashboard.errors import Conflict, Invalid, NotFound
from dashboard.formats import local_day, money
from dashboard.intake import actions as intake
from dashboard.leads.tables import Lead
from dashboard.orders import placing, received
from dashboard.orders.tables import Order
from dashboard.pages import fragment, page
from dashboard.payments import forms, manual
from dashboard.payments.tables import Payment

SIZE = 50
FIELDS = ("whose", "amount", "currency", "day", "method", "note")
Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/revenue/payments", name="revenue.payments", guards=[viewer])
async def list_received(
    request: Request, organization: CurrentOrganization, now: Now, after: FromQuery[int] = 0
) -> Template:
    """All that was entered by hand, newest first."""
    return page(request, "payments/received.html", "payments/_received.html", **await _list(organization, now, after))


@get("/{org:str}/revenue/payments/new", name="revenue.payment_form", guards=[agent])
async def ask_payment(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The dialog. What belongs to an order is entered there too, see orders/routes/received.py."""
    today = local_day(now, organization.time_zone)
    values = {"currency": organization.currency, "day": today.isoformat(), "once": typed.once()}
    return _dialog(request, values, {})


@post("/{org:str}/revenue/payments", name="revenue.receive", guards=[agent], status_code=200)
async def receive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """Book it; an order that is paid by it goes on like any other."""
    try:
        form = forms.Received.parse(data, local_day(now, organization.time_zone))
        order, lead = await _whose(organization, form)
    except Invalid as problem:
        values = {name: typed.text(data, name)[:300] for name in (*FIELDS, "once")}
        return _dialog(request, values, problem.fields, problem.message)
    async with transaction():
        order = await received.receive(organization, order, lead, form, user, now)
        if order and await placing.confirm(organization, order, now):
            await intake.request(organization, order, now)
    notice = await received.said(organization, order, form)
    return fragment(
        request, "payments/_received.html", notice=notice, close_dialog=True, **await _list(organization, now)
    )


@get("/{org:str}/revenue/payments/{id:int}/reversal", name="revenue.reversal_form", guards=[agent])
async def ask_reversal(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Template:
    """The dialog that asks why."""
    return _reversal(request, await _payment(organization, id), {}, {})


@post("/{org:str}/revenue/payments/{id:int}/reversal", name="revenue.reverse", guards=[agent], status_code=200)
async def reverse(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Take a payment back that was entered wrongly: a line of the opposite amount."""
    payment = await _payment(organization, id)
    try:
        await received.take_back(organization, payment, forms.reason(data), user, now)
    except Invalid as problem:
        return _reversal(request, payment, {"reason": typed.text(data, "reason")[:300]}, problem.fields)
    except Conflict as problem:
        return _reversal(request, payment, {"reason": typed.text(data, "reason")[:300]}, {}, problem.message)
    return fragment(
        request, "payments/_received.html", notice=f"Payment of {money(payment.amount, payment.currency)} taken back.",
        close_dialog=True, **await _list(organization, now),
    )  # fmt: skip


async def _list(organization: Organization, now: datetime, after: int = 0) -> dict[str, Any]:
    found = await manual.listed(organization, max(0, min(after, 2**62)), SIZE)
    return {
        "lines": found[:SIZE], "following": found[SIZE - 1]["id"] if len(found) > SIZE else None,
        "methods": manual.METHODS, "zone": organization.time_zone, "now": now,
    }  # fmt: skip


async def _payment(organization: Organization, id: int) -> Payment:
    found = None
    if id < 2**63:
        found = await Payment.of(organization).where(Payment.id == id, Payment.provider == manual.PROVIDER).first()
    if found is None:
        raise NotFound("There is no such payment.")
    return found


async def _whose(organization: Organization, form: forms.Received) -> tuple[Order | None, int]:
    """The order and its customer, or the person alone; Invalid when there is none."""
    if form.order:
        wanted = form.order if form.order < 2**31 else 0
        order = await Order.of(organization).where(Order.number == wanted).first()
        if order is None:
            raise Invalid({"whose": f"There is no order {form.order}."})
        if order.currency and order.currency != form.currency:
            raise Invalid({"currency": f"Order {order.number} is in {order.currency}. Write the customer's address to "
                           "book it without the order."})  # fmt: skip
        return order, order.lead
    lead = await (
        Lead.of(organization)
        .where(Lead.email_normalized == form.email, Lead.deleted_at.is_null(), Lead.merged_into.is_null())
        .first()
    )
    if lead is None:
        raise Invalid({"whose": "Nobody here has this address. Add the lead first, or write an order's number."})
    return None, lead.id


def _dialog(request: Request, values: dict[str, str], errors: dict[str, str], message: str = "") -> Template:
    bad = bool(errors or message)
    return fragment(
        request, "payments/_receive.html", values=values, errors=errors, message="" if errors else message,
        order=None, drawer=False, methods=manual.METHODS.items(), status_code=422 if bad else 200,
        open_dialog="" if bad else "#dialog",
    )  # fmt: skip


def _reversal(
    request: Request, payment: Payment, values: dict[str, str], errors: dict[str, str], message: str = ""
) -> Template:
    bad = bool(errors or message)
    return fragment(
        request, "payments/_take_back.html", payment=payment, values=values, errors=errors, message=message,
        status_code=422 if bad else 200, open_dialog="" if bad else "#dialog",
    )  # fmt: skip


ROUTES = [list_received, ask_payment, receive, ask_reversal, reverse]
