"""A person's own page: name, password, sessions, organizations."""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import actions, confirmation, entrance, forms, passwords, sessions
from dashboard.accounts.current import CurrentUser, Now, signed_in
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import User
from dashboard.campaigns import seeds
from dashboard.database import rows
from dashboard.errors import Conflict, DashboardError, Invalid
from dashboard.pages import download, fragment, redirect

Form = URLEncodedBody[dict[str, str]]
DONE = {
    "profile": "Saved.",
    "password": "Password changed. Every other browser is signed out.",
    "session": "That browser is signed out.",
    "sessions": "Every other browser is signed out.",
    "second-factor-off": "Second factor switched off. Every other browser is signed out.",
    "confirmed": "Thank you. You will not be asked again for 15 minutes.",
}
MINE = """
    SELECT o.name, o.slug, o.colour, m.role, o.second_factor_required FROM membership m
    JOIN organization o ON o.id = m.organization WHERE m.user = {} ORDER BY m.id"""


async def account_page(
    request: Request, user: Visitor, now: datetime, *, problem: DashboardError | None = None, section: str = "",
    values: dict[str, str] | None = None,
) -> Template:  # fmt: skip
    """The whole page; `section` is the form that `problem` belongs to, `values` what was typed into it."""
    errors: dict[str, str] = {}
    if problem is not None:
        errors = problem.fields if isinstance(problem, Invalid) and problem.fields else {"": problem.message}
    mine = await rows(MINE, user.id)
    context: dict[str, Any] = {
        "user": user, "now": now, "section": section, "errors": errors, "values": values or {},
        "fresh": user.confirmed_lately(now), "sessions": await sessions.of_user(user.id, now), "organizations": mine,
        "home": f"/{mine[0]['slug']}/today" if mine else "",
        "notice": DONE.get(request.query_params.get("done", ""), ""),
    }  # fmt: skip
    status = problem.status if problem is not None else 200
    return entrance.outside_page(request, "accounts/account.html", status_code=status, **context)


@get("/account", name="account", guards=[signed_in])
async def show_account(request: Request, user: CurrentUser, now: Now) -> Template:
    """Everything about the person who asks."""
    return await account_page(request, user, now)


@post("/account/profile", name="account.profile", guards=[signed_in], status_code=200)
async def save_profile(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """The name people see, and whether single keys do something."""
    name = forms.line(data.get("name", ""))
    if not name:
        problem = Invalid({"name": "Say what people call you."})
        return await account_page(request, user, now, problem=problem, section="profile", values={"name": ""})
    await User.update({User.name: name, User.keys_off: data.get("keys_off") == "1"}).where(User.id == user.id)
    return redirect(request, "/account?done=profile")


@post("/account/password", name="account.password", guards=[signed_in], status_code=200)
async def change_password(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """A new password, for which the old one is always needed. This browser goes on under a new id, all others end."""
    try:
        forms.refuse({"password": passwords.problem(data.get("password", ""))})
        await actions.check_new_password(user.id, data.get("password", ""))
        await confirmation.confirm(user, data.get(confirmation.FIELD, ""), entrance.address_of(request), now)
    except Invalid as problem:
        return await account_page(request, user, now, problem=problem, section="password")
    await actions.set_password(user.id, data["password"])
    return await entrance.start_session(request, await actions.person(user.id), now, "/account?done=password")


@get("/account/confirmation", name="account.ask", guards=[signed_in])
async def ask(request: Request) -> Template:
    """The question for the password, for somebody who wants a file."""
    following = entrance.safe_next(request.query_params.get("next", ""))
    return entrance.outside_page(request, "accounts/confirmation.html", errors={}, following=following, file=True)


@post("/account/confirmation", name="account.confirm", guards=[signed_in], status_code=200)
async def confirm(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """Give the password once more, so that a page may do dangerous things for 15 minutes."""
    following = entrance.safe_next(data.get("next", "")) or "/account?done=confirmed"
    file, by_htmx = data.get("file") == "1", request.headers.get("HX-Request") == "true"
    try:
        await confirmation.confirm(user, data.get(confirmation.FIELD, ""), entrance.address_of(request), now)
    except Invalid as problem:
        asked: dict[str, Any] = {"errors": problem.fields, "following": following, "file": file}
        if by_htmx:
            return fragment(request, "accounts/_confirmation.html", status_code=422, **asked)
        return entrance.outside_page(request, "accounts/confirmation.html", status_code=422, **asked)
    if file and by_htmx:
        return download(following)
    if file:
        return entrance.outside_page(request, "accounts/file.html", following=following)
    return redirect(request, following)


@post("/account/sessions/{id:int}/end", name="account.end_session", guards=[signed_in], status_code=200)
async def end_session(request: Request, user: CurrentUser, id: FromPath[int]) -> Response:
    """Sign another of one's own browsers out; somebody else's session does not exist."""
    await sessions.end(id, user.id)
    return redirect(request, "/account?done=session#sessions")


@post("/account/sessions/end", name="account.end_sessions", guards=[signed_in], status_code=200)
async def end_other_sessions(request: Request, user: CurrentUser) -> Response:
    """Sign every other browser out."""
    await sessions.end_all(user.id, but=user.session_id)
    return redirect(request, "/account?done=sessions#sessions")


@post("/account/organizations", name="account.found", guards=[signed_in], status_code=200)
async def found_organization(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """Another organization, which this person then owns; the session starts afresh, because its limits change."""
    name = forms.line(data.get("organization", ""))
    slug = data.get("slug", "").strip().lower() or forms.free_slug(name)
    wrong = "" if name else "Give the organization a name."
    try:
        forms.refuse({"organization": wrong, "slug": forms.slug_problem(slug) if name else ""})
        organization = await actions.found(user.id, name, slug)
        await seeds.plant(organization)
    except (Invalid, Conflict) as problem:
        shown = Invalid({"slug": problem.message}) if isinstance(problem, Conflict) else problem
        values = {"organization": name, "slug": data.get("slug", "")[:60]}
        return await account_page(request, user, now, problem=shown, section="organizations", values=values)
    href = f"/{organization.slug}/settings"
    return await entrance.start_session(request, await actions.person(user.id), now, href)


ROUTES = [
    show_account, save_profile, change_password, ask, confirm, end_session, end_other_sessions, found_organization,
]  # fmt: skip
