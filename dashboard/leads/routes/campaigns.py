"""Taking one lead out of one campaign by hand, and letting it back in."""

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.campaigns import leaving
from dashboard.leads import detail
from dashboard.leads.routes.showing import href, show

PATH = "/{org:str}/leads/{id:int}/campaigns/{enrollment:int}"


@post(f"{PATH}/end", name="leads.stop_campaign", guards=[agent], status_code=200)
async def stop(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    enrollment: FromPath[int],
) -> Template | Response:  # fmt: skip
    """No further mail of this campaign to this lead, those in the out-tray included."""
    await detail.shown(organization, id)
    name = await leaving.stop_by_hand(organization, id, enrollment, user, now)
    undo = href(organization, id, "campaigns", enrollment, "return")
    return await show(request, organization, id, now, f"No further mail of “{name}” goes to them.", undo=undo)


@post(f"{PATH}/return", name="leads.resume_campaign", guards=[agent], status_code=200)
async def resume(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    enrollment: FromPath[int],
) -> Template | Response:  # fmt: skip
    """Take that back within the hour."""
    await detail.shown(organization, id)
    name = await leaving.resume_by_hand(organization, id, enrollment, user, now)
    return await show(request, organization, id, now, f"“{name}” goes on for them.")


ROUTES = [stop, resume]
