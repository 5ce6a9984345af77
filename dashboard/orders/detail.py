"""Everything one order's page shows, in one query per kind of thing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.lists import CAP
from dashboard.orders import money, refunds
from dashboard.orders.progress import MAILS, NextStep, Turn, is_overdue, next_step, steps, turn, upcoming
from dashboard.orders.queries import LARGEST_NUMBER
from dashboard.orders.tables import Order
from dashboard.orders.timeline import timeline

ORDER = """
    SELECT o.id, o.number, o.lead, o.plan, o.plan_name, o.tier, o.customer_name, o.customer_email, o.amount, o.currency,
           o.status, o.payment_status, o.provider, o.mode, o.source, o.placed_at, o.confirmed_at, o.intake_requested_at,
           o.intake_submitted_at, o.started_at, o.done_at, o.cancelled_at, o.cancel_reason, o.due_at, o.reminders,
           o.assignee, o.handovers,
           (SELECT count(*) FROM note n WHERE n.organization = o.organization AND n.subject_kind = 'order'
            AND n.subject_id = o.id) AS notes,
           u.name AS assignee_name, p.form AS plan_form,
           (SELECT n.number FROM orders n WHERE n.organization = o.organization
            AND (n.placed_at, n.id) > (o.placed_at, o.id) ORDER BY n.placed_at, n.id LIMIT 1) AS newer,
           (SELECT n.number FROM orders n WHERE n.organization = o.organization
            AND (n.placed_at, n.id) < (o.placed_at, o.id) ORDER BY n.placed_at DESC, n.id DESC LIMIT 1) AS older,
           (SELECT coalesce(jsonb_agg(g ORDER BY g.currency), '[]') FROM (
                SELECT x.currency, count(*) AS orders, sum(x.amount) AS amount, max(x.placed_at) AS last FROM (
                    SELECT currency, amount, placed_at FROM orders
                    WHERE lead = o.lead AND id <> o.id AND status <> 'cancelled'
                    AND payment_status NOT IN ('unpaid', 'failed') LIMIT {}) x
                GROUP BY x.currency) g) AS others
    FROM orders o LEFT JOIN app_user u ON u.id = o.assignee LEFT JOIN plan p ON p.id = o.plan
    WHERE o.organization = {} AND o.number = {}"""
DELIVERABLES = """
    SELECT d.id, d.title, d.version, d.is_report, d.made_by, d.note, d.created_at, d.delivered_at, d.file, f.name,
           f.size, u.name AS added_by
    FROM deliverable d JOIN file f ON f.id = d.file LEFT JOIN app_user u ON u.id = d.added_by
    WHERE d.organization = {} AND d.order = {} AND d.withdrawn_at IS NULL
    ORDER BY d.title, d.version DESC, d.id DESC"""
DELIVERIES = """
    SELECT id, key, kind, name, state, why, title, due_at, settled_at, attempt, opened_at, clicked_at, provider_id,
           CASE WHEN kind = 'refund' THEN payload END AS payload
    FROM delivery WHERE organization = {} AND subject_kind = 'order' AND subject_id = {} AND kind IN ('mail', 'refund')
    ORDER BY id LIMIT 200"""


@dataclass(frozen=True)
class Detail:
    """An order with what belongs to it. `order` is what templates read; `record` is as much of the object as other
    slices need to look up what they have on it. Nobody writes either."""

    order: dict[str, Any]
    record: Order
    deliverables: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    net: list[tuple[str, int]]
    missing: int
    refundable: int
    refunds: list[dict[str, Any]]
    mails: list[dict[str, Any]]
    upcoming: list[tuple[str, str]]
    timeline: list[dict[str, Any]]
    overdue: bool
    turn: Turn | None
    steps: list[tuple[str, str, str]]
    next: NextStep
    shown: str = "all"

    @property
    def work(self) -> str:
        """The status as shown: overdue is derived, never stored."""
        return "overdue" if self.overdue else self.order["status"]


async def load(organization: Organization, number: int, now: datetime, shown: str = "all") -> Detail:
    """One order's page, or NotFound. `shown`: all, people or machines of its timeline."""
    order = await row(ORDER, CAP, organization.id, number) if number <= LARGEST_NUMBER else None
    if order is None:
        raise NotFound("There is no order with this number.")
    deliverables = await rows(DELIVERABLES, organization.id, order["id"])
    known = {column: order[column._meta.name] for column in Order._meta.columns if column._meta.name in order}
    record = Order(known | {Order.organization: organization.id}, _ignore_missing=True)
    lines = await money.lines_of(organization, record)
    outgoing = await rows(DELIVERIES, organization.id, order["id"])
    asked = [each for each in outgoing if each["kind"] == "refund" and each["state"] != "cancelled"]
    missing = money.missing(record, lines)
    return Detail(
        order=order,
        record=record,
        deliverables=deliverables,
        lines=lines,
        net=net(lines),
        missing=missing,
        refundable=refunds.left(record, lines, [each for each in asked if each["state"] in refunds.COUNTED]).total,
        refunds=refunds.pending(lines, asked),
        mails=[_named(each) for each in outgoing if each["kind"] == "mail"],
        upcoming=upcoming(order, organization.time_zone, now),
        timeline=await timeline(organization, order["id"], shown),
        overdue=is_overdue(order, now),
        turn=turn(order, now),
        steps=steps(order, organization.time_zone, now),
        next=next_step(order, deliverables, now, missing),
        shown=shown,
    )


def _named(mail: dict[str, Any]) -> dict[str, Any]:
    label = MAILS.get(mail["name"], mail["title"])
    return mail | {"label": f"{label}, again" if ":copy:" in mail["key"] else label}


def net(lines: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """What stayed with us, by currency; never added across them."""
    found: dict[str, int] = {}
    for line in lines:
        found[line["currency"]] = found.get(line["currency"], 0) + line["amount"]
    return sorted(found.items())
