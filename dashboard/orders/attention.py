"""Which orders need a person now: one line each, with its reason and the one button that fixes it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import ago, day, end_of_day
from dashboard.orders.filters import REMINDED

MOST = 100
# Each arm reads so many of a partial or composite index and no more; a line belongs to the first arm that finds it.
TODAY = f"""
    SELECT o.number, o.customer_name, o.customer_email, o.plan_name, o.status, o.payment_status, o.placed_at, o.due_at,
           o.intake_requested_at, o.assignee, found.kind
    FROM (
        SELECT DISTINCT ON (id) id, kind FROM (
            (SELECT id, 1 AS rank, 'payment' AS kind FROM orders WHERE organization = {{}}
                AND payment_status = 'disputed' ORDER BY placed_at DESC LIMIT {MOST})
            UNION ALL
            (SELECT id, 1, 'payment' FROM orders WHERE organization = {{}} AND payment_status = 'failed'
                AND status NOT IN ('done', 'cancelled') ORDER BY placed_at DESC LIMIT {MOST})
            UNION ALL
            (SELECT id, 2, 'late' FROM orders WHERE organization = {{}} AND due_at < {{}}
                AND status IN ('intake_complete', 'in_progress') ORDER BY due_at LIMIT {MOST})
            UNION ALL
            (SELECT id, 3, 'intake' FROM orders o WHERE organization = {{}} AND status = 'intake_pending'
                AND reminders >= 2 AND intake_requested_at <= {{}}::timestamptz - interval '5 days' AND NOT {REMINDED}
                ORDER BY placed_at DESC LIMIT {MOST})
            UNION ALL
            (SELECT id, 4, 'plan' FROM orders WHERE organization = {{}} AND plan IS NULL
                AND status NOT IN ('done', 'cancelled') ORDER BY placed_at DESC LIMIT {MOST})
            UNION ALL
            (SELECT id, 5, 'today' FROM orders WHERE organization = {{}} AND due_at >= {{}} AND due_at <= {{}}
                AND status IN ('intake_complete', 'in_progress') ORDER BY due_at LIMIT {MOST})
        ) arms ORDER BY id, rank
    ) found JOIN orders o ON o.id = found.id
    ORDER BY o.placed_at DESC LIMIT {{}}"""  # noqa: S608 - a number of ours


async def needs_person(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Lines for Today. Each has `key`, `group` (now, today or later), `icon`, `tone`, `title`, `concerns`, `why`, `at`
    (since when), `href`, `assignee`, and the fix: `label` with `post`, the address its button posts to, or "" to open
    `href`."""
    return [_line(organization, order, now) for order in await rows("{}", waiting(organization, now))]


def waiting(organization: Organization, now: datetime) -> QueryString:
    """The orders behind those lines, as a statement: Today reads it, the navigation counts it."""
    tonight = end_of_day(now.astimezone(ZoneInfo(organization.time_zone)).date(), organization.time_zone)
    id = organization.id
    return QueryString(TODAY, id, id, id, now, id, now, now, id, id, now, tonight, MOST)


def _line(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    href = f"/{organization.slug}/orders/{order['number']}"
    said = LINES[order["kind"]](organization, order, now)
    return {
        "concerns": order["customer_name"] or order["customer_email"], "href": href, "assignee": order["assignee"],
        "key": f"order-{order['number']}", **said, "post": f"{href}/{said['post']}" if said["post"] else "",
    }  # fmt: skip


def _payment(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    disputed = order["payment_status"] == "disputed"
    title = f"Payment of order {order['number']} {'is disputed' if disputed else 'failed'}"
    why = "The bank took the money back and asks for proof." if disputed else "The bank declined it; no money came."
    return {
        "group": "now", "icon": "credit-card", "tone": "danger", "title": title, "why": why, "at": order["placed_at"],
        "label": "Open order", "post": "",
    }  # fmt: skip


def _late(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    promised = day(order["due_at"], organization.time_zone, weekday=True)
    return {
        "group": "now", "icon": "clock", "tone": "danger", "title": f"Order {order['number']} is late",
        "why": f"Promised for {promised}.", "at": order["due_at"], **_work(order),
    }  # fmt: skip


def _intake(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    asked = ago(order["intake_requested_at"], now, organization.time_zone)
    return {
        "group": "now", "icon": "list-checks", "tone": "warning",
        "title": f"Intake of order {order['number']} is overdue", "why": f"Asked {asked}, reminded twice, no answers.",
        "at": order["intake_requested_at"], "label": "Send reminder", "post": "reminders",
    }  # fmt: skip


def _plan(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "group": "later", "icon": "package", "tone": "warning", "title": f"Order {order['number']} has no plan",
        "why": "The checkout did not say what was bought.", "at": order["placed_at"], "label": "Choose plan",
        "post": "",
    }  # fmt: skip


def _today(organization: Organization, order: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "group": "today", "icon": "calendar-clock", "tone": "warning", "title": f"Order {order['number']} is due today",
        "why": order["plan_name"] or "No plan", "at": order["due_at"], **_work(order),
    }  # fmt: skip


def _work(order: dict[str, Any]) -> dict[str, str]:
    """The next step of work that is due."""
    if order["status"] == "in_progress":
        return {"label": "Mark done", "post": "delivery"}
    return {"label": "Start work", "post": "work"}


LINES = {"payment": _payment, "late": _late, "intake": _intake, "plan": _plan, "today": _today}
