"""The queue of one organization, and the one across all a person works in."""

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts import current
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, signed_in, viewer
from dashboard.accounts.tables import Membership, Organization, Role
from dashboard.approvals import queries
from dashboard.approvals.routes.showing import facts, opened, outcome, place
from dashboard.conversations import sorting
from dashboard.pages import fragment, page, redirect, wants_part

WHOLE, PART = "approvals/page.html", "approvals/_approvals.html"


@get("/{org:str}/approvals", name="approvals.list", guards=[viewer])
async def show_queue(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The queue with its oldest suggestion open; on a phone the queue alone."""
    return await _first(request, now, across=False)


@get("/approvals", name="approvals.across", guards=[signed_in])
async def show_across(request: Request, user: CurrentUser, now: Now) -> Template | Response:
    """The same across all organizations of the person who asks."""
    found = await Membership.objects(Membership.organization).where(Membership.user == user.id).order_by(Membership.id)
    mine = [each for each in found if user.second_factor or not each.organization.second_factor_required]
    if not mine:
        return redirect(request, "/account")
    await current.require(request, Role.viewer, slug=mine[0].organization.slug)
    return await _first(request, now, across=True)


@get("/{org:str}/approvals/{id:int}", name="approvals.show", guards=[viewer])
async def show_one(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """One suggestion beside the queue of its organization."""
    return await _one(request, organization, now, id, across=False)


@get("/approvals/{org:str}/{id:int}", name="approvals.show_across", guards=[viewer])
async def show_one_across(request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int]) -> Template:
    """One suggestion beside the queue of all organizations."""
    return await _one(request, organization, now, id, across=True)


@get("/{org:str}/approvals/queue", name="approvals.queue", guards=[viewer])
async def refresh_queue(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The first column again; `open` is the suggestion that stays marked."""
    here = place(request)
    said = request.query_params.get("open", "")
    cur = {"id": int(said)} if said.isascii() and said.isdecimal() and len(said) < 19 else None
    found = await queries.find_queue(here.organizations)
    return fragment(request, "approvals/_queue.html", place=here, queue=found, cur=cur, now=now)


@post("/{org:str}/approvals/{id:int}/presence", name="approvals.be_present", guards=[agent], status_code=200)
async def be_present(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template:
    """Say that somebody has it open; who else has, and whether it was decided or replaced meanwhile."""
    others = await queries.be_present(organization, id, user.id, now)
    cur = await queries.get_detail(organization, id)
    await sorting.mark(organization, sorting.only(cur["conversation"]), unread=False)
    return presence(request, cur, others, "" if cur["state"] == "waiting" else outcome(cur, now))


def presence(request: Request, cur: dict, others: list[str], overtaken: str, status_code: int = 200) -> Template:
    at = f"/{cur['slug']}/approvals/{cur['id']}"
    return fragment(
        request, "approvals/_presence.html", status_code=status_code, cur=cur, at=at, others=others,
        overtaken=overtaken, place=place(request),
    )  # fmt: skip


async def _first(request: Request, now: Now, *, across: bool) -> Template:
    here = place(request, across)
    found = await queries.find_queue(here.organizations)
    cur = await opened(here.organizations, found.after(None))
    return page(request, WHOLE, PART, **await facts(request, here, cur, now, list_first=True, queue=found))


async def _one(request: Request, organization: Organization, now: Now, id: int, *, across: bool) -> Template:
    here = place(request, across)
    cur = await queries.get_detail(organization, id)
    if cur["state"] == "replaced" and wants_part(request):
        later = await queries.successor(organization, cur)
        cur = await queries.get_detail(organization, later) if later else cur
    return page(request, WHOLE, PART, **await facts(request, here, cur, now))


ROUTES = [show_queue, show_across, show_one, show_one_across, refresh_queue, be_present]
