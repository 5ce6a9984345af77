"""Today, the home of everybody, and the numbers beside the navigation."""

from typing import Any

from litestar import Request, get
from litestar.response import Template

from dashboard.accounts.current import CurrentOrganization, CurrentUser, Now, viewer
from dashboard.pages import fragment, page
from dashboard.runs import queries as runs
from dashboard.runs import words
from dashboard.schedule import SCHEDULE
from dashboard.today import numbers, queries
from dashboard.today.lines import arranged


@get("/{org:str}/today", name="today", guards=[viewer])
async def show(request: Request, organization: CurrentOrganization, user: CurrentUser, now: Now) -> Template:
    """What needs a person now; with `mine=1` only what is assigned to whoever looks."""
    role = request.scope["shell"].role  # type: ignore[typeddict-item]
    found = [line.for_role(role) for line in await queries.find_lines(organization, SCHEDULE, now)]
    only_mine = request.query_params.get("mine") == "1"
    mine = queries.mine(found, user.id)
    shown = mine if only_mine else found
    seen = await runs.seen_ago()
    facts: dict[str, Any] = {
        "groups": arranged(shown), "count": len(shown), "mine": only_mine, "mine_count": len(mine),
        "tiles": await numbers.strip(organization, now), "now": now,
        "clear": None if shown else await numbers.clear(organization, now),
        "checked": f"Last check {words.lately(seen)} ago." if seen is not None else "The clock did not run yet.",
        "here": f"/{organization.slug}/today{'?mine=1' if only_mine else ''}",
    }  # fmt: skip
    return page(request, "today/page.html", "today/_today.html", **facts)


@get("/{org:str}/navigation", name="navigation", guards=[viewer])
async def navigation(request: Request, organization: CurrentOrganization, now: Now) -> Template:
    """The counts beside the navigation, swapped in by id."""
    found = await queries.counts(organization, SCHEDULE, now)
    return fragment(request, "navigation/counts.html", counts=queries.shown(found))


ROUTES = [show, navigation]
