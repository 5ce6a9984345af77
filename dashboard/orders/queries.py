"""Reading orders: one, a page of them, all that match in batches, and how many."""

from collections.abc import AsyncIterator
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.errors import NotFound
from dashboard.lists import Filters, Page, reading
from dashboard.orders.tables import Order

LARGEST_NUMBER = 2**31 - 1
BATCH = 500

PAGE = """
    SELECT o.id, o.number, o.customer_name, o.customer_email, o.plan_name, o.status, o.payment_status, o.amount,
           o.currency, o.placed_at, o.due_at, o.reminders, o.intake_requested_at, u.name AS assignee_name
    FROM orders o LEFT JOIN app_user u ON u.id = o.assignee
    WHERE o.organization = {} AND {} ORDER BY {} LIMIT {}"""
COUNT = "(SELECT count(*) FROM (SELECT 1 FROM orders o WHERE o.organization = {} AND {} LIMIT {}) found)"
EXPORT = """
    SELECT o.id, o.number, o.customer_name, o.customer_email, o.plan_name, o.status, o.payment_status, o.amount,
           o.currency, o.placed_at, o.due_at, o.done_at, o.source, u.name AS assignee_name
    FROM orders o LEFT JOIN app_user u ON u.id = o.assignee
    WHERE o.organization = {} AND {} ORDER BY {} LIMIT {}"""
SOME = "SELECT o.id FROM orders o WHERE o.organization = {} AND o.id > {} AND {} ORDER BY o.id LIMIT {}"
TEAM = """
    SELECT u.id, u.name, u.email FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND u.disabled_at IS NULL ORDER BY u.name, u.id"""
NAMES = """
    SELECT 'plan' AS field, p.id, p.name FROM plan p WHERE p.organization = {} AND p.id = ANY({})
    UNION ALL SELECT 'assignee', u.id, u.name FROM membership m JOIN app_user u ON u.id = m.user
    WHERE m.organization = {} AND u.id = ANY({})"""


async def get_order(organization: Organization, number: int) -> Order:
    """The order with this number in the organization, or NotFound."""
    found = None
    if number <= LARGEST_NUMBER:
        found = await Order.of(organization).where(Order.number == number).first()
    if found is None:
        raise NotFound("There is no order with this number.")
    return found


async def find_orders(organization: Organization, filters: Filters) -> Page:
    """One page."""
    return await reading.find_page(PAGE, filters, organization.id)


async def count_orders(organization: Organization, several: list[Filters]) -> list[int]:
    """How many orders each of the filters finds, up to CAP + 1, in one statement."""
    return await reading.count_each(COUNT, several, organization.id)


async def export_orders(organization: Organization, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """All orders behind the filters, in their order, 500 at a time."""
    async for batch in reading.in_batches(EXPORT, filters, organization.id):
        yield batch


async def batches(organization: Organization, where: QueryString) -> AsyncIterator[list[int]]:
    """The ids of all orders a condition finds, ascending, 500 at a time."""
    last = 0
    while found := await rows(SOME, organization.id, last, where, BATCH):
        ids = [each["id"] for each in found]
        yield ids
        last = ids[-1]


def only(order: Order) -> QueryString:
    """The condition for one order, for what is usually done to many."""
    return QueryString("o.id = {}", order.id)


async def team(organization: Organization) -> list[dict[str, Any]]:
    """Who works here: whom an order can be assigned to."""
    return await rows(TEAM, organization.id)


async def names(organization: Organization, filters: Filters) -> dict[tuple[str, int], str]:
    """The names of the plans and people the filters speak of, for their chips."""
    ids = {each.name: list(each.ids) for each in filters.conditions if each.ids}
    if not ids:
        return {}
    found = await rows(NAMES, organization.id, ids.get("plan", []), organization.id, ids.get("assignee", []))
    return {(each["field"], each["id"]): each["name"] for each in found}
