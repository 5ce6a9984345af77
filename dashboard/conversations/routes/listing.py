"""The conversations page: rows, counts, the filter form."""

from litestar import Request, get
from litestar.response import Redirect, Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.conversations import listing
from dashboard.conversations.filters import CHANNELS, CONVERSATIONS, FIRST, VIEWS
from dashboard.orders.queries import team
from dashboard.pages import fragment, page
from dashboard.views.front import Front, tidied

FRONT = Front(CONVERSATIONS, VIEWS, FIRST)


@get("/{org:str}/conversations", name="conversations.list", guards=[viewer])
async def list_conversations(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template | Redirect:
    """The list; htmx gets it without the frame."""
    filters = FRONT.asked(request, organization, user, now)
    if elsewhere := tidied(request, filters):
        return elsewhere
    found = await listing.find_conversations(organization, filters)
    names = await listing.names(organization, filters)
    return page(
        request, "conversations/list.html", "conversations/_list.html", found=found, now=now, channels=CHANNELS,
        **await FRONT.around(request, organization, user, filters, names),
    )  # fmt: skip


@get("/{org:str}/conversations/counts", name="conversations.counts", guards=[viewer])
async def count_conversations(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now
) -> Template:
    """How many there are, behind these filters and in each view."""
    filters = FRONT.asked(request, organization, user, now)
    counts = await FRONT.counts(organization, user, filters, now, listing.count_conversations)
    return fragment(request, "lists/_counts.html", **counts)


@get("/{org:str}/conversations/filters", name="conversations.filters", guards=[viewer])
async def show_filters(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """The filter form, filled with the filters of the page it was opened on."""
    return fragment(
        request, "conversations/_filters.html", filters=FRONT.asked(request, organization, user, now),
        team=await team(organization), open_dialog="#dialog",
    )  # fmt: skip


ROUTES = [list_conversations, count_conversations, show_filters]
