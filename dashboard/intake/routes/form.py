"""The customer's form behind the private link: open, save, send."""

from typing import Any

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dashboard.accounts.current import Now, public
from dashboard.errors import DashboardError, Invalid
from dashboard.files.uploads import Posted, read_values, received, too_large
from dashboard.forms.answers import PREFIX
from dashboard.forms.definition import Definition, find
from dashboard.intake import answering, attachments, queries
from dashboard.intake.queries import IntakeView
from dashboard.intake.routes.link import HEADERS, OPEN, PLAIN, open_link, own_page, show, show_form, to_form


@get("/f/{token:str}", name="intake.form", guards=[public], **OPEN)
async def show_intake(token: FromPath[str], now: Now) -> Template:
    """The form, or what was sent. Looking at it changes nothing."""
    intake = await open_link(token)
    if intake.open:
        return show_form(intake, now)
    return show("intake/closed.html" if intake.state == "open" else "intake/sent.html", intake, now)


@patch("/f/{token:str}", name="intake.save", guards=[public], **OPEN)
async def save_intake(request: Request, token: FromPath[str], now: Now) -> Response[dict[str, Any]]:
    """Autosave: keeps what was typed and says what to show."""
    intake = await answering.save(await open_link(token), await read_values(request), now)
    return Response(state_of(intake) | {"saved_at": now.isoformat()}, headers=HEADERS)


def state_of(intake: IntakeView) -> dict[str, Any]:
    """What the page's script needs after every change."""
    done, total = intake.progress
    return {"done": done, "total": total, "visible": intake.visible}


@post("/f/{token:str}", name="intake.send", guards=[public], status_code=200, request_max_body_size=None, **PLAIN)
async def send_intake(request: Request, token: FromPath[str], now: Now) -> Redirect | Template:
    """Send the answers; without scripts the files come along, or everything is only saved for later."""
    own_page(request)
    intake = await open_link(token)
    async with received(request, go_on=True) as posted:
        errors = await keep_files(intake, posted, now) if intake.open else {}
        if posted.get("later") and intake.open:
            errors |= await save_quietly(intake, posted, now)
            if not errors:
                return to_form(intake)
        elif not errors:
            errors = await answering.submit(await queries.again(intake), posted.values, now)
        else:
            errors |= await save_quietly(intake, posted, now)
    if not errors:
        return to_form(intake, "/done")
    typed = as_typed(intake.definition, posted.values)
    return show_form(await queries.again(intake), now, status_code=422, errors=errors, typed=typed)


async def keep_files(intake: IntakeView, posted: Posted, now: Any) -> dict[str, str]:
    """Keep the files that came with the form; by field, why one was not."""
    errors: dict[str, str] = {}
    for file in posted.files:
        key = file.field.removeprefix(PREFIX)
        try:
            if file.too_large:
                raise DashboardError(f"{file.name}: {too_large(file.limit)}")
            await attachments.add_file(await queries.again(intake), key, file, now)
        except DashboardError as problem:
            errors[key] = problem.message
    return {key: why for key, why in errors.items() if find(intake.definition, key)}


async def save_quietly(intake: IntakeView, posted: Posted, now: Any) -> dict[str, str]:
    """Save what can be saved; by field, what could not."""
    try:
        await answering.save(intake, posted.values, now)
    except Invalid as problem:
        return problem.fields
    return {}


def as_typed(definition: Definition, posted: list[tuple[str, str]]) -> dict[str, Any]:
    """What was typed, also where it could not be stored: nobody types twice."""
    typed: dict[str, Any] = {}
    for name, value in posted:
        field = find(definition, name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        if field and field["type"] in ("text", "long_text", "email", "url", "number", "date"):
            typed[field["key"]] = value.replace("\x00", "")
    return typed


@get("/f/{token:str}/done", name="intake.done", guards=[public], **OPEN)
async def show_done(token: FromPath[str], now: Now) -> Template | Redirect:
    """What happens next, with a date."""
    intake = await open_link(token)
    return show("intake/done.html", intake, now) if intake.state == "submitted" else to_form(intake)


ROUTES = [show_intake, save_intake, send_intake, show_done]
