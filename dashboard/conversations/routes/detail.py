"""One conversation: its page, and what is done with it alone."""

from litestar import Request, Response, delete, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.conversations import listing, sorting
from dashboard.conversations.routes.showing import context, show
from dashboard.conversations.tables import Conversation
from dashboard.errors import Conflict
from dashboard.orders import assignments
from dashboard.pages import page, redirect
from dashboard.tickets import actions as tickets

AT = "/{org:str}/conversations/{id:int}"
Form = URLEncodedBody[dict[str, str]]
LONGEST_SUBJECT = 90


@get(AT, name="conversations.detail", guards=[viewer])
async def show_conversation(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]
) -> Template:
    """The page; htmx gets its body. Looking does not make it read: the page says so by itself."""
    facts = await context(organization, id, now)
    return page(request, "conversations/detail.html", "conversations/_conversation.html", **facts)


@post(AT + "/reading", name="conversations.read", guards=[agent], status_code=200)
async def read(organization: CurrentOrganization, id: FromPath[int]) -> Response[str]:
    """Somebody of the team has it open."""
    await listing.find(organization, id)
    await sorting.mark(organization, sorting.only(id), unread=False)
    return Response("", media_type="text/html", status_code=200)


@delete(AT + "/reading", name="conversations.unread", guards=[agent], status_code=200)
async def unread(request: Request, organization: CurrentOrganization, id: FromPath[int]) -> Response:
    """Look at it again later: unread, and back to the list."""
    await listing.find(organization, id)
    await sorting.mark(organization, sorting.only(id), unread=True)
    return redirect(request, f"/{organization.slug}/conversations")


@post(AT + "/archive", name="conversations.archive", guards=[agent], status_code=200)
async def archive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Out of the inbox, until the person writes again."""
    await listing.find(organization, id)
    done = await sorting.archive(organization, sorting.only(id), user, now)
    undo = f"/{organization.slug}/conversations/{id}/changes/{done.batch}/reversal" if done.changed else None
    notice = "Archived. It comes back when they write again."
    return await show(request, organization, id, now, notice=notice, undo=undo)


@delete(AT + "/archive", name="conversations.unarchive", guards=[agent], status_code=200)
async def unarchive(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Into the inbox again."""
    await listing.find(organization, id)
    await sorting.bring_back(organization, sorting.only(id), user)
    return await show(request, organization, id, now, notice="Back in the inbox.")


@post(AT + "/changes/{batch:str}/reversal", name="conversations.undo", guards=[agent], status_code=200)
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    batch: FromPath[str],
) -> Template:  # fmt: skip
    """Take it back, unless it has changed since."""
    await listing.find(organization, id)
    back = await sorting.take_back(organization, batch, user)
    notice = "Taken back." if back else "It has changed since. Nothing was taken back."
    return await show(request, organization, id, now, notice=notice)


@post(AT + "/assignment", name="conversations.assign", guards=[agent], status_code=200)
async def assign(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int], data: Form
) -> Template:
    """Give it to a member of the team, or to nobody. Where it has a ticket, whoever has the ticket has it."""
    found = await listing.find(organization, id)
    if found["ticket_status"] in ("open", "waiting"):
        raise Conflict(f"It belongs to ticket {found['ticket']}. Give the ticket to somebody.")
    person = await assignments.person(organization, typed.text(data, "assignee"))
    done = await sorting.assign(organization, sorting.only(id), person, user)
    undo = f"/{organization.slug}/conversations/{id}/changes/{done.batch}/reversal" if done.changed else None
    notice = f"Given to {person.name or person.email}." if person else "Nobody's now."
    return await show(request, organization, id, now, notice=notice, undo=undo)


@post(AT + "/ticket", name="conversations.ticket", guards=[agent], status_code=200)
async def open_ticket(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """Answer it in a ticket of mine; the one it has, where it has one."""
    conversation = await Conversation.get_of(organization, id)
    subject = " ".join((conversation.subject or conversation.excerpt).split())[:LONGEST_SUBJECT]
    ticket, _ = await tickets.open_ticket(organization, conversation, subject or "A message", "staff", now, by=user)
    return redirect(request, f"/{organization.slug}/tickets/{ticket.number}#reply")


ROUTES = [show_conversation, read, unread, archive, unarchive, undo, assign, open_ticket]
