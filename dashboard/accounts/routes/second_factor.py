"""Switching a person's own second factor on and off."""

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from dashboard.accounts import actions, confirmation, entrance, second_factor
from dashboard.accounts.current import CurrentUser, Now, signed_in
from dashboard.accounts.routes.account import account_page
from dashboard.accounts.second_factor import Offer
from dashboard.accounts.sessions import Visitor
from dashboard.errors import Conflict, Invalid, TooMany
from dashboard.pages import redirect

Form = URLEncodedBody[dict[str, str]]


def _page(
    request: Request, user: Visitor, offer: Offer, *, fresh: bool, status_code: int = 200,
    errors: dict[str, str] | None = None,
) -> Template:  # fmt: skip
    uri = second_factor.address(offer.secret, user.email)
    return entrance.outside_page(
        request, "accounts/second_factor.html", status_code=status_code, errors=errors or {}, sealed=offer.sealed,
        groups=[offer.secret[n : n + 4] for n in range(0, len(offer.secret), 4)], uri=uri,
        picture=second_factor.picture(uri), fresh=fresh,
    )  # fmt: skip


@get("/account/second-factor", name="account.second_factor", guards=[signed_in])
async def show_second_factor(request: Request, user: CurrentUser, now: Now) -> Template | Redirect:
    """A new secret to scan. Nothing is stored until a code made from it comes back."""
    if user.second_factor:
        return Redirect("/account", status_code=303)
    return _page(request, user, second_factor.offer(user.id), fresh=user.confirmed_lately(now))


@post("/account/second-factor", name="account.second_factor_on", guards=[signed_in], status_code=200)
async def switch_on(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """Switch it on with the first right code; shows the codes for a lost phone once."""
    fresh = user.confirmed_lately(now)
    try:
        offer = second_factor.reopen(user.id, data.get("sealed", ""))
    except Invalid as problem:
        return _page(request, user, second_factor.offer(user.id), fresh=fresh, status_code=422, errors=problem.fields)
    try:
        await confirmation.confirm_in(user, data, entrance.address_of(request), now)
        codes = await second_factor.enrol(user.id, offer.sealed, data.get("code", ""), now, session_id=user.session_id)
    except (Invalid, TooMany) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"code": problem.message}
        return _page(request, user, offer, fresh=fresh, status_code=problem.status, errors=errors)
    return await _codes_page(request, user, codes, "Second factor switched on")


@post("/account/recovery-codes", name="account.recovery_codes", guards=[signed_in], status_code=200)
async def renew_codes(request: Request, user: CurrentUser, now: Now, data: Form) -> Template:
    """Ten new codes for a lost phone; the old ones stop working."""
    try:
        await confirmation.confirm_in(user, data, entrance.address_of(request), now)
        codes = await second_factor.renew_codes(user.id)
    except (Invalid, Conflict) as problem:
        return await account_page(request, user, now, problem=problem, section="second-factor")
    return await _codes_page(request, user, codes, "New codes for a lost phone")


async def _codes_page(request: Request, user: Visitor, codes: list[str], heading: str) -> Template:
    return entrance.outside_page(
        request, "accounts/recovery_codes.html", codes=codes, heading=heading, home=await actions.home(user.id)
    )


@post("/account/second-factor/removal", name="account.second_factor_off", guards=[signed_in], status_code=200)
async def switch_off(request: Request, user: CurrentUser, now: Now, data: Form) -> Response | Template:
    """Switch it off, with the password; refused where an organization asks for it."""
    try:
        await confirmation.confirm_in(user, data, entrance.address_of(request), now)
        await second_factor.remove(user.id, session_id=user.session_id)
    except (Invalid, Conflict) as problem:
        return await account_page(request, user, now, problem=problem, section="second-factor")
    return redirect(request, "/account?done=second-factor-off")


ROUTES = [show_second_factor, switch_on, renew_codes, switch_off]
