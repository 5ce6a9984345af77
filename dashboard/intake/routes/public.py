"""A public lead form, on a page of its own or in a frame on the organization's listed sites: open, save, send."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from dashboard.accounts import attempts
from dashboard.accounts.current import Now, public
from dashboard.accounts.entrance import address_of
from dashboard.answers import CSP
from dashboard.errors import Conflict, TooMany
from dashboard.files.uploads import Posted, read_values
from dashboard.forms.answers import take
from dashboard.forms.definition import find, minutes, shown
from dashboard.intake import captures, capturing
from dashboard.intake.captures import Visit
from dashboard.intake.capturing import Outcome
from dashboard.intake.routes.form import as_typed
from dashboard.intake.routes.link import HEADERS, PLAIN, brand_of, kept_from, own_page

PAGE = "/{brand:str}/forms/{slug:str}"
PATHS = [PAGE, f"{PAGE}/frame"]
NOWHERE = "frame-ancestors 'none'"
TRAP = "homepage"  # nobody sees this field; who fills it in is a machine
SENDS = attempts.Limit(20, timedelta(minutes=10))  # from one place
SAVES = attempts.Limit(1_000, timedelta(minutes=10))
CHANGED = "You have sent this form already. Sending it once more sends these answers as well."
LIMITED = "There were many answers from your connection. Wait {minutes}, then send again. What you typed is kept."


@get(PATHS, name="forms.public", guards=[public])
async def show_form(
    request: Request, brand: FromPath[str], slug: FromPath[str], now: Now, draft: FromQuery[str] = ""
) -> Template | Redirect:
    """The form, empty or with what this visitor saved before. Looking at it changes nothing."""
    visit = await captures.open_form(brand, slug, token=draft)
    if visit.submitted_at:
        return to(request, visit, "/thanks")
    if visit.id is None:
        visit = captures.came_by(visit, request.query_params.items(), foreign(request))
    return page(request, visit, now)


@patch(PATHS, name="forms.public_save", guards=[public], **PLAIN)
async def save_form(request: Request, brand: FromPath[str], slug: FromPath[str], now: Now) -> Response[dict[str, Any]]:
    """Autosave: keeps what was typed and says what to show."""
    own_page(request)
    posted = Posted(await read_values(request))
    visit = await visited(brand, slug, posted)
    if not posted.get(TRAP):
        await attempts.take([f"form-saves:{attempts.place(address_of(request))}"], SAVES, now)
        visit = await capturing.save(visit, posted.values, now, address_of(request))
    done, total = visit.progress
    said = {"done": done, "total": total, "visible": visit.visible, "saved_at": now.isoformat()}
    return Response(said | {"address": f"{path(request, visit)}?draft={visit.token}"}, headers=headers(request, visit))


@post(PATHS, name="forms.public_send", guards=[public], status_code=200, **PLAIN)
async def send_form(request: Request, brand: FromPath[str], slug: FromPath[str], now: Now) -> Redirect | Template:
    """Send the answers, once. A machine that fills in what nobody sees is told the same, and nothing happens."""
    own_page(request)
    posted = Posted(await read_values(request))
    visit, place = await visited(brand, slug, posted), address_of(request)
    typed = take(visit.definition, posted.values).answers | as_typed(visit.definition, posted.values)
    if posted.get(TRAP):
        return to(request, visit, "/thanks")
    try:
        if posted.get("later"):
            visit = await capturing.save(visit, posted.values, now, place)
            return to(request, visit, f"?draft={visit.token}")
        await attempts.take([f"form-sends:{attempts.place(place)}"], SENDS, now)
        sent = await capturing.send(visit, posted.values, now, place)
    except TooMany as problem:
        wait = f"{-(-problem.retry_after // 60)} minutes"
        return page(request, visit, now, status_code=429, typed=typed, notice=LIMITED.format(minutes=wait))
    except Conflict:
        sent = capturing.Sent(Outcome.other, visit, {})
    if sent.outcome == Outcome.wrong:
        return page(request, sent.visit, now, status_code=422, typed=typed, errors=sent.wrong)
    if sent.outcome == Outcome.other:
        fresh = captures.came_by(await captures.open_form(brand, slug), posted.values, "")
        return page(request, fresh, now, status_code=409, typed=typed, notice=CHANGED)
    return to(request, visit, "/thanks")


@get([f"{path}/thanks" for path in PATHS], name="forms.public_thanks", guards=[public])
async def show_thanks(request: Request, brand: FromPath[str], slug: FromPath[str]) -> Template:
    """The same for everybody, so that it tells nothing about who sent what."""
    return show(request, "intake/lead_thanks.html", await captures.open_form(brand, slug))


async def visited(brand: str, slug: str, posted: Posted) -> Visit:
    """The visit a page belongs to, as its hidden fields say."""
    visit = await captures.open_form(brand, slug, token=posted.get("_token"), number=posted.get("_version"))
    if visit.id is not None:
        return visit
    said = [(name.removeprefix("_"), value) for name, value in posted.values]
    return captures.came_by(visit, said, posted.get("_page"))


def foreign(request: Request) -> str:
    """The page that led here, unless it is one of ours."""
    given = request.headers.get("referer", "")
    ours = f"{request.url.scheme}://{request.headers.get('host', '')}/"
    return "" if given.startswith(ours) or not given.startswith(("https://", "http://")) else given


# ── answering ──


def framed(request: Request) -> bool:
    return "/frame" in request.scope["path"].removeprefix("/").partition("/forms/")[2]


def path(request: Request, visit: Visit) -> str:
    return f"/{visit.organization.slug}/forms/{visit.form.slug}" + ("/frame" if framed(request) else "")


def headers(request: Request, visit: Visit) -> dict[str, str]:
    """Only the frame may be embedded, and only by the sites that are listed."""
    sites = " ".join(visit.handling.origins) if framed(request) else ""
    policy = CSP.replace(NOWHERE, f"frame-ancestors {sites}") if sites else CSP
    return HEADERS | {"Content-Security-Policy": policy}


def to(request: Request, visit: Visit, rest: str) -> Redirect:
    return Redirect(path(request, visit) + rest, status_code=303, headers=headers(request, visit))


def show(request: Request, name: str, visit: Visit, *, status_code: int = 200, **context: Any) -> Template:
    facts = {
        "brand": brand_of(visit.organization), "visit": visit, "base": path(request, visit), "framed": framed(request),
    }  # fmt: skip
    return Template(name, context=facts | context, status_code=status_code, headers=headers(request, visit))


def page(
    request: Request, visit: Visit, now: datetime, *, status_code: int = 200, typed: dict[str, Any] | None = None,
    errors: Any = None, notice: str = "",
) -> Template:  # fmt: skip
    """The form with what is saved, or with what was just typed and what is wrong with it."""
    errors, answers = errors or {}, visit.answers | (typed or {})
    wrong = [(key, field["label"]) for key in errors if (field := find(visit.definition, key))]
    return show(
        request, "intake/lead_form.html", visit, status_code=status_code, errors=errors, wrong=wrong, notice=notice,
        answers=answers, visible=shown(visit.definition, answers), minutes=minutes(visit.definition), trap=TRAP,
        kept_from=kept_from(visit.saved_at, now, visit.organization.time_zone) if visit.saved_at else "", current=now,
    )  # fmt: skip


ROUTES = [show_form, save_form, send_form, show_thanks]
