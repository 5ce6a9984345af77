"""Copies of campaigns, and drafts that are thrown away."""

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.campaigns import drafts, editor
from dashboard.campaigns.routes.editor import BASE, opened
from dashboard.pages import fragment, redirect


@post(BASE + "/copies", name="campaigns.copy", guards=[agent], status_code=200)
async def copy(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Response:
    """A draft like this campaign, opened in the editor."""
    made = await drafts.duplicate(organization, id, user, now)
    return redirect(request, f"/{organization.slug}/campaigns/{made}/edit")


@post(BASE + "/deletion", name="campaigns.delete", guards=[agent], status_code=200)
async def delete(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Throw a draft away; the page stays open, so that it can be taken back."""
    await drafts.delete(organization, id, user, now)
    campaign = await editor.find(organization, id, deleted=True)
    return fragment(
        request, "campaigns/_deleted.html", campaign=campaign, notice=f"{campaign['name']} deleted.",
        undo=f"/{organization.slug}/campaigns/{id}/deletion/reversal", undo_target="#campaign-editor",
    )  # fmt: skip


@post(BASE + "/deletion/reversal", name="campaigns.undo_deletion", guards=[agent], status_code=200)
async def undo_deletion(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """The toast's undo: the editor again."""
    await drafts.bring_back(organization, id, user)
    facts = await opened(organization, id, user, now)
    return fragment(request, "campaigns/_editor.html", notice="The draft is back.", **facts)


ROUTES = [copy, delete, undo_deletion]
