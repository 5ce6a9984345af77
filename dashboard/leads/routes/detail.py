"""One lead: its page, the rest of its timeline, and taking any change back."""

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.errors import NotFound
from dashboard.leads import changes, detail, gone
from dashboard.leads.routes import history
from dashboard.leads.routes.showing import facts, href, show
from dashboard.pages import fragment, page, redirect
from dashboard.views.front import here


@get("/{org:str}/leads/{id:int}", name="leads.detail", guards=[viewer])
async def show_lead(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]
) -> Template | Redirect:
    """The page; htmx gets its body. A lead that was merged leads to the one that took it in; one that was deleted
    can be brought back."""
    lead = await detail.find(organization, id)
    if lead["merged_into"]:
        return Redirect(href(organization, lead["merged_into"]), status_code=303)
    if lead["erased_at"]:
        raise NotFound("This person was forgotten.")
    if lead["deleted_at"]:
        return page(request, "leads/gone.html", "leads/_deleted.html", lead=lead)
    asked, until = (request.query_params.get(name, "") for name in ("timeline", "until"))
    return page(
        request, "leads/detail.html", "leads/_lead.html", **await facts(organization, lead, now, asked or "all", until)
    )


@get("/{org:str}/leads/{id:int}/timeline", name="leads.timeline", guards=[viewer])
async def show_more(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """The lines of the timeline behind a cursor."""
    lead = await detail.shown(organization, id)
    shown, after = request.query_params.get("timeline", "all"), request.query_params.get("after", "")
    found = await history.read(organization, lead, shown, after)
    return fragment(request, "leads/_more.html", lead=lead, history=found, now=now, zone=organization.time_zone)


@post("/{org:str}/leads/{id:int}/changes/{batch:str}/reversal", name="leads.undo", guards=[agent], status_code=200)
async def undo(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    batch: FromPath[str],
) -> Template | Response:  # fmt: skip
    """Take one change back, unless something of it has changed since."""
    back = await changes.reverse(organization, id, batch, user)
    notice = "It has changed since. Nothing was taken back." if back.since else "Taken back."
    return await show(request, organization, id, now, notice)


@post("/{org:str}/leads/{id:int}/deletion", name="leads.delete", guards=[agent], status_code=200)
async def delete(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Take the lead away; the page stays open, so that it can be taken back."""
    taken = await changes.delete(organization, id, now, user)
    lead = await detail.find(organization, id)
    undo = href(organization, id, "changes", taken.batch, "reversal") if taken.done else None
    notice = f"{lead['who']} deleted. Orders and mails stay. It can come back for 30 days."
    return fragment(request, "leads/_deleted.html", lead=lead, notice=notice, undo=undo, undo_target="#lead")


@post("/{org:str}/leads/{id:int}/return", name="leads.bring_back", guards=[agent], status_code=200)
async def bring_back(
    request: Request, organization: CurrentOrganization, user: CurrentUser, id: FromPath[int]
) -> Response:
    """Put a lead that was deleted back, and open it."""
    await changes.bring_back(organization, id, user)
    return redirect(request, href(organization, id))


@get("/{org:str}/leads/deleted", name="leads.deleted", guards=[viewer])
async def show_deleted(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """Who was deleted and can come back, the latest first."""
    found, more = await gone.listed(organization, typed.number(request.query_params, "behind"))
    return page(
        request, "leads/gone_list.html", "leads/_gone.html", gone=found, more=more, now=now,
        zone=organization.time_zone, here=here(request),
    )  # fmt: skip


ROUTES = [show_lead, show_more, undo, delete, bring_back, show_deleted]
