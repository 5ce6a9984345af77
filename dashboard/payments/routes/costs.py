"""What was spent: the list, and costs entered by hand."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, viewer
from dashboard.accounts.tables import Organization
from dashboard.activity import queries as activity
from dashboard.errors import Invalid
from dashboard.formats import exponent, local_day, money, money_input
from dashboard.pages import fragment, page, redirect
from dashboard.payments import costs, forms
from dashboard.revenue import breakdown

SIZE = 50
FIELDS = ("amount", "currency", "day", "source", "campaign", "note")
Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/revenue/costs", name="revenue.costs", guards=[viewer])
async def list_costs(
    request: Request, organization: CurrentOrganization, now: Now, after: FromQuery[int] = 0
) -> Template:
    """All costs that count, newest day first."""
    return page(request, "payments/costs.html", "payments/_costs.html", **await _list(organization, now, after))


@get("/{org:str}/revenue/costs/new", name="revenue.cost_form", guards=[admin])
async def ask_cost(
    request: Request, organization: CurrentOrganization, now: Now, back: FromQuery[str] = ""
) -> Template:
    """The dialog. Opened on the revenue page (`back`), that page is shown anew afterwards."""
    values = {
        "currency": organization.currency,
        "day": local_day(now, organization.time_zone).isoformat(),
        "once": typed.once(),
    }
    return await _dialog(request, organization, values | {"back": "1" if back else ""}, {})


@post("/{org:str}/revenue/costs", name="revenue.add_cost", guards=[admin], status_code=200)
async def add(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template | Response:
    """Write it down; back on the revenue page, or in the list with a way to undo."""
    try:
        spent = forms.cost(data, local_day(now, organization.time_zone), await _campaigns(organization))
        made = await costs.add(organization, spent, typed.token(data), user)
    except Invalid as problem:
        return await _dialog(request, organization, _typed(data), problem.fields, problem.message)
    if data.get("back"):
        return redirect(request, _back(request, organization))
    undo = f"/{organization.slug}/revenue/costs/{made}/removal" if made else None
    return await _show(request, organization, now, f"Cost of {money(spent.amount, spent.currency)} entered.", undo)


@get("/{org:str}/revenue/costs/{id:int}", name="revenue.cost", guards=[viewer])
async def show_cost(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """One cost with its history; admins can change it."""
    cost = await costs.find(organization, id)
    known = exponent(cost["currency"]) is not None
    values = {
        "amount": money_input(cost["amount"], cost["currency"]) if known else "", "currency": cost["currency"],
        "day": cost["spent_on"].isoformat(), "source": cost["source"], "campaign": str(cost["campaign"] or ""),
        "note": cost["note"],
    }  # fmt: skip
    return await _dialog(request, organization, values, {}, id=id, kind=cost["kind"])


@post("/{org:str}/revenue/costs/{id:int}", name="revenue.change_cost", guards=[admin], status_code=200)
async def change(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template | Response:
    """Other facts, with a way back."""
    cost = await costs.find(organization, id)
    try:
        spent = forms.cost(data, local_day(now, organization.time_zone), await _campaigns(organization))
        batch = await costs.change(organization, id, spent, user)
    except Invalid as problem:
        return await _dialog(
            request, organization, _typed(data), problem.fields, problem.message, id=id, kind=cost["kind"]
        )
    undo = f"/{organization.slug}/revenue/costs/{id}/changes/{batch}/reversal" if batch else None
    return await _show(request, organization, now, "Cost changed." if batch else "Nothing was different.", undo)


@post(
    "/{org:str}/revenue/costs/{id:int}/changes/{batch:str}/reversal", name="revenue.undo_cost", guards=[admin],
    status_code=200,
)  # fmt: skip
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    batch: FromPath[str],
) -> Template | Response:  # fmt: skip
    """Take one change back, unless there was another since."""
    done = await costs.reverse(organization, id, batch, user)
    notice = "The cost is as it was." if done else "It has changed since. Nothing was taken back."
    return await _show(request, organization, now, notice)


@post("/{org:str}/revenue/costs/{id:int}/removal", name="revenue.remove_cost", guards=[admin], status_code=200)
async def remove(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Out of every figure, until it is brought back."""
    await costs.withdraw(organization, id, user, now)
    undo = f"/{organization.slug}/revenue/costs/{id}/restoration"
    return await _show(request, organization, now, "Cost deleted.", undo)


@post("/{org:str}/revenue/costs/{id:int}/restoration", name="revenue.restore_cost", guards=[admin], status_code=200)
async def restore(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Into every figure again."""
    await costs.withdraw(organization, id, user, None)
    return await _show(request, organization, now, "The cost is back.")


async def _list(organization: Organization, now: datetime, after: int = 0) -> dict[str, Any]:
    found = await costs.listed(organization, max(0, min(after, 2**62)), SIZE)
    return {
        "lines": found[:SIZE], "following": found[SIZE - 1]["id"] if len(found) > SIZE else None,
        "zone": organization.time_zone, "now": now,
    }  # fmt: skip


async def _show(
    request: Request, organization: Organization, now: datetime, notice: str, undo: str | None = None
) -> Template:
    return fragment(
        request, "payments/_costs.html", notice=notice, undo=undo, undo_target="#costs", close_dialog=True,
        **await _list(organization, now),
    )  # fmt: skip


async def _dialog(
    request: Request, organization: Organization, values: dict[str, str], errors: dict[str, str], message: str = "", *,
    id: int = 0, kind: str = "hand",
) -> Template:  # fmt: skip
    bad = bool(errors or message)
    return fragment(
        request, "payments/_cost.html", id=id, kind=kind, values=values, errors=errors,
        message="" if errors else message, campaigns=await _campaigns(organization),
        sources=await costs.sources(organization), zone=organization.time_zone,
        history=await activity.timeline(organization, "cost", id, 20) if id else [],
        status_code=422 if bad else 200, open_dialog="" if bad else "#dialog",
    )  # fmt: skip


async def _campaigns(organization: Organization) -> dict[int, str]:
    return {int(id): name for id, name in (await breakdown.names(organization, "campaign")).items() if id}


def _typed(data: dict[str, str]) -> dict[str, str]:
    return {name: typed.text(data, name)[:300] for name in (*FIELDS, "once", "back")}


def _back(request: Request, organization: Organization) -> str:
    """The revenue page as it was when the dialog was opened."""
    _, _, query = request.headers.get("HX-Current-URL", "").partition("?")
    return f"/{organization.slug}/revenue" + (f"?{query[:500]}" if query else "")


ROUTES = [list_costs, ask_cost, add, show_cost, change, undo, remove, restore]
