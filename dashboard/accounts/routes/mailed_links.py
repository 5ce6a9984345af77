"""Links by mail: a new password, or signing in without one. The answer is the same whether or not there is an account,
a GET never uses a link up, and the address in the mail comes from BASE_URL."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import actions, attempts, credentials, entrance, forms, one_time
from dashboard.accounts.current import Now, public
from dashboard.accounts.tables import User
from dashboard.database import transaction
from dashboard.deliveries import actions as deliveries
from dashboard.errors import Invalid, NotFound, TooMany
from dashboard.pages import redirect

Form = URLEncodedBody[dict[str, str]]


@get("/forgotten", name="forgotten", guards=[public])
async def show_forgotten(request: Request) -> Template:
    """Ask for a link to choose a new password."""
    works = credentials.mail_works()
    return entrance.outside_page(request, "accounts/forgotten.html", email="", errors={}, mail_works=works)


@post("/forgotten", name="forgotten.do", guards=[public], status_code=200)
async def ask_for_reset(request: Request, data: Form, now: Now) -> Template:
    """Mail the link, where there is an account."""
    try:
        return await _ask(request, "password_reset", data, now)
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"email": problem.message}
        return entrance.outside_page(
            request, "accounts/forgotten.html", status_code=problem.status, email=data.get("email", "")[:254],
            errors=errors, mail_works=credentials.mail_works(),
        )  # fmt: skip


@post("/signin/link", name="signin.ask_link", guards=[public], status_code=200)
async def ask_for_link(request: Request, data: Form, now: Now) -> Template:
    """Mail a link to sign in with, where there is an account."""
    try:
        return await _ask(request, "sign_in_link", data, now)
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"email": problem.message}
        return entrance.outside_page(
            request, "accounts/sign_in.html", status_code=problem.status, email=data.get("email", "")[:254],
            errors=errors, following=entrance.safe_next(data.get("next", "")), notice="",
        )  # fmt: skip


async def _ask(request: Request, purpose: str, data: dict[str, str], now: datetime) -> Template:
    email = forms.address(data.get("email", ""))
    forms.refuse({"email": forms.address_problem(email)})
    place = attempts.place(entrance.address_of(request))
    await attempts.take([f"mails:{place}"], attempts.ASKS, now)
    await attempts.take([f"mails:{attempts.account(email)}"], attempts.MAILS, now)
    if credentials.mail_works():
        await _mail(purpose, email, now)
    return entrance.outside_page(
        request, "accounts/mail_sent.html", purpose=purpose, email=email, mail_works=credentials.mail_works()
    )


async def _mail(purpose: str, email: str, now: datetime) -> None:
    """The same statements for an unknown address, rolled back at the end, so that the time taken tells nothing."""
    user = await User.objects().where(User.email == email, User.disabled_at.is_null()).first()
    async with transaction() as all_or_nothing:
        await one_time.void(purpose, email=email)
        token = await one_time.prepare(purpose, now, email=email, user=user.id if user else None)
        await deliveries.queue_account_mail(
            purpose, key=f"{purpose}:{token.id}", recipient=email, one_time_token=token.id,
            name=user.name if user else "",
        )  # fmt: skip
        if user is None:
            await all_or_nothing.rollback()


@get("/reset/{secret:str}", name="reset", guards=[public])
async def show_reset(request: Request, secret: FromPath[str], now: Now) -> Template:
    """Choose a new password; looking does not use the link up."""
    await one_time.find("password_reset", secret, now)
    return entrance.outside_page(request, "accounts/reset.html", secret=secret, errors={})


@post("/reset/{secret:str}", name="reset.do", guards=[public], status_code=200)
async def reset(request: Request, secret: FromPath[str], data: Form, now: Now) -> Response | Template:
    """Set the new password, once; every session and every other link of the account ends."""
    try:
        await actions.reset_password(secret, data.get("password", ""), now)
    except Invalid as problem:
        return entrance.outside_page(
            request, "accounts/reset.html", status_code=422, secret=secret, errors=problem.fields
        )
    return redirect(request, "/signin?changed")


@get("/signin/link/{secret:str}", name="signin.link", guards=[public])
async def show_link(request: Request, secret: FromPath[str], now: Now) -> Template:
    """A button, because mail programs open links to look at them."""
    token = await one_time.find("sign_in_link", secret, now)
    return entrance.outside_page(request, "accounts/sign_in_link.html", secret=secret, email=token.email)


@post("/signin/link/{secret:str}", name="signin.link_do", guards=[public], status_code=200)
async def use_link(request: Request, secret: FromPath[str], now: Now) -> Response:
    """Sign in, once."""
    token = await one_time.use("sign_in_link", secret, now)
    user = await actions.usable_user(token.user)
    if user is None:
        raise NotFound(one_time.OVER)
    return await entrance.enter(request, user, now)


ROUTES = [show_forgotten, ask_for_reset, ask_for_link, show_reset, reset, show_link, use_link]
