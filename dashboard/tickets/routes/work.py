"""What staff do with a ticket beside answering."""

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.database import rows
from dashboard.errors import Invalid, NotFound
from dashboard.labels import STATUS
from dashboard.pages import fragment, toast
from dashboard.tickets import changes, work
from dashboard.tickets.routes.showing import show

Form = URLEncodedBody[dict[str, str]]
CLOSE_BY = """
    SELECT t.number, t.subject, coalesce(nullif(c.name, ''), c.email) AS who FROM ticket t
    JOIN conversation c ON c.id = t.conversation
    WHERE t.organization = {} AND t.id <> {} AND t.merged_into IS NULL
    ORDER BY t.lead IS NOT DISTINCT FROM {}::bigint DESC, t.status = 'closed', t.id DESC LIMIT 12"""


@post("/{org:str}/tickets/{number:int}/status", name="tickets.status", guards=[agent], status_code=200)
async def set_status(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    status = typed.text(data, "status")
    done = await work.set_status(organization, await changes.by_number(organization, number), status, now, by=user)
    label = STATUS["ticket"][status][0]
    return await show(request, organization, user, number, now, f"Ticket {number}: {label}.", done)


@post("/{org:str}/tickets/{number:int}/assignment", name="tickets.assign", guards=[agent], status_code=200)
async def assign(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    """Give it to somebody, or to nobody."""
    person = typed.number(data, "assignee") or None
    done = await work.assign(organization, await changes.by_number(organization, number), person, user)
    said = "Yours." if person == user.id else "Nobody's now." if person is None else "Assigned."
    return await show(request, organization, user, number, now, f"Ticket {number}: {said}", done)


@post("/{org:str}/tickets/{number:int}/ownership", name="tickets.take", guards=[agent], status_code=200)
async def take(organization: CurrentOrganization, user: CurrentUser, number: FromPath[int]) -> Response:
    """Mine, from wherever it is shown: only a toast comes back."""
    done = await work.assign(organization, await changes.by_number(organization, number), user.id, user)
    undo = f"/{organization.slug}/tickets/{number}/changes/{done.id}/reversal?from=list" if done.id else None
    return toast(f"Ticket {number} is yours.", undo=undo, undo_target="")


@post("/{org:str}/tickets/{number:int}/priority", name="tickets.priority", guards=[agent], status_code=200)
async def set_priority(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    priority = typed.text(data, "priority")
    done = await work.set_priority(organization, await changes.by_number(organization, number), priority, user)
    said = f"Priority: {STATUS['priority'][priority][0]}. Its due times follow."
    return await show(request, organization, user, number, now, said, done)


@post("/{org:str}/tickets/{number:int}/subject", name="tickets.subject", guards=[agent], status_code=200)
async def set_subject(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    ticket = await changes.by_number(organization, number)
    done = await work.set_subject(organization, ticket, typed.text(data, "subject"), user)
    return await show(request, organization, user, number, now, "Subject changed.", done)


@post("/{org:str}/tickets/{number:int}/tags", name="tickets.tags", guards=[agent], status_code=200)
async def set_tags(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    form = await request.form()
    wanted = [
        int(each) for each in form.getall("tag", []) if isinstance(each, str) and each.isdecimal() and len(each) < 19
    ]
    done = await work.set_tags(organization, await changes.by_number(organization, number), wanted, user)
    return await show(request, organization, user, number, now, "Tags changed.", done)


@get("/{org:str}/tickets/{number:int}/merge", name="tickets.merge_form", guards=[agent])
async def ask_merge(request: Request, organization: CurrentOrganization, number: FromPath[int]) -> Template:
    """Which ticket takes this one in: those of the same customer first."""
    ticket = await changes.by_number(organization, number)
    near = await rows(CLOSE_BY, organization.id, ticket.id, ticket.lead)
    return fragment(
        request, "tickets/_merge.html", ticket=ticket, near=near, errors={}, values={}, open_dialog="#dialog"
    )


@post("/{org:str}/tickets/{number:int}/merge", name="tickets.merge", guards=[agent], status_code=200)
async def merge(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int], data: Form
) -> Template:
    ticket, into = await changes.by_number(organization, number), typed.number(data, "into")
    try:
        try:
            other = await changes.by_number(organization, into)
        except NotFound:
            raise Invalid({"into": "There is no ticket with this number."}) from None
        done = await work.merge(organization, ticket, other, user, now)
    except Invalid as problem:
        near = await rows(CLOSE_BY, organization.id, ticket.id, ticket.lead)
        return fragment(
            request, "tickets/_merge.html", ticket=ticket, near=near, errors=problem.fields, values=data,
            status_code=422,
        )  # fmt: skip
    said = f"Ticket {number} is a part of ticket {other.number} now."
    return await show(request, organization, user, number, now, said, done)


@post("/{org:str}/tickets/{number:int}/changes/{id:int}/reversal", name="tickets.undo", guards=[agent], status_code=200)
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int],
    id: FromPath[int],
) -> Template | Response:  # fmt: skip
    """Take one change back."""
    await changes.take_back(organization, id, user, now)
    if request.query_params.get("from") == "list":
        return toast("Taken back.")
    return await show(request, organization, user, number, now, "Taken back.")


ROUTES = [set_status, assign, take, set_priority, set_subject, set_tags, ask_merge, merge, undo]
