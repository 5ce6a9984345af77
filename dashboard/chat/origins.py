"""Which sites may ask from a browser, and which organization an address means."""

import re
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from dashboard import typed
from dashboard.accounts.tables import Organization
from dashboard.errors import NotAllowed, NotFound

ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,200}(:\d{1,5})?|https?://\[[0-9a-f:.]{2,45}\](:\d{1,5})?")
REFUSED = "This site may not use the chat. An admin can add it under Settings, Chat."


async def organization_of(slug: str = "") -> Organization:
    """The organization of an address; without one the first. NotFound when there is none."""
    every = Organization.objects().order_by(Organization.id)
    found = await (every.where(Organization.slug == slug[:60]) if slug else every).first()
    if found is None:
        raise NotFound()
    return found


def listed(organization: Organization) -> list[str]:
    """The origins an organization allows; an empty list denies every other site."""
    chosen: Any = organization.support or {}
    return [each for each in chosen.get("origins", []) if isinstance(each, str)]


def allowed(request: Request, organization: Organization) -> dict[str, str]:
    """The headers for this caller: machines say no origin, our own pages say ours, others must be listed exactly.
    NotAllowed for everybody else."""
    headers = {"Vary": "Origin", "Cache-Control": "no-store"}
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise NotAllowed(REFUSED)
        return headers
    if urlsplit(origin).netloc == request.headers.get("host") and origin.startswith(("http://", "https://")):
        return headers
    if origin not in listed(organization) or not ORIGIN.fullmatch(origin):
        raise NotAllowed(REFUSED)
    headers["Access-Control-Allow-Origin"] = origin
    request.scope["origin_headers"] = headers  # type: ignore[typeddict-unknown-key]
    return headers


def seen_at(said: dict[str, str], organization: Organization) -> tuple[str, str]:
    """(page, site) on which the widget stands, as its page says; both empty where the site is not listed."""
    page, site = typed.text(said, "page")[:300], typed.text(said, "site")[:200]
    return (page, site) if site in listed(organization) else ("", "")


def preflight(request: Request, organization: Organization) -> dict[str, str]:
    """What a browser wants to know before it posts JSON. No credentials: the token is in the body."""
    return allowed(request, organization) | {
        "Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "600",
    }  # fmt: skip
