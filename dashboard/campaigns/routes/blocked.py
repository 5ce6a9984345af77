"""The addresses nothing is sent to: seen by everybody, blocked by agents, let go by admins."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, admin, agent, viewer
from dashboard.accounts.forms import address, address_problem
from dashboard.accounts.tables import Organization
from dashboard.deliveries import blocked
from dashboard.deliveries.blocked import BLOCKED, REASONS
from dashboard.lists import Asked
from dashboard.pages import fragment, page

Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/settings/suppressed", name="settings.suppressed", guards=[viewer])
async def show(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The list; htmx gets it without the frame."""
    facts = await _facts(request.url.query or "", organization, now)
    return page(request, "settings/suppressed.html", "settings/_suppressed.html", **facts)


@post("/{org:str}/settings/suppressed", name="settings.suppress", guards=[agent], status_code=200)
async def block(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, data: Form
) -> Template:
    """Block one address by hand."""
    given = data.get("email", "")
    email = address(given)
    if problem := address_problem(email):
        facts = await _facts("", organization, now, given[:254], {"email": problem})
        return fragment(request, "settings/_suppressed.html", status_code=422, **facts)
    new = await blocked.block(organization, email, user, now)
    notice = f"Nothing goes to {email} any more." if new else f"{email} was blocked already."
    return fragment(request, "settings/_suppressed.html", notice=notice, **await _facts("", organization, now))


@post("/{org:str}/settings/suppressed/{id:int}/release", name="settings.release", guards=[admin], status_code=200)
async def release(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Let an address get mail again: the page asked before."""
    email = await blocked.release(organization, id, user)
    notice = f"{email} gets mail again." if email else "It was let go already."
    return fragment(request, "settings/_suppressed.html", notice=notice, **await _facts("", organization, now))


async def _facts(
    query: str, organization: Organization, now: datetime, typed: str = "", errors: dict[str, str] | None = None
) -> dict[str, Any]:
    filters = BLOCKED.read(query, Asked(now, organization.time_zone))
    chosen = filters.chosen("reason")
    tabs = [("All", "", "", not chosen)]
    tabs += [(name, f"reason={reason}", "", chosen == [reason]) for reason, name in REASONS.items()]
    return {
        "found": await blocked.find(organization, filters), "filters": filters, "now": now, "typed": typed,
        "zone": organization.time_zone, "errors": errors or {}, "tabs": tabs,
    }  # fmt: skip


ROUTES = [show, block, release]
