"""Who is asking, for which organization, and may they: the session middleware, the guards, the providers.

Every handler names one policy in `guards=[…]`; a test walks the route table and fails on one that does not."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult

from dashboard import clock, navigation
from dashboard.accounts import csrf, sessions
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, Organization, Role
from dashboard.errors import LongerPasswordNeeded, NotAllowed, NotFound, NotSignedIn, SecondFactorNeeded

ACROSS = "approvals"  # the page that stands outside of any one organization
CurrentOrganization = NamedDependency[Organization]
CurrentUser = NamedDependency[Visitor]
Now = NamedDependency[datetime]


class SessionMiddleware(AbstractAuthenticationMiddleware):
    """Puts the Visitor, or None, in `request.user`. Never writes a cookie."""

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:
        token = connection.cookies.get(sessions.COOKIE, "")
        by_person = "x-live" not in connection.headers  # a page that refreshes itself, see static/js/live.js
        visitor = await sessions.find(token, clock.now(), touch=by_person) if 20 <= len(token) <= 100 else None
        return AuthenticationResult(user=visitor, auth=None)


@dataclass(frozen=True)
class Shell:
    """What the frame around every page needs to know."""

    organization: Organization
    user: Visitor
    role: Role
    memberships: list[Membership]
    csrf: str
    base: str
    current: str
    theme: str | None = None
    since: float = field(default_factory=time.time)  # before the page was read: what is said after it is news to it

    @property
    def navigation(self):
        return navigation.groups(self.base)

    @property
    def palette(self):
        return navigation.palette(self.base, works=self.may(Role.agent))

    def may(self, role: str) -> bool:
        """Whether this person has at least that role here; controls above it are absent."""
        return self.role.rank >= Role(role).rank


# ── policies ──


async def public(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Anyone. What the page shows or does is protected by what is in its address, or is nobody's secret."""


async def machine(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    """A caller that proves itself inside the handler by a signature or a secret header."""


async def signed_in(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    """Any person with a session; the page is about themselves."""
    visitor(request)


async def viewer(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    await require(request, Role.viewer)


async def agent(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    await require(request, Role.agent)


async def admin(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    await require(request, Role.admin)


async def owner(request: ASGIConnection, handler: BaseRouteHandler) -> None:
    await require(request, Role.owner)


POLICIES = (public, machine, signed_in, viewer, agent, admin, owner)


def visitor(request: ASGIConnection) -> Visitor:
    found = request.scope.get("user")
    if found is None:
        raise NotSignedIn()
    return found


async def require(request: ASGIConnection, role: Role, slug: str = "") -> None:
    """Load the organization in the path, or the one that is named, through the person's memberships. Not a member: it
    does not exist."""
    person = visitor(request)
    memberships = (
        await Membership.objects(Membership.organization)
        .where(Membership.user == person.id)
        .order_by(Membership.organization)
    )
    slug = slug or request.path_params.get("org", "")
    mine = next((m for m in memberships if m.organization.slug == slug), None)
    if mine is None:
        raise NotFound()
    has = Role(mine.role)
    parts = request.scope["path"].split("/")
    request.scope["shell"] = Shell(  # type: ignore[typeddict-unknown-key]
        organization=mine.organization,
        user=person,
        role=has,
        memberships=memberships,
        csrf=csrf.token(request.app.state.settings.secret_key, csrf.bound_to(request)),
        base=f"/{mine.organization.slug}",
        current=ACROSS if parts[1] == ACROSS else navigation.entry_of(parts[2]) if len(parts) > 2 else "today",
        theme=_theme(request),
    )
    if mine.organization.second_factor_required and not person.second_factor:
        raise SecondFactorNeeded()
    if has is Role.owner and person.password_short:
        raise LongerPasswordNeeded()
    if has.rank < role.rank:
        raise NotAllowed(f"Only {_plural(role)} may do this. You are {_article(has)} here. Nothing was changed.")


def _theme(request: ASGIConnection) -> str | None:
    chosen = request.query_params.get("theme")
    return chosen if chosen in ("dark", "light") else None


def _plural(role: Role) -> str:
    return {"agent": "agents and above", "admin": "admins and the owner", "owner": "the owner"}.get(role, f"{role}s")


def _article(role: Role) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"


# ── providers ──


def provide_organization(request: Request) -> Organization:
    return _shell(request).organization


def provide_user(request: Request) -> Visitor:
    return visitor(request)


def role_of(request: Request) -> Role:
    """The role of the person who asks, in the organization of the address."""
    return _shell(request).role


def _shell(request: Request) -> Any:
    return request.scope["shell"]  # type: ignore[typeddict-item]
