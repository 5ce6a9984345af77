"""Coming in and going out."""

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from dashboard.accounts import actions, entrance, one_time, second_factor, sessions
from dashboard.accounts.current import CurrentUser, Now, public, signed_in
from dashboard.errors import DashboardError, Invalid, TooMany
from dashboard.pages import redirect

Form = URLEncodedBody[dict[str, str]]
OVER = "That took too long. Sign in again."


@get("/", name="home", guards=[public])
async def home(request: Request) -> Redirect:
    """The front door leads to Today, or to sign-in."""
    visitor = request.scope.get("user")
    return Redirect(await actions.home(visitor.id) if visitor else "/signin", status_code=303)


@get("/signin", name="signin", guards=[public])
async def show_sign_in(request: Request) -> Template | Redirect:
    """The sign-in page; somebody who is in already goes on."""
    following = entrance.safe_next(request.query_params.get("next", ""))
    if request.scope.get("user") is not None:
        return Redirect(following or await actions.home(request.user.id), status_code=303)
    notice = "Your password was changed. Sign in with it." if "changed" in request.query_params else ""
    return _page(request, "", {}, following, notice=notice)


@post("/signin", name="signin.do", guards=[public], status_code=200)
async def sign_in(request: Request, data: Form, now: Now) -> Response | Template:
    """Check the password; then a session, or the question for the second factor."""
    email, following = data.get("email", ""), entrance.safe_next(data.get("next", ""))
    try:
        address = entrance.address_of(request)
        user = await actions.check_password(email, data.get("password", ""), address, now)
    except DashboardError as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"password": problem.message}
        return _page(request, email[:254], errors, following, status_code=problem.status)
    return await entrance.enter(request, user, now, following)


def _page(
    request: Request, email: str, errors: dict[str, str], following: str, *, status_code: int = 200, notice: str = ""
) -> Template:
    return entrance.outside_page(
        request, "accounts/sign_in.html", status_code=status_code, email=email, errors=errors, following=following,
        notice=notice,
    )  # fmt: skip


@get("/signin/code", name="signin.code", guards=[public])
async def show_code(request: Request, now: Now) -> Template | Redirect:
    """The second step, for a browser that has just passed the first."""
    if await one_time.look("second_step", request.cookies.get(entrance.STEP_COOKIE, ""), now) is None:
        return Redirect("/signin", status_code=303)
    following = entrance.safe_next(request.query_params.get("next", ""))
    return entrance.outside_page(request, "accounts/code.html", errors={}, following=following)


@post("/signin/code", name="signin.code_do", guards=[public], status_code=200)
async def give_code(request: Request, data: Form, now: Now) -> Response | Template:
    """A right code ends the second step, once; five wrong ones bring a long pause."""
    secret, following = request.cookies.get(entrance.STEP_COOKIE, ""), entrance.safe_next(data.get("next", ""))
    step = await one_time.look("second_step", secret, now)
    user = await actions.usable_user(step.user) if step else None
    if user is None:
        return _page(request, "", {"password": OVER}, following, status_code=422)
    try:
        await second_factor.check(user, data.get("code", ""), now)
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"code": problem.message}
        return entrance.outside_page(
            request, "accounts/code.html", status_code=problem.status, errors=errors, following=following
        )
    await one_time.use("second_step", secret, now)
    return await entrance.start_session(request, user, now, following)


@post("/signout", name="signout", guards=[signed_in], status_code=200)
async def sign_out(request: Request, user: CurrentUser) -> Response:
    """End this browser's session."""
    await sessions.end(user.session_id, user.id)
    answer = redirect(request, "/signin")
    answer.delete_cookie(sessions.COOKIE, path="/")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


ROUTES = [home, show_sign_in, sign_in, show_code, give_code, sign_out]
