"""Dangerous actions ask for the password again when it was given more than 15 minutes ago."""

from datetime import datetime
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Redirect

from dashboard.accounts import actions, sessions
from dashboard.accounts.sessions import Visitor
from dashboard.errors import Invalid, NotAllowed, TooMany
from dashboard.pages import download, fragment

FIELD = "current_password"


async def confirm(user: Visitor, password: str, address: str, now: datetime) -> None:
    """Check the password and remember for 15 minutes that it was right; else Invalid at its field."""
    if not password:
        raise Invalid({FIELD: "Give your password to do this."})
    try:
        await actions.check_password(user.email, password, address, now)
    except Invalid:
        raise Invalid({FIELD: "This is not your password."}) from None
    except TooMany as problem:
        raise Invalid({FIELD: problem.message}) from None
    await sessions.confirm(user.session_id, now)


async def confirm_in(user: Visitor, data: dict[str, str], address: str, now: datetime) -> None:
    """The same for a form that carries the password only where it is needed."""
    if not user.confirmed_lately(now):
        await confirm(user, data.get(FIELD, ""), address, now)


def require(user: Visitor, now: datetime) -> None:
    """For actions whose page asked for the password beforehand."""
    if not user.confirmed_lately(now):
        raise NotAllowed("Give your password first: this page asks for it again after 15 minutes. Nothing was changed.")


def before_file(request: Request, user: Visitor, now: datetime) -> Response | None:
    """What a request for a file of everything gets instead of it, or None when the file may go out. A page of ours asks
    by htmx: it keeps its filters and ticks, gets the question in its dialog, and then fetches the very same address."""
    fresh, query = user.confirmed_lately(now), request.url.query
    wanted = request.scope["path"] + (f"?{query}" if query else "")
    if request.headers.get("HX-Request") == "true":
        if fresh:
            return download(wanted)
        return fragment(
            request, "accounts/_confirmation.html", following=wanted, errors={}, open_dialog="#dialog"
        )  # fmt: skip
    return None if fresh else Redirect(f"/account/confirmation?next={quote(wanted, safe='')}", status_code=303)
