"""Everything one ticket's page shows: the thread with its notes, who it is, and what happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.tickets.listing import shown

LARGEST = 2**31 - 1
MOST = 400  # of a thread: the newest
TICKET = """
    SELECT t.*, c.channel, c.name, c.email, c.sentiment, c.topic, c.unread, c.identified, c.page, l.name AS lead_name,
           l.email AS lead_email, l.created_at AS lead_since, u.name AS assignee_name, m.number AS merged_number,
           (SELECT o.number FROM orders o WHERE o.organization = t.organization AND o.id = t.order_id) AS order_number,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', g.id, 'name', g.name, 'colour', g.colour)
                ORDER BY g.name), '[]') FROM tag g WHERE g.organization = {} AND g.id = ANY(t.tags)) AS tagged
    FROM ticket t JOIN conversation c ON c.id = t.conversation LEFT JOIN lead l ON l.id = t.lead
    LEFT JOIN app_user u ON u.id = t.assignee LEFT JOIN ticket m ON m.id = t.merged_into
    WHERE t.organization = {} AND t.number = {}"""
THREAD = """
    WITH RECURSIVE here AS (
        SELECT id, conversation, number FROM ticket WHERE organization = {} AND id = {}
        UNION SELECT t.id, t.conversation, t.number FROM ticket t JOIN here h ON t.merged_into = h.id)
    SELECT * FROM (
        SELECT m.id, m.created_at AS at, m.author_kind AS kind, m.text, m.quoted, u.name AS by, m.outcome, m.sources,
               m.key LIKE 'mail:%' AS by_mail, h.number AS ticket, d.state AS delivery, d.due_at, d.why,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'size', f.size) ORDER BY f.id),
                   '[]') FROM message_file mf JOIN file f ON f.id = mf.file WHERE mf.message = m.id) AS files
        FROM (SELECT DISTINCT ON (conversation) conversation, number FROM here ORDER BY conversation, number) h
        JOIN message m ON m.conversation = h.conversation LEFT JOIN app_user u ON u.id = m.author
        LEFT JOIN delivery d ON d.id = m.delivery
        UNION ALL
        SELECT n.id, n.created_at, 'note', n.text, '', u.name, '', '[]'::jsonb, false, h.number, NULL, NULL, NULL,
               '[]'::jsonb
        FROM here h JOIN note n ON n.organization = {} AND n.subject_kind = 'ticket' AND n.subject_id = h.id
        LEFT JOIN app_user u ON u.id = n.author
        ORDER BY 2 DESC, 1 DESC LIMIT {}) newest ORDER BY at, id"""
# What happened to the ticket, and what a rule or an approval sent in its thread.
HISTORY = """
    SELECT a.id, a.created_at AS at, a.verb, a.actor, a.title, a.detail AS text, u.name AS by_name FROM (
        (SELECT * FROM activity WHERE organization = {} AND subject_kind = 'ticket' AND subject_id = {}
         ORDER BY created_at DESC, id DESC LIMIT 60)
        UNION ALL
        (SELECT * FROM activity WHERE organization = {} AND subject_kind = 'conversation' AND subject_id = {}
         ORDER BY created_at DESC, id DESC LIMIT 60)) a
    LEFT JOIN app_user u ON u.id = a.user ORDER BY a.created_at DESC, a.id DESC LIMIT 60"""
ORDERS = """
    SELECT number, plan_name, status, done_at, placed_at FROM orders WHERE organization = {} AND lead = {}
    ORDER BY placed_at DESC LIMIT 3"""
MONEY = """
    SELECT currency, sum(amount)::bigint AS amount,
           count(*) FILTER (WHERE kind = 'charge') AS charges,
           count(*) FILTER (WHERE kind = 'refund') AS refunds
    FROM payment WHERE organization = {} AND lead = {} AND kind <> 'failure' GROUP BY 1 ORDER BY 3 DESC LIMIT 3"""
OTHERS = """
    SELECT number, subject, status FROM ticket WHERE organization = {} AND lead = {} AND id <> {}
    ORDER BY created_at DESC LIMIT 3"""
ICONS = {
    "opened": "ticket", "assigned": "user", "priority": "flag", "solved": "circle-check", "closed": "lock",
    "waiting": "pause", "open": "rotate-ccw", "reopened": "rotate-ccw", "replied": "send", "merged": "git-merge",
    "joined": "git-merge", "tagged": "tag", "subject": "pencil", "undone": "undo-2", "satisfaction": "smile",
    "clock": "clock", "reply_sent": "send", "reply_approved": "check", "reply_rejected": "x", "archived": "archive",
    "unarchived": "inbox", "answer_helped": "smile",
}  # fmt: skip
KINDS = {"staff": "staff", "customer": "customer", "machine": "ai", "system": "system"}


@dataclass(frozen=True)
class Detail:
    """A ticket with what belongs to it. `newest` names the last thing in the thread: whoever answers says which one
    they saw."""

    ticket: dict[str, Any]
    thread: list[dict[str, Any]]
    history: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    spent: list[dict[str, Any]]
    others: list[dict[str, Any]]

    @property
    def newest(self) -> str:
        said = [each for each in self.thread if each["kind"] != "note"]
        return str(said[-1]["id"]) if said else "0"


async def load(organization: Organization, number: int, now: datetime) -> Detail:
    """One ticket's page, or NotFound."""
    found = await row(TICKET, organization.id, organization.id, number) if 0 < number <= LARGEST else None
    if found is None:
        raise NotFound("There is no ticket with this number.")
    ticket = shown(found, now)
    thread = await rows(THREAD, organization.id, ticket["id"], organization.id, MOST)
    history = await rows(HISTORY, organization.id, ticket["id"], organization.id, ticket["conversation"])
    lead = ticket["lead"]
    return Detail(
        ticket=ticket, thread=thread, history=[_item(line) for line in history],
        orders=await rows(ORDERS, organization.id, lead) if lead else [],
        spent=await rows(MONEY, organization.id, lead) if lead else [],
        others=await rows(OTHERS, organization.id, lead, ticket["id"]) if lead else [],
    )  # fmt: skip


def _item(line: dict[str, Any]) -> dict[str, Any]:
    by = f", by {line['by_name']}" if line["by_name"] else ""
    return {
        "kind": KINDS.get(line["actor"], "system"), "icon": ICONS.get(line["verb"], "clock"),
        "title": line["title"] + by, "text": line["text"], "at": line["at"],
    }  # fmt: skip
