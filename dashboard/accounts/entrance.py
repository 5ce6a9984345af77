"""Pages without an organization, and the step from a stranger to a session."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Template

from dashboard.accounts import actions, csrf, one_time, sessions
from dashboard.accounts.tables import User
from dashboard.database import transaction
from dashboard.pages import redirect

STEP_COOKIE = "__Host-step"


def safe_next(address: str) -> str:
    """Where to go after signing in: one of our own paths, or nothing."""
    plain = address.isprintable() and not any(c in address for c in "\\@") and len(address) < 4000
    return address if plain and address.startswith("/") and not address.startswith("//") else ""


def outside_page(request: Request, name: str, /, *, status_code: int = 200, **context: Any) -> Template:
    """A page outside any organization. A stranger's forms get a token bound to a random cookie of their own."""
    bound, cookies = csrf.bound_to(request), []
    if request.scope.get("user") is None and not request.cookies.get(csrf.PRE_COOKIE):
        fresh = csrf.new_pre_session()
        bound = f"p:{fresh}"
        cookies = [_cookie(csrf.PRE_COOKIE, fresh)]
    context |= {"csrf": csrf.token(request.app.state.settings.secret_key, bound), "brand": None}
    # Never the path, which may hold a link's secret. Not no-referrer: browsers then send Origin: null with our forms.
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
    return Template(name, context=context, status_code=status_code, cookies=cookies, headers=headers)


def address_of(request: Request) -> str:
    """Where a request comes from, as the server saw it."""
    return request.client.host if request.client else ""


async def enter(request: Request, user: User, now: datetime, following: str = "") -> Response:
    """The way in for somebody who proved who they are: a session, or first the second factor where it is on."""
    if user.totp_secret is None:
        return await start_session(request, user, now, following)
    await one_time.void("second_step", user=user.id)
    token = await one_time.prepare("second_step", now, user=user.id, email=user.email)
    answer = redirect(request, f"/signin/code?next={quote(following, safe='/')}" if following else "/signin/code")
    answer.set_cookie(_cookie(STEP_COOKIE, await one_time.secret_for(token)))
    return answer


async def start_session(request: Request, user: User, now: datetime, following: str = "") -> Response:
    """Sign a person in under a new id; a session this browser had before is over."""
    old = request.scope.get("user")
    if old is not None:
        await sessions.end(old.session_id, old.id)
    browser = "".join(c for c in request.headers.get("user-agent", "") if c.isprintable())
    async with transaction():
        await sessions.hold(user)
        token = await sessions.begin(user, now, address=address_of(request), browser=browser)
    answer = redirect(request, following or await actions.home(user.id))
    answer.set_cookie(_cookie(sessions.COOKIE, token))
    answer.delete_cookie(csrf.PRE_COOKIE, path="/")
    answer.delete_cookie(STEP_COOKIE, path="/")
    return answer


def _cookie(name: str, value: str) -> Cookie:
    return Cookie(key=name, value=value, path="/", secure=True, httponly=True, samesite="lax")
