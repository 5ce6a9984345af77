"""The Events pages: everything that arrived, and what a person does about what failed."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.lists import Asked, Filters
from dashboard.pages import fragment, page, wants_part
from dashboard.webhooks import actions, payloads, queries
from dashboard.webhooks.tables import InboundEvent


@get("/{org:str}/events", name="events.list", guards=[viewer])
async def list_events(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The list; htmx gets the table alone."""
    return page(
        request, "events/list.html", "events/_table.html", **await _list(request, organization, now), event=None
    )


@get("/{org:str}/events/counts", name="events.counts", guards=[viewer])
async def count_events(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Tabs with their numbers and the button that replays all, loaded after the rows."""
    filters = queries.EVENTS.read(request.url.query, Asked(now))
    return fragment(request, "events/_counts.html", **await _counts(organization, _state(filters)))


@get("/{org:str}/events/{id:int}", name="events.detail", guards=[viewer])
async def show_event(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """The list with this event beside it; htmx gets what is in the drawer."""
    event = await queries.get_event(organization, id)
    if wants_part(request):
        return page(request, "events/_drawer.html", **_detail(event, now))
    return page(request, "events/list.html", **(await _list(request, organization, now) | _detail(event, now)))


@post("/{org:str}/events/{id:int}/replay", name="events.replay", guards=[agent], status_code=200)
async def replay(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Handle one event again."""
    event = await actions.replay(await InboundEvent.get_of(organization, id), user, now)
    request.app.state.in_tray.set()
    return await _drawer(request, organization, id, now, notice=f"{event.kind} replayed.")


@post("/{org:str}/events/replays", name="events.replay_failed", guards=[agent], status_code=200)
async def replay_failed(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """Handle every failed event again."""
    number = await actions.replay_failed(organization, user, now)
    request.app.state.in_tray.set()
    notice = f"{number} event{'' if number == 1 else 's'} replayed." if number else "No event is failed any more."
    return fragment(request, "events/_counts.html", notice=notice, **await _counts(organization, ""))


@post("/{org:str}/events/{id:int}/dismissal", name="events.dismiss", guards=[agent], status_code=200)
async def dismiss(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    data: URLEncodedBody[dict[str, str]],
) -> Template:  # fmt: skip
    """Decide that a failed event needs nothing."""
    event = await actions.dismiss(await InboundEvent.get_of(organization, id), data.get("reason", ""), user, now)
    undo = f"/{organization.slug}/events/{id}/reopening"
    notice = f"{event.kind} ignored."
    return await _drawer(request, organization, id, now, notice=notice, undo=undo, undo_target="", close_dialog=True)


@post("/{org:str}/events/{id:int}/reopening", name="events.reopen", guards=[agent], status_code=200)
async def reopen(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Take a dismissal back."""
    event = await actions.reopen(await InboundEvent.get_of(organization, id), user)
    return await _drawer(request, organization, id, now, notice=f"{event.kind} is failed again.")


async def _list(request: Request, organization: Organization, now: datetime) -> dict[str, Any]:
    filters = queries.EVENTS.read(request.url.query, Asked(now))
    state = _state(filters)
    base = f"/{organization.slug}/events"
    return {
        "filters": filters, "state": state, "events": await queries.find_events(organization, filters, now),
        "tabs": queries.tabs(state, base, None), "refused": await queries.refused(organization, now),
        "failed": 0, "here": f"{base}?{request.url.query}" if request.url.query else base,
        "zone": organization.time_zone, "now": now,
    }  # fmt: skip


def _state(filters: Filters) -> str:
    chosen = filters.chosen("state")
    return chosen[0] if len(chosen) == 1 else ""


async def _counts(organization: Organization, state: str) -> dict[str, Any]:
    known = await queries.counts(organization)
    return {
        "tabs": queries.tabs(state, f"/{organization.slug}/events", known),
        "failed": known["failed"],
        "state": state,
    }


def _detail(event: dict[str, Any], now: datetime) -> dict[str, Any]:
    attempts = [{"at": datetime.fromisoformat(tried["at"]), "error": tried["error"]} for tried in event["attempts"]]
    shown = event | {"said": queries.said(event, now), "attempts": attempts}
    return {"event": shown, "payload": payloads.readable(bytes(event["body"])), "now": now}


async def _drawer(request: Request, organization: Organization, id: int, now: datetime, **answer: Any) -> Template:
    event = await queries.get_event(organization, id)
    return fragment(request, "events/_drawer.html", **answer, **_detail(event, now))


ROUTES = [list_events, count_events, show_event, replay, replay_failed, dismiss, reopen]
