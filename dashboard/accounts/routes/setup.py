"""The first set-up: the one-time link that a new installation prints."""

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard.accounts import actions, entrance, forms, one_time
from dashboard.accounts.current import Now, public
from dashboard.campaigns import seeds
from dashboard.errors import Conflict, Invalid, NotFound

OVER = "This link has been used or is too old. Start Backdesk again to get a new one."


@get("/setup/{secret:str}", name="setup", guards=[public])
async def show_setup(request: Request, secret: FromPath[str], now: Now) -> Template:
    """The form behind the link; looking at it does not use the link up."""
    if await one_time.look("setup", secret, now) is None:
        raise NotFound(OVER)
    return entrance.outside_page(request, "accounts/setup.html", secret=secret, values={}, errors={})


@post("/setup/{secret:str}", name="setup.do", guards=[public], status_code=200)
async def set_up(
    request: Request, secret: FromPath[str], data: URLEncodedBody[dict[str, str]], now: Now
) -> Response | Template:
    """Create the owner and the first organization, once."""
    if await one_time.look("setup", secret, now) is None:
        raise NotFound(OVER)
    try:
        user = await actions.set_up(secret, forms.Founding.parse(data), now)
        await seeds.plant_everywhere()
    except (Invalid, Conflict) as problem:
        errors = problem.fields if isinstance(problem, Invalid) else {"organization": problem.message}
        values = {name: data.get(name, "")[:254] for name in ("email", "name", "organization")}
        return entrance.outside_page(
            request, "accounts/setup.html", status_code=problem.status, secret=secret, values=values, errors=errors
        )
    return await entrance.start_session(request, user, now)


ROUTES = [show_setup, set_up]
