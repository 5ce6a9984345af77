"""The Outbox: everything that leaves, why it is as it is, and what a person can do about it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Stream, Template

from dashboard.accounts import confirmation
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.deliveries import actions, previews, queries
from dashboard.deliveries.tables import Delivery, DeliveryState
from dashboard.errors import Invalid, NotFound
from dashboard.formats import day, moment
from dashboard.labels import STATUS
from dashboard.lists import Asked, Filters
from dashboard.lists.spreadsheet import stream
from dashboard.orders.tables import Order
from dashboard.pages import fragment, page, wants_part

PREVIEW_CSP = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'"
PREVIEW_HEADERS = {
    "content-security-policy": PREVIEW_CSP, "cache-control": "no-store", "referrer-policy": "no-referrer",
}  # fmt: skip
COLUMNS = (
    "What", "Channel", "About", "To", "Title", "State", "Attempts", "Why", "Created", "Settled", "Opened", "Clicked",
)  # fmt: skip


@get("/{org:str}/outbox", name="outbox.list", guards=[viewer])
async def list_deliveries(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The list; htmx gets the table alone."""
    found = await _list(request, organization, now)
    return page(request, "outbox/list.html", "outbox/_table.html", delivery=None, **found)


@get("/{org:str}/outbox/counts", name="outbox.counts", guards=[viewer])
async def count_deliveries(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The tabs with their numbers, loaded after the rows."""
    filters = _filters(request, organization, now)
    known = await queries.counts(organization, filters)
    return fragment(request, "outbox/_tabs.html", tabs=queries.tabs(filters, _base(organization), known))


@get("/{org:str}/outbox/export", name="outbox.export", guards=[viewer])
async def export(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Every row behind the filters as CSV."""
    if asked := confirmation.before_file(request, user, now):
        return asked
    filters, zone = _filters(request, organization, now), organization.time_zone

    async def batches() -> AsyncIterator[Iterable[Sequence[object]]]:
        async for found in queries.export(organization, filters, now):
            numbers = await _order_numbers(organization, found)
            yield [_line(each, numbers, zone) for each in found]

    name = f"outbox-{organization.slug}-{day(now, zone).replace(' ', '-')}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(stream(COLUMNS, batches()), media_type="text/csv", headers=headers)


@get("/{org:str}/outbox/{id:int}", name="outbox.detail", guards=[viewer])
async def show_delivery(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """The list with this delivery beside it; htmx gets what is in the drawer."""
    detail = await _detail(organization, id, now)
    if wants_part(request):
        return page(request, "outbox/_drawer.html", **detail)
    return page(request, "outbox/list.html", **(await _list(request, organization, now) | detail))


@get("/{org:str}/outbox/{id:int}/preview", name="outbox.preview", guards=[viewer])
async def show_preview(organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Response[str]:
    """The mail exactly as the person would see it, for a sandboxed frame; every capability hidden."""
    html = previews.preview(await queries.get_delivery(organization, id, now)).html
    if not html:
        raise NotFound("There is nothing to look at here.")
    return Response(html, media_type="text/html; charset=utf-8", headers=PREVIEW_HEADERS)


@post("/{org:str}/outbox/{id:int}/cancellation", name="outbox.cancel", guards=[agent], status_code=200)
async def cancel(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    place: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """Take it back before it leaves."""
    before = await Delivery.get_of(organization, id)
    stopped = await actions.cancel(before, user)
    if stopped.state != DeliveryState.cancelled:
        notice = "No more tries. An earlier one may have arrived, so decide whether it did."
        return await _changed(request, organization, id, now, place, notice)
    undo = f"{_base(organization)}/{id}/restoration?place={place}" if before.state in ("queued", "held") else None
    return await _changed(request, organization, id, now, place, "Cancelled. Nothing was sent.", undo)


@post("/{org:str}/outbox/{id:int}/restoration", name="outbox.restore", guards=[agent], status_code=200)
async def restore(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    place: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """Undo a cancellation."""
    await actions.restore(await Delivery.get_of(organization, id), user, now)
    return await _changed(request, organization, id, now, place, "Queued again.")


@post("/{org:str}/outbox/{id:int}/sending", name="outbox.send", guards=[agent], status_code=200)
async def send(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    place: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """Try it now, without waiting for its next try."""
    await actions.send_now(await Delivery.get_of(organization, id), user, now)
    return await _changed(request, organization, id, now, place, "Queued again. It is sent at once.")


@post("/{org:str}/outbox/{id:int}/decision", name="outbox.decide", guards=[agent], status_code=200)
async def decide(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    data: URLEncodedBody[dict[str, str]], place: FromQuery[str] = "",
) -> Template:  # fmt: skip
    """Settle an unknown one: it arrived, or send it again."""
    decision = data.get("decision")
    if decision not in ("arrived", "again"):
        raise Invalid({"decision": "Say whether it arrived."}, "Say whether it arrived. Nothing was changed.")
    await actions.decide(await Delivery.get_of(organization, id), arrived=decision == "arrived", by=user, now=now)
    notice = "Marked as sent." if decision == "arrived" else "Queued again. It is sent at once."
    return await _changed(request, organization, id, now, place, notice)


async def _list(request: Request, organization: Organization, now: datetime) -> dict[str, Any]:
    filters = _filters(request, organization, now)
    found = await queries.find_deliveries(organization, filters, now)
    query, base = filters.query(), _base(organization)
    return {
        "filters": filters, "fields": {each.name: each for each in queries.OUTBOX.fields}, "page": found,
        "numbers": await _order_numbers(organization, found.rows), "tabs": queries.tabs(filters, base),
        "query": query, "here": f"{base}?{request.url.query}" if request.url.query else base,
        "zone": organization.time_zone, "now": now, "retries": 8,
    }  # fmt: skip


async def _detail(organization: Organization, id: int, now: datetime) -> dict[str, Any]:
    delivery = await queries.get_delivery(organization, id, now)
    return {
        "delivery": delivery, "preview": previews.preview(delivery), "zone": organization.time_zone, "now": now,
        "numbers": await _order_numbers(organization, [delivery]), "retries": 8,
    }  # fmt: skip


async def _changed(
    request: Request, organization: Organization, id: int, now: datetime, place: str, notice: str,
    undo: str | None = None,
) -> Template:  # fmt: skip
    """The drawer or the row as it is now, wherever the button was."""
    request.app.state.out_tray.set()
    detail = await _detail(organization, id, now)
    if place == "drawer":
        return fragment(request, "outbox/_drawer.html", notice=notice, undo=undo, undo_target="#drawer", **detail)
    detail["each"] = detail["delivery"]
    return fragment(request, "outbox/_row.html", notice=notice, undo=undo, undo_target=f"#delivery-{id}", **detail)


def _filters(request: Request, organization: Organization, now: datetime) -> Filters:
    return queries.OUTBOX.read(request.url.query, Asked(now, organization.time_zone))


def _base(organization: Organization) -> str:
    return f"/{organization.slug}/outbox"


async def _order_numbers(organization: Organization, deliveries: list[dict[str, Any]]) -> dict[int, int]:
    """The numbers people know, of the orders these are about."""
    ids = {each["subject_id"] for each in deliveries if each["subject_kind"] == "order"}
    if not ids:
        return {}
    found = await Order.select_of(organization, Order.id, Order.number).where(Order.id.is_in(list(ids)))
    return {each["id"]: each["number"] for each in found}


def _line(each: dict[str, Any], numbers: dict[int, int], zone: str) -> list[object]:
    times = [each[name] for name in ("created_at", "settled_at", "opened_at", "clicked_at")]
    number = numbers.get(each["subject_id"]) if each["subject_kind"] == "order" else None
    about = f"Order {number}" if number else each["subject_kind"]
    said = [each["what"], each["channel"], about, each["recipient"], each["title"]]
    state = [STATUS["delivery"][each["state"]][0], each["attempt"], each["why"]]
    return [*said, *state, *(moment(at, zone) if at else "" for at in times)]


ROUTES = [list_deliveries, count_deliveries, export, show_delivery, show_preview, cancel, restore, send, decide]
