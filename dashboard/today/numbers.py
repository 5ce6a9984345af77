"""The strip of key numbers, and what Today says when nothing needs anybody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.formats import day, end_of_day, money, num, start_of_day
from dashboard.lists import counted
from dashboard.tickets.statistics import length

CAP = 10_001
REPLIES = 500
CURRENCIES = 3  # tiles for money at most; each leads to all of the day's orders

PAID = """
    SELECT currency, sum(amount) AS total, count(*) AS count FROM payment
    WHERE organization = {} AND kind = 'charge' AND status <> 'reversed' AND occurred_at >= {} AND occurred_at <= {}
    GROUP BY currency ORDER BY currency <> {}, count(*) DESC, currency LIMIT {}"""

ORDERS = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM orders WHERE organization = {} AND status = 'in_progress' LIMIT {}) a)
               AS in_progress,
           (SELECT count(*) FROM (SELECT 1 FROM orders WHERE organization = {} AND due_at >= {} AND due_at <= {}
                AND status IN ('intake_complete', 'in_progress') LIMIT {}) b) AS due_today,
           (SELECT count(*) FROM (
                SELECT 1 FROM orders WHERE organization = {} AND status = 'intake_pending' LIMIT {}) c)
               AS waiting,
           (SELECT count(*) FROM (SELECT 1 FROM orders WHERE organization = {} AND status = 'intake_pending'
                AND reminders >= 2 AND intake_requested_at <= {} LIMIT {}) d) AS overdue,
           (SELECT count(*) FROM (
                SELECT 1 FROM orders WHERE organization = {} AND status = 'intake_complete' LIMIT {}) e)
               AS ready"""

# The first replies to the newest tickets of a week.
TICKETS = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM ticket WHERE organization = {} AND status = 'open' LIMIT {}) a) AS open,
           (SELECT count(*) FROM (SELECT 1 FROM ticket WHERE organization = {} AND due_at <= {} LIMIT {}) b) AS late,
           (SELECT extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY c.took))::float FROM (
                SELECT first_replied_at - created_at AS took FROM ticket
                WHERE organization = {} AND created_at > {} AND first_replied_at IS NOT NULL
                ORDER BY created_at DESC, id DESC LIMIT {}) c) AS first_reply"""

NEXT_DUE = """
    SELECT number, customer_name, plan_name, due_at FROM orders
    WHERE organization = {} AND due_at > {} AND status IN ('intake_complete', 'in_progress')
    ORDER BY due_at LIMIT 1"""

RAN = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE organization = {} AND created_at >= {}
                AND state IN ('sent', 'delivered', 'bounced') LIMIT {}) a) AS sent,
           (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE organization = {} AND created_at >= {}
                AND state IN ('sent', 'delivered', 'bounced') AND attempt > 1 LIMIT {}) b) AS retried,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_event WHERE organization = {} AND received_at >= {}
                AND state = 'handled' LIMIT {}) c) AS handled,
           (SELECT count(*) FROM run WHERE started_at >= {} AND outcome <> 'running') AS runs,
           (SELECT count(*) FROM run WHERE started_at >= {} AND outcome = 'failed') AS failed"""


@dataclass(frozen=True)
class Tile:
    label: str
    value: str
    note: str
    href: str


@dataclass(frozen=True)
class Clear:
    """What is next, and what ran without anybody: (icon, text, page's name, href)."""

    next_due: str
    next_href: str
    ran: list[tuple[str, str, str, str]]


async def strip(organization: Organization, now: datetime) -> list[Tile]:
    """Money paid today, one tile per currency and never added, then work and support. Three queries."""
    id, zone = organization.id, organization.time_zone
    today = now.astimezone(ZoneInfo(zone)).date()
    paid = await rows(PAID, id, start_of_day(today, zone), now, organization.currency, CURRENCIES)
    [work] = await rows(
        ORDERS, id, CAP, id, now, end_of_day(today, zone), CAP, id, CAP, id, now - timedelta(days=5), CAP, id, CAP
    )
    week = now - timedelta(days=7)
    [support] = await rows(TICKETS, id, CAP, id, now, CAP, id, week, REPLIES)
    orders, tickets = f"/{organization.slug}/orders", f"/{organization.slug}/tickets"
    todays = f"{orders}?placed_from={today.isoformat()}"
    paid = paid or [{"currency": organization.currency, "total": 0, "count": 0}]
    tiles = [
        Tile(
            "Also today" if place else "Paid today", money(int(row["total"]), row["currency"]),
            _many(row["count"], "payment"), todays,
        )
        for place, row in enumerate(paid)
    ]  # fmt: skip
    shown = {name: counted(count) for name, count in work.items()}
    return [
        *tiles,
        Tile("In progress", shown["in_progress"], f"{shown['due_today']} due today", f"{orders}?status=in_progress"),
        Tile("Waiting for intake", shown["waiting"], f"{shown['overdue']} overdue", f"{orders}?status=intake_pending"),
        Tile("Ready to start", shown["ready"], "answers are in", f"{orders}?status=intake_complete"),
        Tile("Open tickets", counted(support["open"]), f"{counted(support['late'])} late", f"{tickets}?status=open"),
    ] + [Tile("First reply", length(support["first_reply"]), "median, 7 days", f"{tickets}/statistics?days=7")] * (
        support["first_reply"] is not None
    )


async def clear(organization: Organization, now: datetime) -> Clear:
    """For the day on which all is done. Two queries."""
    id, zone, base = organization.id, organization.time_zone, f"/{organization.slug}"
    since = start_of_day((now - timedelta(days=1)).astimezone(ZoneInfo(zone)).date(), zone)
    due = await rows(NEXT_DUE, id, now)
    [ran] = await rows(RAN, id, since, CAP, id, since, CAP, id, since, CAP, since, since)
    return Clear(_due(due[0], zone) if due else "", f"{base}/orders/{due[0]['number']}" if due else "", _ran(base, ran))


def _due(order: dict[str, Any], zone: str) -> str:
    local = order["due_at"].astimezone(ZoneInfo(zone))
    whom = f" for {order['customer_name']}" if order["customer_name"] else ""
    return f"order {order['number']}{whom}, {day(local.date(), weekday=True)}, {local:%H:%M}"


def _ran(base: str, ran: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    sent = _many(ran["sent"], "message") + " sent" + (f", {num(ran['retried'])} retried" if ran["retried"] else "")
    jobs = _many(ran["runs"], "job run") + (f", {num(ran['failed'])} failed" if ran["failed"] else ", none failed")
    return [
        ("send", sent, "Outbox", f"{base}/outbox"),
        ("webhook", f"{_many(ran['handled'], 'event')} handled", "Events", f"{base}/events"),
        ("timer", jobs, "Schedules", f"{base}/schedules"),
    ]


def _many(count: int, noun: str) -> str:
    return f"{counted(count)} {noun}{'' if count == 1 else 's'}"
