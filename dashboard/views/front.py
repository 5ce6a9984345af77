"""What a list page with saved views does around its rows: its address read, the tabs above, the counts after."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request
from litestar.response import Redirect

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.lists import Asked, Filters, List, counted
from dashboard.pages import wants_part
from dashboard.views import queries

BLANK = re.compile(r"=(&|$)")
Count = Callable[[Organization, list[Filters]], Awaitable[list[int]]]


@dataclass(frozen=True)
class Front:
    """A list, the views that everybody has of it, and the filters it opens with where none are given."""

    of: List
    views: tuple[tuple[str, str], ...]
    first: str = ""

    def read(self, query: str, organization: Organization, user: Visitor, now: datetime) -> Filters:
        """The filters of a query string as this person means them, without those the list opens with."""
        return self.of.read(query, Asked(now, organization.time_zone, user.id))

    def asked(self, request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
        """The filters in the address of this request; with none of them, those the list opens with."""
        query = request.url.query or ""
        found = self.read(query, organization, user, now)
        if found or found.misunderstood or not self.first:
            return found
        return self.read(f"{self.first}&{query}", organization, user, now)

    def for_file(self, request: Request, organization: Organization, user: Visitor, now: datetime) -> Filters:
        """The filters a file was asked for with: of the address, which may name ticked rows, or all the page had. One
        that is not understood would let out more than was asked for, so it is Invalid."""
        if request.query_params.get("all") == "1":
            return self.read(request.query_params.get("query", ""), organization, user, now).for_file()
        return self.asked(request, organization, user, now).for_file()

    async def tabs(self, organization: Organization, user: Visitor, filters: Filters) -> list[queries.Tab]:
        """The views that everybody has, the team's and this person's own."""
        return queries.tabs(self.views, await queries.of_page(organization, user, self.of.page), filters)

    async def around(
        self, request: Request, organization: Organization, user: Visitor, filters: Filters,
        names: dict[tuple[str, int], str] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """What the page shows besides its rows. `names` has (field, id) of the rows that its filters speak of."""
        return {
            "filters": filters, "chips": filters.chips(names), "no_match": filters.in_words(names),
            "tabs": await self.tabs(organization, user, filters), "here": here(request), "zone": organization.time_zone,
        }  # fmt: skip

    async def counts(
        self, organization: Organization, user: Visitor, filters: Filters, now: datetime, count: Count
    ) -> dict[str, Any]:
        """How many rows there are behind these filters and in each view: loaded after the rows."""
        tabs = await self.tabs(organization, user, filters)
        several = [filters, *(self.read(tab.query, organization, user, now) for tab in tabs)]
        total, *counts = (counted(number) for number in await count(organization, several))
        return {"page": self.of.page, "total": total, "counts": counts, "tabs": tabs}


def here(request: Request) -> str:
    """The address a list asks for itself again at."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def tidied(request: Request, filters: Filters) -> Redirect | None:
    """The filter form sends every field, chosen or not; the address should show what is used."""
    if BLANK.search(request.url.query) and not filters.misunderstood and not wants_part(request):
        return Redirect(f"{request.url.path}?{filters.query()}".rstrip("?"), status_code=303)
    return None
