"""Reading and archiving many conversations: those that were ticked, or all behind the filters of the page."""

from datetime import datetime

from litestar import Request, Response, post
from litestar.params import FromPath
from piccolo.querystring import QueryString

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.conversations import sorting
from dashboard.conversations.filters import CONVERSATIONS
from dashboard.formats import num
from dashboard.lists import Asked
from dashboard.lists.chosen import chosen
from dashboard.pages import toast

AT = "/{org:str}/conversations/bulk"


async def meant_by(request: Request, organization: Organization, user: Visitor, now: datetime) -> QueryString:
    """The condition for the conversations that are meant."""
    asked = Asked(now, organization.time_zone, user.id)
    return chosen(await request.form(), CONVERSATIONS, asked, "conversations")


@post(AT + "/archive", name="conversations.archive_many", guards=[agent], status_code=200)
async def archive_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Out of the inbox, until the people write again."""
    done = await sorting.archive(organization, await meant_by(request, organization, user, now), user, now)
    if not done.changed:
        return toast("Nothing was changed: they are archived already.")
    undo = f"/{organization.slug}/conversations/bulk/{done.batch}/reversal"
    return toast(f"{_conversations(done.changed)} archived.", undo=undo, undo_target="")


@post(AT + "/inbox", name="conversations.bring_back_many", guards=[agent], status_code=200)
async def bring_back_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Into the inbox again."""
    done = await sorting.bring_back(organization, await meant_by(request, organization, user, now), user)
    return toast(f"{_conversations(done.changed)} back in the inbox.")


@post(AT + "/reading", name="conversations.read_many", guards=[agent], status_code=200)
async def read_many(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Response:
    """Read, or with `unread=1` not."""
    meant = await meant_by(request, organization, user, now)
    unread = (await request.form()).get("unread") == "1"
    changed = await sorting.mark(organization, meant, unread=unread)
    return toast(f"{_conversations(changed)} marked as {'unread' if unread else 'read'}.")


@post(AT + "/{batch:str}/reversal", name="conversations.undo_many", guards=[agent], status_code=200)
async def undo_many(
    request: Request, organization: CurrentOrganization, user: CurrentUser, batch: FromPath[str]
) -> Response:
    """Take one change to many back, but where conversations have changed since."""
    back = await sorting.take_back(organization, batch, user)
    return toast(f"{_conversations(back)} as before." if back else "They have changed since. Nothing was taken back.")


def _conversations(number: int) -> str:
    return f"{num(number)} conversation{'' if number == 1 else 's'}"


ROUTES = [archive_many, bring_back_many, read_many, undo_many]
