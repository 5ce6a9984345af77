"""Answer with a whole page, or with the fragment htmx asked for, at one address."""

import json
from typing import Any

from litestar import Request, Response
from litestar.response import Redirect, Template

VARY = "HX-Request, HX-Request-Type, Cookie"


def wants_part(request: Request) -> bool:
    """Whether htmx asked for a piece. Restoring history and whole-page requests get the page."""
    asked = request.headers
    return (
        asked.get("HX-Request") == "true"
        and asked.get("HX-Request-Type") != "full"
        and "HX-History-Restore-Request" not in asked
    )


def page(
    request: Request, whole: str, part: str | None = None, /, *, status_code: int = 200, **context: Any
) -> Template:
    """The page at this address, or its `part` for htmx."""
    name = part if part is not None and wants_part(request) else whole
    return Template(name, context=shell(request) | context, headers={"Vary": VARY}, status_code=status_code)


def fragment(
    request: Request, name: str, /, *, status_code: int = 200, notice: str | None = None, undo: str | None = None,
    undo_target: str = "#main", close_dialog: bool = False, open_dialog: str = "", **context: Any,
) -> Template:  # fmt: skip
    """A piece of a page that a form or button gets back. `notice` shows a toast, `undo` is the address that reverts;
    its answer replaces `undo_target`. `open_dialog` names the dialog the piece was loaded into."""
    events = trigger(notice, undo, close_dialog, target=undo_target, open_dialog=open_dialog)
    headers = {"HX-Trigger": events} if events != "{}" else {}
    return Template(name, context=shell(request) | context, status_code=status_code, headers=headers)


def trigger(
    notice: str | None, undo: str | None = None, close_dialog: bool = False, *, target: str = "#main",
    open_dialog: str = "",
) -> str:  # fmt: skip
    """The HX-Trigger header. json.dumps keeps it ASCII, as a header must be."""
    events: dict[str, Any] = {}
    if notice:
        events["toast"] = {"text": notice} | ({"undo": undo, "target": target, "ms": 10000} if undo else {})
    if close_dialog:
        events["close-dialog"] = {}
    if open_dialog:
        events["open-dialog"] = {"target": open_dialog}
    return json.dumps(events)


def toast(
    notice: str, *, undo: str | None = None, undo_target: str = "#main", close_dialog: bool = False
) -> Response[str]:
    """Nothing but a toast."""
    headers = {"HX-Trigger": trigger(notice, undo, close_dialog, target=undo_target)}
    return Response("", media_type="text/html", status_code=200, headers=headers)


def download(href: str) -> Response[str]:
    """Let the page fetch a file and stay as it is."""
    headers = {"HX-Trigger": json.dumps({"close-dialog": {}, "download": {"href": href}})}
    return Response("", media_type="text/html", status_code=200, headers=headers)


def redirect(request: Request, href: str, notice: str | None = None) -> Response:
    """Go to another page, whether htmx or the browser asked."""
    if request.headers.get("HX-Request") == "true":
        headers = {"HX-Redirect": href}
        return Response("", media_type="text/html", status_code=200, headers=headers)
    return Redirect(href, status_code=303)


def shell(request: Request) -> dict[str, Any]:
    found = request.scope.get("shell")
    return {"shell": found} if found is not None else {}
