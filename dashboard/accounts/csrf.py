"""Requests that change something must come from our own pages: a token bound to the session, and the browser's word."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from dashboard.errors import NotAllowed
from dashboard.signing import derive

SAFE = ("GET", "HEAD", "OPTIONS")
PRE_COOKIE = "__Host-pre"
FIELD, HEADER = "_csrf", "x-csrf-token"
REFUSED = "This page is out of date or was opened from another site. Reload it and try again. Nothing was changed."


def token(secret: str, bound_to: str) -> str:
    """The token for one session, or for one visitor before sign-in."""
    mac = hmac.new(derive(secret, "csrf"), bound_to.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def bound_to(request: ASGIConnection) -> str:
    """What this browser's token is bound to: its session, else the random cookie it got with the sign-in page."""
    visitor = request.scope.get("user")
    return f"s:{visitor.token}" if visitor else f"p:{request.cookies.get(PRE_COOKIE, '')}"


def new_pre_session() -> str:
    return secrets.token_urlsafe(24)


async def guard(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Refuse an unsafe request without both proofs. Handlers with `outside=True` are called by machines or strangers
    and prove themselves by a signature, a secret header or a token in their address."""
    if request.scope.get("method") in SAFE:
        return
    if not handler.opt.get("any_site"):  # RFC 8058 one-click posts come from the mail provider's own pages
        same_site(request)
    if handler.opt.get("outside"):
        return
    given = request.headers.get(HEADER, "")
    kind = request.headers.get("content-type", "")
    if not given and isinstance(request, Request) and kind.startswith("application/x-www-form-urlencoded"):
        given = str((await request.form()).get(FIELD, ""))
    bound = bound_to(request)
    expected = token(request.app.state.settings.secret_key, bound)
    if len(bound) < 10 or not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotAllowed(REFUSED)


def same_site(request: ASGIConnection) -> None:
    """A browser says where a request comes from; anything but our own origin is refused. Machines say nothing."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site != "same-origin":
        raise NotAllowed(REFUSED)
    origin = request.headers.get("origin")
    if origin is None:
        return
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or parts.netloc != request.headers.get("host", ""):
        raise NotAllowed(REFUSED)
