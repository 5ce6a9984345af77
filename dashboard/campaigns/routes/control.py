"""Holding a campaign, letting it go on, ending it, and queuing what failed once more."""

from datetime import datetime

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent
from dashboard.accounts.tables import Organization
from dashboard.campaigns import launching, queries
from dashboard.campaigns.routes.running import facts_of, href
from dashboard.campaigns.tables import Campaign, CampaignState
from dashboard.formats import num
from dashboard.pages import fragment, redirect


@post("/{org:str}/campaigns/{id:int}/pause", name="campaigns.pause", guards=[agent], status_code=200)
async def pause(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Hold it: what has not been handed over stays here."""
    campaign = await launching.pause(await Campaign.get_of(organization, id), user, now)
    if campaign.state != CampaignState.paused:
        return await _answer(request, organization, id, now, "Only what runs can be paused. Nothing was changed.")
    undo = href(organization, id, "resumption")
    return await _answer(request, organization, id, now, f"{campaign.name} paused. Nothing leaves.", undo)


@post("/{org:str}/campaigns/{id:int}/resumption", name="campaigns.resume", guards=[agent], status_code=200)
async def resume(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Let it go on where it was held: nobody gets a mail twice."""
    campaign = await launching.resume(await Campaign.get_of(organization, id), user, now)
    if campaign.state != CampaignState.running:
        return await _answer(request, organization, id, now, "It is not paused. Nothing was changed.")
    undo = href(organization, id, "pause")
    return await _answer(request, organization, id, now, f"{campaign.name} goes on.", undo)


@post("/{org:str}/campaigns/{id:int}/end", name="campaigns.stop", guards=[agent], status_code=200)
async def stop(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """End it for good: the page asked before. One that waits for its time becomes a draft again."""
    campaign = await launching.stop(await Campaign.get_of(organization, id), user, now)
    if campaign.state == CampaignState.draft:
        return redirect(request, href(organization, id, "edit"))
    return await _answer(request, organization, id, now, f"{campaign.name} stopped for good.")


@post("/{org:str}/campaigns/{id:int}/retries", name="campaigns.retry", guards=[agent], status_code=200)
async def retry(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Queue what failed once more, and nothing else."""
    count = await launching.retry_failed(await Campaign.get_of(organization, id), user, now)
    notice = f"{num(count)} failed mail{' is' if count == 1 else 's are'} queued again." if count else "Nothing failed."
    return await _answer(request, organization, id, now, notice)


async def _answer(
    request: Request, organization: Organization, id: int, now: datetime, notice: str, undo: str | None = None
) -> Template:
    campaign = await queries.get_campaign(organization, id)
    shown = await facts_of(organization, campaign, now)
    return fragment(request, "campaigns/_running.html", notice=notice, undo=undo, undo_target="#campaign", **shown)


ROUTES = [pause, resume, stop, retry]
