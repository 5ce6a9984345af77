"""What needs a person, from every slice; and how many, for the navigation."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals import queries as approvals
from dashboard.approvals import unanswered
from dashboard.campaigns import attention as campaigns
from dashboard.database import rows
from dashboard.deliveries import queries as deliveries
from dashboard.leads import attention as leads
from dashboard.orders import attention
from dashboard.runs import queries as runs
from dashboard.runs.clockwork import Job
from dashboard.tickets import attention as tickets
from dashboard.today import lines
from dashboard.today.lines import Line

CAP = 1000
PATIENCE = timedelta(minutes=10)  # a payment may arrive this much before its order

FAILED_EVENTS = """
    SELECT count(*) AS count, min(received_at) AS oldest, max(id) AS id,
           (array_agg(sender ORDER BY id DESC))[1] AS sender, (array_agg(kind ORDER BY id DESC))[1] AS kind,
           (array_agg(error ORDER BY id DESC))[1] AS error
    FROM (SELECT id, received_at, sender, kind, error FROM inbound_event
          WHERE organization = {} AND state = 'failed' ORDER BY received_at DESC, id DESC LIMIT {}) failed"""

# What was entered by hand for a person without an order waits for none.
WAITING_MONEY = """
    SELECT currency, count(*) AS count, sum(amount) AS total, min(occurred_at) AS oldest
    FROM (SELECT p.currency, p.amount, p.occurred_at FROM payment p
          WHERE p.organization = {} AND p.provider = 'stripe' AND p.kind <> 'failure' AND p.created_at < {}
            AND NOT EXISTS (SELECT 1 FROM order_payment op WHERE op.payment = p.id) LIMIT {}) waiting
    GROUP BY currency ORDER BY count(*) DESC, currency"""

COUNTS = """
    SELECT (SELECT count(*) FROM ({}) o) AS orders, (SELECT count(*) FROM ({}) l) AS leads,
           (SELECT count(*) FROM ({}) t) AS ticket_lines, (SELECT count(*) FROM ({}) d) AS tickets,
           EXISTS ({}) AS questions, (SELECT count(*) FROM ({}) c) AS campaigns,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_event WHERE organization = {} AND state = 'failed' LIMIT {}) e)
               AS events,
           (SELECT count(*) FROM (SELECT 1 FROM delivery WHERE organization = {}
                AND state IN ('failed', 'unknown', 'held') LIMIT {}) d) AS outbox,
           (SELECT count(DISTINCT state) FROM (SELECT state FROM delivery WHERE organization = {}
                AND state IN ('failed', 'unknown', 'held') LIMIT {}) d) AS outbox_lines,
           (SELECT count(*) FROM (SELECT 1 FROM suggestion WHERE organization = {} AND state = 'waiting' LIMIT {}) s)
               AS approvals,
           EXISTS (SELECT 1 FROM payment p WHERE p.organization = {} AND p.provider = 'stripe'
                AND p.kind <> 'failure' AND p.created_at < {}
                AND NOT EXISTS (SELECT 1 FROM order_payment op WHERE op.payment = p.id)) AS money"""


@dataclass(frozen=True)
class Counts:
    """By navigation key; zero hides the pill."""

    today: int
    approvals: int
    tickets: int
    leads: int
    campaigns: int
    outbox: int
    events: int
    schedules: int


async def find_lines(organization: Organization, jobs: list[Job], now: datetime) -> list[Line]:
    """Everything that needs a person here. Eleven queries."""
    base = f"/{organization.slug}"
    [failed] = await rows(FAILED_EVENTS, organization.id, CAP)
    waiting = await rows(WAITING_MONEY, organization.id, now - PATIENCE, CAP)
    return [
        *lines.of_orders(await attention.needs_person(organization, now)),
        *lines.of_tickets(await tickets.needs_person(organization, now)),
        *lines.of_replies(base, await approvals.waiting(organization)),
        *lines.of_questions(await unanswered.needs_person(organization, now)),
        *lines.of_leads(await leads.needs_person(organization, now)),
        *lines.of_campaigns(await campaigns.needs_person(organization)),
        *lines.of_deliveries(base, await deliveries.needs_person(organization)),
        *lines.of_events(base, failed),
        *lines.of_money(base, waiting),
        *lines.of_jobs(base, await runs.standings(jobs, now), now),
    ]


async def counts(organization: Organization, jobs: list[Job], now: datetime) -> Counts:
    """How many of each. Two queries."""
    id = organization.id
    [found] = await rows(
        COUNTS, attention.waiting(organization, now), leads.waiting(organization, now),
        tickets.waiting(organization, now), tickets.due(organization, now), unanswered.waiting(organization, now, 1),
        campaigns.waiting(organization),
        id, CAP, id, CAP, id, CAP, id, CAP, id, now - PATIENCE,
    )  # fmt: skip
    standings = await runs.standings(jobs, now)
    of_jobs = lines.of_jobs("", standings, now)
    today = (
        found["orders"]
        + found["leads"]
        + found["ticket_lines"]
        + found["questions"]
        + found["campaigns"]
        + found["outbox_lines"]
        + bool(found["events"])
        + found["money"]
        + len(of_jobs)
        + bool(found["approvals"])
    )
    return Counts(
        today,
        found["approvals"],
        found["tickets"],
        found["leads"],
        found["campaigns"],
        found["outbox"],
        found["events"],
        sum(standing.needs_person for standing in standings),
    )


def mine(found: list[Line], user: int) -> list[Line]:
    """The lines of what is assigned to one person."""
    return [line for line in found if line.assignee == user]


def shown(counts: Counts) -> dict[str, Any]:
    """For ui.counts."""
    return {
        "today": counts.today, "approvals": counts.approvals, "tickets": counts.tickets, "leads": counts.leads,
        "campaigns": counts.campaigns,
        "outbox": counts.outbox, "events": counts.events, "schedules": counts.schedules,
    }  # fmt: skip
