"""Coming in and going out: sign-in, sign-out, the first set-up."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from dashboard.accounts import actions, csrf, one_time, sessions
from dashboard.accounts.current import CurrentUser, Now, public, signed_in
from dashboard.accounts.tables import User
from dashboard.errors import DashboardError, Invalid, NotFound
from dashboard.pages import redirect

Form = URLEncodedBody[dict[str, str]]


def safe_next(address: str) -> str:
    """Where to go after signing in: one of our own paths, or nothing."""
    plain = address.isprintable() and not any(c in address for c in "\\@") and len(address) < 500
    return address if plain and address.startswith("/") and not address.startswith("//") else ""


def outside_page(request: Request, name: str, *, status_code: int = 200, **context: object) -> Template:
    """A page for somebody without a session: its forms get a token bound to a random cookie of their own."""
    bound, cookies = csrf.bound_to(request), []
    if request.scope.get("user") is None and not request.cookies.get(csrf.PRE_COOKIE):
        fresh = csrf.new_pre_session()
        bound = f"p:{fresh}"
        cookies = [Cookie(key=csrf.PRE_COOKIE, value=fresh, path="/", secure=True, httponly=True, samesite="lax")]
    secret = request.app.state.settings.secret_key
    context |= {"csrf": csrf.token(secret, bound), "brand": None}
    headers = {"Cache-Control": "no-store"}
    return Template(name, context=context, status_code=status_code, cookies=cookies, headers=headers)


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def start_session(request: Request, user: User, now: datetime, href: str) -> Response:
    """Sign a person in under a new id; a session this browser had before is over."""
    old = request.scope.get("user")
    if old is not None:
        await sessions.end(old.session_id, old.id)
    browser = request.headers.get("user-agent", "")
    token = await sessions.begin(user, now, address=address_of(request), browser=browser)
    answer = redirect(request, href)
    answer.set_cookie(
        Cookie(key=sessions.COOKIE, value=token, path="/", secure=True, httponly=True, samesite="lax")
    )
    answer.delete_cookie(csrf.PRE_COOKIE)
    return answer


@get("/", name="home", guards=[public])
async def home(request: Request) -> Redirect:
    """The front door leads to Today, or to sign-in."""
    visitor = request.scope.get("user")
    return Redirect(await actions.home(visitor.id) if visitor else "/signin", status_code=303)


@get("/signin", name="signin", guards=[public])
async def show_sign_in(request: Request) -> Template | Redirect:
    if request.scope.get("user") is not None:
        return Redirect(await actions.home(request.user.id), status_code=303)
    following = safe_next(request.query_params.get("next", ""))
    return outside_page(request, "accounts/sign_in.html", values={"email": ""}, errors={}, following=following)


@post("/signin", name="signin.do", guards=[public], status_code=200)
async def sign_in(request: Request, data: Form, now: Now) -> Response | Template:
    following = safe_next(data.get("next", ""))
    try:
        user = await actions.check_password(data.get("email", ""), data.get("password", ""), address_of(request), now)
    except DashboardError as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"password": problem.message}
        values = {"email": data.get("email", "")[:254]}
        return outside_page(
            request, "accounts/sign_in.html", status_code=problem.status, values=values, errors=errors,
            following=following,
        )  # fmt: skip
    return await start_session(request, user, now, following or await actions.home(user.id))


@post("/signout", name="signout", guards=[signed_in], status_code=200)
async def sign_out(request: Request, user: CurrentUser) -> Response:
    await sessions.end(user.session_id, user.id)
    answer = redirect(request, "/signin")
    answer.delete_cookie(sessions.COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@get("/setup/{secret:str}", name="setup", guards=[public])
async def show_setup(request: Request, secret: FromPath[str], now: Now) -> Template:
    """The one-time link that `backdesk run` prints on an empty database."""
    if await one_time.look("setup", secret, now) is None:
        raise NotFound("This link has been used or is too old. Start Backdesk again to get a new one.")
    return outside_page(request, "accounts/setup.html", secret=secret, values={}, errors={})


@post("/setup/{secret:str}", name="setup.do", guards=[public], status_code=200)
async def set_up(request: Request, secret: FromPath[str], data: Form, now: Now) -> Response | Template:
    """Create the owner and the first organization, once."""
    if await one_time.look("setup", secret, now) is None:
        raise NotFound("This link has been used or is too old. Start Backdesk again to get a new one.")
    try:
        user = await actions.create_owner(
            data.get("email", ""), data.get("name", ""), data.get("password", ""), data.get("organization", "")
        )
    except DashboardError as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"organization": problem.message}
        values = {name: data.get(name, "")[:254] for name in ("email", "name", "organization")}
        return outside_page(
            request, "accounts/setup.html", status_code=problem.status, secret=secret, values=values, errors=errors
        )
    await one_time.use("setup", secret, now)
    return await start_session(request, user, now, await actions.home(user.id))


ROUTES = [home, show_sign_in, sign_in, sign_out, show_setup, set_up]
