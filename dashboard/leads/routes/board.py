"""The board: the same filters as the list, one lane for each stage."""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.errors import NotFound
from dashboard.leads import board, stages, tags
from dashboard.leads.stages import Step
from dashboard.lists import Filters
from dashboard.pages import fragment, page

UNTIL = "until_"


@get("/{org:str}/leads/board", name="leads.board", guards=[viewer])
async def show_board(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """All lanes; htmx gets them without the frame, unrolled as far as they were."""
    steps, filters = await _asked(request, organization, user, now)
    until = {name.removeprefix(UNTIL): value for name, value in request.query_params.items() if name.startswith(UNTIL)}
    shown = await board.lanes(organization, steps, filters.where, now, until=until)
    groups = filters.chip_groups(await audience.names(organization, filters))
    return page(
        request, "leads/board.html", "leads/_board.html", lanes=shown, groups=groups,
        **await _facts(organization, filters, steps, now),
    )  # fmt: skip


@get("/{org:str}/leads/board/lanes/{stage:str}", name="leads.lane", guards=[viewer])
async def show_lane(
    request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now, stage: FromPath[str]
) -> Template:
    """The next cards of one lane."""
    steps, filters = await _asked(request, organization, user, now)
    step = next((step for step in steps if step.key == stage), None)
    if step is None:
        raise NotFound("There is no such stage.")
    after = request.query_params.get("below", "")
    [lane] = await board.lanes(organization, [step], filters.where, now, after=after)
    return fragment(request, "leads/_cards.html", lane=lane, **await _facts(organization, filters, steps, now))


@get("/{org:str}/leads/board/counts", name="leads.board_counts", guards=[viewer])
async def count_board(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """What each lane holds: loaded after the cards."""
    steps, filters = await _asked(request, organization, user, now)
    totals = await board.totals(organization, steps, filters.where, now)
    still = sum(totals[step.key].leads for step in steps if step.kind == "open")
    return fragment(request, "leads/_board_counts.html", totals=totals, still=still)


async def _asked(
    request: Request, organization: Organization, user: Visitor, now: datetime
) -> tuple[list[Step], Filters]:
    steps = await stages.steps(organization)
    return steps, await audience.read(organization, request.url.query or "", user.id, now, steps)


async def _facts(organization: Organization, filters: Filters, steps: list[Step], now: datetime) -> dict[str, Any]:
    known = {tag["id"]: tag for tag in await tags.every(organization)}
    return {"filters": filters, "steps": steps, "tags": known, "now": now, "zone": organization.time_zone}


ROUTES = [show_board, show_lane, count_board]
