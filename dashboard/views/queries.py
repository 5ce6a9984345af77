"""Saved views of a list page, and the tabs they make with the built-in ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.lists import Filters

MOST = 50
OF_PAGE = """
    SELECT id, name, query, shared, owner FROM saved_view
    WHERE organization = {} AND page = {} AND (shared OR owner = {}) ORDER BY shared DESC, name, id LIMIT {}"""


@dataclass(frozen=True)
class Tab:
    """One view of a list. `id` is 0 for a built-in one."""

    name: str
    query: str
    current: bool
    id: int = 0
    shared: bool = False
    mine: bool = False


async def of_page(organization: Organization, user: Visitor, page: str) -> list[dict[str, Any]]:
    """The shared views of a page and a person's own."""
    found = await rows(OF_PAGE, organization.id, page, user.id, MOST)
    return [view | {"mine": view["owner"] == user.id} for view in found]


def tabs(built_in: Iterable[tuple[str, str]], saved: list[dict[str, Any]], filters: Filters) -> list[Tab]:
    """The tabs above a list; the first whose filters are those of the page is the current one."""
    here = filters.query()
    made = [Tab(name, query, query == here) for name, query in built_in]
    made += [
        Tab(view["name"], view["query"], view["query"] == here, view["id"], view["shared"], view["mine"])
        for view in saved
    ]
    first = next((tab for tab in made if tab.current), None)
    return [tab if tab is first or not tab.current else Tab(**(vars(tab) | {"current": False})) for tab in made]
