"""Checkouts that were left, taken up again by a mail."""

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.leads import detail
from dashboard.leads.routes.showing import href, show
from dashboard.leads.tables import Lead
from dashboard.orders import recovery


@post("/{org:str}/leads/{id:int}/checkouts/{line:int}/recovery", name="leads.recover", guards=[agent], status_code=200)
async def send(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    line: FromPath[int],
) -> Template | Response:  # fmt: skip
    """Send the link to the checkout, once, unless they have bought since or want no mail."""
    lead = await detail.shown(organization, id)
    await recovery.send(organization, await Lead.get_of(organization, lead["id"]), line, now, user)
    undo = href(organization, id, "checkouts", line, "recovery", "reversal")
    return await show(request, organization, id, now, f"The link is on its way to {lead['email']}.", undo=undo)


@post(
    "/{org:str}/leads/{id:int}/checkouts/{line:int}/recovery/reversal", name="leads.not_recover", guards=[agent],
    status_code=200,
)  # fmt: skip
async def take_back(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    line: FromPath[int],
) -> Template | Response:  # fmt: skip
    """Cancel the mail before it leaves."""
    lead = await detail.shown(organization, id)
    never_left = await recovery.take_back(organization, await Lead.get_of(organization, lead["id"]), line, user)
    maybe = "No more tries. An earlier one may have arrived, so decide in the Outbox whether it did."
    return await show(request, organization, id, now, "Cancelled. Nothing was sent." if never_left else maybe)


ROUTES = [send, take_back]
