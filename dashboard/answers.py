"""What goes back when something is wrong, and the headers that go with every answer."""

import logging
import re
import secrets
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.response import Redirect, Template
from litestar.types import Message, Scope

from dashboard import links
from dashboard.database import translate
from dashboard.errors import DashboardError, FirstDo, Invalid, NotSignedIn, TooMany, Unavailable

log = logging.getLogger("dashboard")

CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
}
PRIVATE_LINK = {
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}  # also where such an address answers with an error
OPENING = tuple(f"/{path}/" for path in links.OPENING)
TITLES = {
    400: "That request was not understood",
    401: "Sign in first",
    403: "You may not do this",
    404: "Nothing here",
    405: "Nothing here",
    409: "Someone else was faster",
    413: "That is too large",
    422: "Some answers need another look",
    429: "Too many tries",
    503: "Back in a moment",
}
BROKEN = "Something broke on our side. Nothing was changed. It has been written down under the number below."
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


async def add_headers(message: Message, scope: Scope) -> None:
    """Security headers on every response: pages, fragments, errors, files, streams. A route may set its own first."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in (HEADERS | PRIVATE_LINK if scope["path"].startswith(OPENING) else HEADERS).items():
        if name not in headers:
            headers[name] = value
    if "speculation-rules" not in headers and headers.get("content-type", "").startswith("text/html"):
        headers["speculation-rules"] = '"/speculation.json"'
    if scope.get("user") is not None and "cache-control" not in headers:
        headers["cache-control"] = "no-store"


def answer(request: Request, problem: Exception) -> Response:
    """One answer for every error: a page, a toast or form for htmx, JSON for machines."""
    known = problem if isinstance(problem, DashboardError) else translate(problem)
    if known is not None:
        return _respond(request, known.status, known.message, _extra_headers(known), known)
    if isinstance(problem, HTTPException) and problem.status_code < 500:
        message = "There is nothing at this address." if problem.status_code in (404, 405) else str(problem.detail)
        return _respond(request, problem.status_code, message[:300], dict(problem.headers or {}), None)
    number = secrets.token_hex(4)
    path = CONTROL.sub("", request.scope["path"])[:200] if not _secret_path(request) else "(private link)"
    log.error("request %s failed: %s %s", number, request.method, path, exc_info=problem)
    return _respond(request, 500, BROKEN, {}, None, number)


def _respond(
    request: Request, status: int, message: str, headers: dict, known: DashboardError | None, number: str = ""
) -> Response:
    wants_json = request.scope["path"].startswith(("/api/", "/webhooks/", "/internal/", "/health")) or (
        "application/json" in request.headers.get("accept", "")
    )
    title = TITLES.get(status, "Something broke")
    if wants_json:
        body = {"error": message} | ({"fields": known.fields} if isinstance(known, Invalid) else {})
        body |= {"number": number} if number else {}
        return Response(body, status_code=status, headers=headers, media_type=MediaType.JSON)
    from_htmx = request.headers.get("HX-Request") == "true"
    if isinstance(known, NotSignedIn) and not from_htmx and request.method == "GET":
        query = request.url.query
        wanted = request.scope["path"] + (f"?{query}" if query else "")
        return Redirect(f"/signin?next={quote(wanted, safe='/')}", status_code=303)
    if isinstance(known, FirstDo) and not from_htmx and request.method == "GET":
        return Redirect(known.where, status_code=303)
    if from_htmx:
        headers = headers | {"HX-Trigger": _toast(message, number)}
    context = {"status": status, "title": title, "message": message, "request_id": number}
    return Template("errors/error.html", context=context, status_code=status, headers=headers)


def _toast(message: str, number: str) -> str:
    from json import dumps

    return dumps({"toast": {"text": f"{message} {number}".strip(), "bad": True}})


def _extra_headers(problem: DashboardError) -> dict[str, str]:
    return {"Retry-After": str(problem.retry_after)} if isinstance(problem, TooMany | Unavailable) else {}


def _secret_path(request: Request) -> bool:
    """Private links carry their right in the address, so they stay out of the log."""
    return request.scope["path"].startswith(OPENING)
