"""One ticket: its page, who else is there, and answering in it."""

from litestar import Request, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.conversations import sorting
from dashboard.conversations.tables import Channel
from dashboard.database import row
from dashboard.errors import Conflict, Invalid
from dashboard.files.actions import record
from dashboard.files.uploads import MB, received
from dashboard.pages import fragment, page
from dashboard.tickets import answering, presence
from dashboard.tickets.changes import by_number
from dashboard.tickets.routes.showing import context, show

Form = URLEncodedBody[dict[str, str]]
FILE_LIMIT, TOTAL_LIMIT = 10 * MB, 25 * MB
SENT = {"waiting": "It waits for the customer then.", "solved": "It is solved then.", "open": "It stays open."}


@get("/{org:str}/tickets/{number:int}", name="tickets.detail", guards=[viewer])
async def show_ticket(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """The page; htmx gets its body."""
    facts = await context(organization, user, number, now)
    return page(request, "tickets/detail.html", "tickets/_ticket.html", **facts)


@post(
    "/{org:str}/tickets/{number:int}/replies", name="tickets.reply", guards=[agent], status_code=200,
    request_max_body_size=None,
)  # fmt: skip
async def reply(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """Send a reply, or keep an internal note. What was typed is never lost."""
    ticket = await by_number(organization, number)
    async with received(request, file_limit=FILE_LIMIT, total_limit=TOTAL_LIMIT) as posted:
        data = dict(posted.values)
        text, then = typed.text(data, "text"), typed.text(data, "then") or "waiting"
        try:
            if typed.text(data, "kind") == "note":
                await answering.note(organization, ticket, text, user)
                return await show(request, organization, user, number, now, "Note kept. The customer does not see it.")
            files = [await record(organization, await f.writing.keep(), f.name, "staff") for f in posted.files]
            seen = typed.text(data, "seen")
            done = await answering.reply(
                organization, ticket, text, typed.token(data), now, user, then=then, files=files,
                seen=int(seen) if seen.isdecimal() and len(seen) < 19 else None, used=typed.number(data, "canned"),
            )  # fmt: skip
        except (Invalid, Conflict) as problem:
            errors = problem.fields if isinstance(problem, Invalid) else {"text": problem.message}
            facts = await context(organization, user, number, now, typed=data, errors=errors)
            return fragment(request, "tickets/_ticket.html", status_code=problem.status, **facts)
    await presence.stopped(organization, number, user)
    chat = await by_mail(organization, number)
    if not chat:
        return await show(request, organization, user, number, now, f"Reply sent. {SENT[then]}")
    return await show(request, organization, user, number, now, f"Reply leaves in 10 seconds. {SENT[then]}", done)


async def by_mail(organization: CurrentOrganization, number: int) -> bool:
    """Whether replies of this ticket are mails, which wait before they leave."""
    found = await row(
        "SELECT c.channel FROM ticket t JOIN conversation c ON c.id = t.conversation "
        "WHERE t.organization = {} AND t.number = {}", organization.id, number,
    )  # fmt: skip
    return found is not None and found["channel"] == Channel.mail


@post("/{org:str}/tickets/{number:int}/presence", name="tickets.presence", guards=[agent], status_code=200)
async def say_here(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """I have it open, so it is read, or with `typing=1`, I am replying. The answer says who else does."""
    ticket = await by_number(organization, number)
    await sorting.mark(organization, sorting.only(ticket.conversation), unread=False)
    writing = request.query_params.get("typing") == "1"
    await presence.seen(organization, number, user, now, typing=writing)
    others = await presence.others(organization, number, user, now)
    return fragment(request, "tickets/_presence.html", others=others, number=number)


@get("/{org:str}/tickets/{number:int}/presence", name="tickets.who", guards=[viewer])
async def show_presence(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, number: FromPath[int]
) -> Template:
    """Who else has it open."""
    await by_number(organization, number)
    others = await presence.others(organization, number, user, now)
    return fragment(request, "tickets/_presence.html", others=others, number=number)


ROUTES = [show_ticket, reply, say_here, show_presence]
