"""Accepting an invitation."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import actions, entrance, forms, one_time, passwords, team
from dashboard.accounts.current import Now, public
from dashboard.accounts.tables import OneTimeToken, Organization, User
from dashboard.activity import actions as activity
from dashboard.database import transaction
from dashboard.errors import Invalid, NotFound, TooMany


async def _account(token: OneTimeToken) -> User | None:
    user = await User.objects().where(User.email == token.email).first()
    if user is not None and user.disabled_at is not None:
        raise NotFound(one_time.OVER)
    return user


async def _page(
    request: Request, secret: str, token: OneTimeToken, user: User | None, *, status_code: int = 200,
    errors: dict[str, str] | None = None, name: str = "",
) -> Template:  # fmt: skip
    organization = await Organization.objects().get(Organization.id == token.organization)
    inviter = await User.objects().get(User.id == token.invited_by)
    visitor = request.scope.get("user")
    return entrance.outside_page(
        request, "accounts/invitation.html", status_code=status_code, secret=secret, token=token,
        organization=organization, inviter=inviter, known=user is not None, errors=errors or {}, name=name,
        here=visitor is not None and visitor.email == token.email, other=visitor.email if visitor else "",
    )  # fmt: skip


@get("/invitation/{secret:str}", name="invitation", guards=[public])
async def show_invitation(request: Request, secret: FromPath[str], now: Now) -> Template:
    """Who invites to what; looking does not use the invitation up."""
    token = await one_time.find("invitation", secret, now)
    return await _page(request, secret, token, await _account(token))


@post("/invitation/{secret:str}", name="invitation.do", guards=[public], status_code=200)
async def accept_invitation(
    request: Request, secret: FromPath[str], data: URLEncodedBody[dict[str, str]], now: Now
) -> Response | Template:
    """Join, once: with a new account, or with the one there is and its password."""
    token = await one_time.find("invitation", secret, now)
    user = await _account(token)
    try:
        new = await _prove(request, user, data, now)
        async with transaction():
            user, token = await team.accept(secret, user, new, now)
            title = f"{user.name or user.email} joined as {token.role}"
            await activity.record(token.organization, "organization", token.organization, "joined", title, by=user)
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"password": problem.message}
        typed = data.get("name", "")[:120]
        return await _page(request, secret, token, user, status_code=problem.status, errors=errors, name=typed)
    organization = await Organization.objects().get(Organization.id == token.organization)
    return await entrance.enter(request, user, now, f"/{organization.slug}/today" if organization else "")


async def _prove(request: Request, user: User | None, data: dict[str, str], now: datetime) -> User | None:
    """The new person with name and password; for one who exists, their password must be right, or their session."""
    if user is None:
        form = forms.Joining.parse(data)
        hashed = await passwords.hash(form.password)
        return User(name=form.name, password_hash=hashed, password_short=passwords.short(form.password))
    visitor = request.scope.get("user")
    if visitor is None or visitor.id != user.id:
        known = await actions.check_password(user.email, data.get("password", ""), entrance.address_of(request), now)
        user.password_hash = known.password_hash  # it may have been hashed anew, with the settings of today
    return None


ROUTES = [show_invitation, accept_invitation]
