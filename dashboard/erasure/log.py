"""What pages about forgetting need to know."""

from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.erasure.belongings import Person

SHOWN = 50
ERASURES = """
    SELECT e.id, e.created_at, e.cause, e.finished_at, u.name AS by_name,
           (SELECT coalesce(sum(n.value::int), 0) FROM jsonb_each_text(e.counts) n) AS changed
    FROM erasure e LEFT JOIN app_user u ON u.id = e.by
    WHERE e.organization = {} AND e.cause = 'asked' ORDER BY e.id DESC LIMIT {}"""
OPEN = "SELECT number FROM orders WHERE id = ANY({}) AND status NOT IN ('done', 'cancelled') ORDER BY number"


async def erasures(organization: Organization) -> list[dict[str, Any]]:
    """Who asked to be forgotten, the newest first: when, by whom, how many rows, and whether every trace was found."""
    return await rows(ERASURES, organization.id, SHOWN)


async def open_orders(person: Person) -> list[int]:
    """The numbers of their orders that are still being worked on."""
    return [each["number"] for each in await rows(OPEN, person.orders)]
