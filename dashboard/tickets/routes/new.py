"""Writing to somebody: a ticket opened by hand."""

from litestar import Request, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.errors import Invalid, NotFound
from dashboard.leads.tables import Lead
from dashboard.pages import page, redirect
from dashboard.tickets import opening
from dashboard.tickets.filters import PRIORITIES
from dashboard.tickets.forms import NewTicket

FIELDS = ("email", "name", "subject", "message", "priority", "kind", "once", "order")


@get("/{org:str}/tickets/new", name="tickets.new", guards=[agent])
async def show_new(request: Request, organization: CurrentOrganization) -> Template:
    """An empty form; `lead` says to whom."""
    values = dict.fromkeys(FIELDS, "") | {"priority": "normal", "once": typed.once(), "kind": "reply"}
    values["order"] = str(typed.number(dict(request.query_params), "order") or "")
    asked = request.query_params.get("lead", "")
    if asked.isdecimal() and len(asked) < 19:
        try:
            lead = await Lead.get_of(organization, int(asked))
            values |= {"email": lead.email, "name": lead.name}
        except NotFound:
            pass
    return page(request, "tickets/new.html", "tickets/_new.html", values=values, errors={}, priorities=PRIORITIES)


@post("/{org:str}/tickets", name="tickets.create", guards=[agent], status_code=200)
async def create(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now,
    data: URLEncodedBody[dict[str, str]],
) -> Response | Template:  # fmt: skip
    """Open it. Two clicks make one."""
    try:
        ticket = await opening.open_by_hand(organization, NewTicket.parse(data), user, now)
    except Invalid as problem:
        values = {name: typed.text(data, name)[:20_000] for name in FIELDS}
        return page(
            request, "tickets/new.html", "tickets/_new.html", status_code=422, values=values, errors=problem.fields,
            priorities=PRIORITIES,
        )  # fmt: skip
    return redirect(request, f"/{organization.slug}/tickets/{ticket.number}")


ROUTES = [show_new, create]
