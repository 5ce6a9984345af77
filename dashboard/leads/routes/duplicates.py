"""Leads that may be the same person: the list of suspects, comparing two, merging and parting them."""

from datetime import datetime

from litestar import Request, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template

from dashboard import typed
from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, agent, viewer
from dashboard.accounts.tables import Organization
from dashboard.errors import NotFound
from dashboard.leads import comparing, merging, pairs, parting
from dashboard.leads.routes.showing import href, show
from dashboard.pages import fragment, page

LIST, COMPARISON = "leads/_pairs.html", "leads/_merge.html"
Form = URLEncodedBody[dict[str, str]]


@get("/{org:str}/leads/duplicates", name="leads.duplicates", guards=[viewer])
async def show_duplicates(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The pairs, the likeliest first, and what was merged lately."""
    return page(request, "leads/duplicates.html", LIST, **await _list(organization, now))


@get("/{org:str}/leads/{id:int}/merge/{other:int}", name="leads.compare", guards=[agent])
async def compare(
    request: Request, organization: CurrentOrganization, id: FromPath[int], other: FromPath[int]
) -> Template:
    """Both side by side. The first one's page stays."""
    pair = await _compared(organization, id, other)
    return page(request, "leads/merge.html", COMPARISON, pair=pair)


@post("/{org:str}/leads/{id:int}/merge/{other:int}", name="leads.merge", guards=[agent], status_code=200)
async def merge(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    other: FromPath[int], data: Form,
) -> Template:  # fmt: skip
    """Make them one with the values that were chosen."""
    pair = await _compared(organization, id, other)
    chosen = {
        name.removeprefix("keep-"): typed.text(data, name) for name in data if name.startswith("keep-")
    }  # what is neither "winner" nor "loser" means the usual choice
    done = await merging.merge(organization, id, other, chosen, now, user)
    left, _ = await pairs.listed(organization)
    return fragment(
        request, "leads/_merged.html", pair=pair, merge=done.id, next=left[0] if left else None,
        notice=f"Merged. {pair['sides'][1]['who']} is part of this lead now.",
        undo=f"/{organization.slug}/leads/merges/{done.id}/reversal?in=comparison", undo_target="#merge",
    )  # fmt: skip


@post("/{org:str}/leads/merges/{id:int}/reversal", name="leads.part", guards=[agent], status_code=200)
async def part(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int]
) -> Template | Response:
    """Part two leads again. `in` says where the button was: the comparison, the list, or the lead's page."""
    undone = await parting.part(organization, id, now, user)
    notice = "Parted. Both are as they were."
    where = request.query_params.get("in", "")
    if where == "comparison":
        pair = await _compared(organization, undone.winner, undone.loser)
        return fragment(request, COMPARISON, pair=pair, notice=notice)
    if where == "list":
        return fragment(request, LIST, notice=notice, **await _list(organization, now))
    return await show(request, organization, undone.winner, now, notice)


@post("/{org:str}/leads/{id:int}/distinction/{other:int}", name="leads.tell_apart", guards=[agent], status_code=200)
async def tell_apart(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, id: FromPath[int],
    other: FromPath[int],
) -> Template:  # fmt: skip
    """Not the same person: never proposed again."""
    await pairs.tell_apart(organization, _number(id), _number(other), user)
    undo = href(organization, id, "distinction", other, "reversal")
    context = await _list(organization, now)
    return fragment(
        request, LIST, notice="Kept apart. They are not proposed again.", undo=undo, undo_target="#pairs", **context
    )


@post(
    "/{org:str}/leads/{id:int}/distinction/{other:int}/reversal", name="leads.not_apart", guards=[agent],
    status_code=200,
)  # fmt: skip
async def not_apart(
    request: Request, organization: CurrentOrganization, now: Now, id: FromPath[int], other: FromPath[int]
) -> Template:
    """They may be the same after all."""
    await pairs.take_back(organization, _number(id), _number(other))
    return fragment(request, LIST, notice="Taken back.", **await _list(organization, now))


async def _list(organization: Organization, now: datetime) -> dict:
    found, count = await pairs.listed(organization)
    return {
        "pairs": found, "count": count, "merged": await pairs.merged_lately(organization, now), "now": now,
        "zone": organization.time_zone,
    }  # fmt: skip


async def _compared(organization: Organization, id: int, other: int) -> dict:
    pair = await comparing.compare(organization, _number(id), _number(other))
    return pair | {"zone": organization.time_zone}


def _number(id: int) -> int:
    if id >= 2**63:
        raise NotFound("There is no lead at this address.")
    return id


ROUTES = [show_duplicates, compare, merge, part, tell_apart, not_apart]
