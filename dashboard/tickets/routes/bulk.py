"""The same for many tickets: those that were ticked, or all behind the filters of the page."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from piccolo.querystring import QueryString

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.errors import Invalid
from dashboard.formats import num
from dashboard.labels import STATUS
from dashboard.leads import tags
from dashboard.lists import Asked
from dashboard.lists.chosen import chosen
from dashboard.orders import assignments
from dashboard.orders.queries import team
from dashboard.pages import fragment, toast
from dashboard.tickets import many
from dashboard.tickets.filters import TICKETS
from dashboard.tickets.many import Changed

AT = "/{org:str}/tickets/bulk"


async def meant_by(request: Request, organization: Organization, user: Visitor, now: datetime) -> QueryString:
    """The condition for the tickets that are meant."""
    return chosen(await request.form(), TICKETS, Asked(now, organization.time_zone, user.id), "tickets")


@get(AT + "/assignment/new", name="tickets.assign_many_form", guards=[agent])
async def ask_assign_many(request: Request, organization: CurrentOrganization) -> Template:
    """Whom to give them to; which tickets, stays on the page behind the dialog."""
    return fragment(request, "tickets/_assign_many.html", team=await team(organization), open_dialog="#dialog")


@post(AT + "/assignment", name="tickets.assign_many", guards=[agent], status_code=200)
async def assign_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    meant = await meant_by(request, organization, user, now)
    person = await assignments.person(organization, str((await request.form()).get("assignee", "")))
    done = await many.assign(organization, meant, person, user)
    return _told(organization, done, f"given to {person.name or person.email}" if person else "given to nobody")


@get(AT + "/status/new", name="tickets.move_many_form", guards=[agent])
async def ask_move_many(request: Request, organization: CurrentOrganization) -> Template:
    """Which status they get."""
    return fragment(request, "tickets/_move_many.html", statuses=STATUS["ticket"], open_dialog="#dialog")


@post(AT + "/status", name="tickets.move_many", guards=[agent], status_code=200)
async def move_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    meant = await meant_by(request, organization, user, now)
    status = str((await request.form()).get("status", ""))
    done = await many.set_status(organization, meant, status, user, now)
    return _told(organization, done, f"set to “{STATUS['ticket'][status][0]}”")


@get(AT + "/tags/new", name="tickets.tag_many_form", guards=[agent])
async def ask_tag_many(request: Request, organization: CurrentOrganization) -> Template:
    """Which tag, and on or off."""
    return fragment(request, "tickets/_tag_many.html", tags=await tags.every(organization), open_dialog="#dialog")


@post(AT + "/tags", name="tickets.tag_many", guards=[agent], status_code=200)
async def tag_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Put a tag on them, which may be a new one, or take one off (`off=1`)."""
    data = await request.form()
    meant, off = await meant_by(request, organization, user, now), data.get("off") == "1"
    new, id = str(data.get("new", "")).strip(), typed.number({"tag": str(data.get("tag", ""))}, "tag")
    if not id and (off or not new):
        raise Invalid({"tag": "Choose a tag."}, "Choose a tag first. Nothing was changed.")
    tag = await tags.make(organization, new) if new and not off else await _tag(organization, id)
    done = await many.tag(organization, meant, tag, user, off=off)
    return _told(organization, done, f"{'without the tag' if off else 'tagged'} “{tag['name']}”")


@post(AT + "/{batch:str}/reversal", name="tickets.undo_many", guards=[agent], status_code=200)
async def undo_many(
    request: Request, organization: CurrentOrganization, user: CurrentUser, batch: FromPath[str]
) -> Response:
    """Take one change to many back, but where tickets have changed since."""
    back, since = await many.take_back(organization, batch, user)
    said = f"{_tickets(back)} as before." if back else "Nothing was taken back."
    return toast(said + (f" {num(since)} had changed since." if since else ""))


async def _tag(organization: Organization, id: int) -> dict[str, object]:
    return {"id": id, "name": (await tags.named(organization, [id]))[id]}


def _told(organization: Organization, done: Changed, said: str) -> Response:
    """What came of it, with the way back."""
    parts = [f"{_tickets(done.changed)} {said}." if done.changed else "Nothing was changed."]
    if done.same:
        parts.append(f"{num(done.same)} already {'was' if done.same == 1 else 'were'}.")
    if done.refused:
        parts.append(f"{num(done.refused)} {'is a part' if done.refused == 1 else 'are parts'} of others.")
    undo = f"/{organization.slug}/tickets/bulk/{done.batch}/reversal" if done.changed else None
    return toast(" ".join(parts), undo=undo, undo_target="", close_dialog=True)


def _tickets(number: int) -> str:
    return f"{num(number)} ticket{'' if number == 1 else 's'}"


ROUTES = [
    ask_assign_many, assign_many, ask_move_many, move_many, ask_tag_many, tag_many, undo_many,
]  # fmt: skip
