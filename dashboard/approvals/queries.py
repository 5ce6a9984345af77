"""What the queue and its panels show. Everything begins with the organizations a person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.approvals import checks
from dashboard.approvals.tables import Suggestion
from dashboard.database import row, rows
from dashboard.errors import NotFound

SHOWN = 50
CAP = 1000
LATEST = 40  # messages of a conversation
PRESENT = timedelta(seconds=25)  # somebody who says nothing for so long has gone

ITEM = """
    SELECT s.id, s.organization, s.state, s.confidence, s.created_at, s.needs_person, c.channel,
           coalesce(nullif(c.name, ''), nullif(l.name, ''), nullif(c.email, ''), 'Visitor') AS name,
           coalesce(nullif(c.subject, ''), nullif(c.excerpt, ''), 'No subject') AS subject, o.slug,
           o.name AS organization_name, o.colour
    FROM suggestion s JOIN conversation c ON c.id = s.conversation JOIN organization o ON o.id = s.organization
    LEFT JOIN lead l ON l.id = c.lead"""
WAITING = f"{ITEM} WHERE s.organization = ANY({{}}) AND s.state = 'waiting' ORDER BY s.created_at, s.id LIMIT {{}}"
WAITING_HERE = f"{ITEM} WHERE s.organization = {{}} AND s.state = 'waiting' ORDER BY s.created_at, s.id LIMIT {{}}"
COUNT = (
    "SELECT count(*) AS n FROM (SELECT 1 FROM suggestion WHERE organization = ANY({}) AND state = 'waiting' LIMIT {}) w"
)
SUMMARY = """
    SELECT count(*) AS count, min(created_at) AS oldest FROM (SELECT created_at FROM suggestion
        WHERE organization = {} AND state = 'waiting' ORDER BY created_at, id LIMIT {}) w"""
DETAIL = """
    SELECT s.*, c.channel, c.subject, c.excerpt, c.email, c.lead, c.identified, c.needs_reply, c.public_id,
           (c.drafted_until IS NULL AND c.needs_reply AND c.archived_at IS NULL) AS drafting, c.draft_instruction,
           coalesce(nullif(c.name, ''), nullif(l.name, ''), nullif(c.email, ''), 'Visitor') AS name,
           o.slug, o.name AS organization_name, o.colour, u.name AS decider, p.number AS prompt_number,
           t.number AS ticket, t.first_reply_due_at, t.first_replied_at, t.paused_at,
           d.number AS order_number, d.plan_name, d.amount, d.currency, d.payment_status
    FROM suggestion s JOIN conversation c ON c.id = s.conversation JOIN organization o ON o.id = s.organization
    LEFT JOIN lead l ON l.id = c.lead LEFT JOIN app_user u ON u.id = coalesce(s.decided_by, s.edited_by)
    LEFT JOIN prompt_version p ON p.id = s.prompt
    LEFT JOIN LATERAL (SELECT * FROM ticket t WHERE t.conversation = c.id AND t.status <> 'closed'
        AND t.merged_into IS NULL ORDER BY t.id DESC LIMIT 1) t ON true
    LEFT JOIN LATERAL (SELECT * FROM orders d WHERE d.organization = s.organization AND d.lead = c.lead
        ORDER BY d.placed_at DESC, d.id DESC LIMIT 1) d ON true
    WHERE s.organization = {} AND s.id = {}"""
THREAD = """
    SELECT * FROM (
        SELECT m.id, m.number, m.direction, m.author_kind, m.text, m.created_at, m.sources, u.name AS author
        FROM message m LEFT JOIN app_user u ON u.id = m.author WHERE m.conversation = {}
        ORDER BY m.number DESC LIMIT {}) newest ORDER BY number"""
FILES = """
    SELECT mf.message, f.id, f.name, f.size FROM message_file mf JOIN file f ON f.id = mf.file
    WHERE mf.message = ANY({}) ORDER BY mf.id"""
LATER = "SELECT id FROM suggestion WHERE organization = {} AND conversation = {} AND id > {} ORDER BY id DESC LIMIT 1"
SEEN = """
    INSERT INTO approval_presence (organization, suggestion, "user", seen_at, created_at) VALUES ({}, {}, {}, {}, now())
    ON CONFLICT (suggestion, "user") DO UPDATE SET seen_at = excluded.seen_at"""
SHOWN_FIRST = "UPDATE suggestion SET shown_at = {} WHERE organization = {} AND id = {} AND shown_at IS NULL"
OTHERS = """
    SELECT u.name, u.email FROM approval_presence p JOIN app_user u ON u.id = p."user"
    WHERE p.organization = {} AND p.suggestion = {} AND p.seen_at > {} AND p."user" <> {}
    ORDER BY p.seen_at DESC LIMIT 5"""
FORGET = "DELETE FROM approval_presence WHERE organization = {} AND seen_at < {}"


@dataclass(frozen=True)
class Queue:
    """What waits, oldest first; `count` stops at CAP."""

    items: list[dict[str, Any]]
    count: int

    def after(self, item: dict[str, Any] | None) -> dict[str, Any] | None:
        """Whoever comes next where this one stood in the queue; the first when it was the last."""
        if item is None:
            return self.items[0] if self.items else None
        place = (item["created_at"], item["id"])
        later = (each for each in self.items if (each["created_at"], each["id"]) > place)
        return next(later, self.items[0] if self.items else None)


async def find_queue(organizations: Sequence[Organization]) -> Queue:
    """Two queries."""
    ids = [organization.id for organization in organizations]
    if not ids:
        return Queue([], 0)
    items = await (rows(WAITING_HERE, ids[0], SHOWN) if len(ids) == 1 else rows(WAITING, ids, SHOWN))
    if len(items) < SHOWN:
        return Queue(items, len(items))
    found = await row(COUNT, ids, CAP)
    return Queue(items, found["n"] if found else 0)


async def waiting(organization: Organization) -> dict[str, Any]:
    """How many wait, up to CAP, and since when the oldest does."""
    found = await row(SUMMARY, organization.id, CAP)
    return found or {"count": 0, "oldest": None}


async def get_detail(organization: Organization, id: int) -> dict[str, Any]:
    """A suggestion with its conversation, the customer's order and ticket; NotFound where there is none."""
    found = await row(DETAIL, organization.id, id)
    if found is None:
        raise NotFound()
    found["tone"] = tone(found["confidence"])
    if found["edited"]:  # what is stored are the marks of the draft
        found["checks"] = checks.examine(organization, found["edited"], found["sources"])
    return found


async def successor(organization: Organization, found: dict[str, Any]) -> int | None:
    """The suggestion that took this one's place, if there is one."""
    later = await row(LATER, organization.id, found["conversation"], found["id"])
    return later["id"] if later else None


async def thread(conversation: int) -> list[dict[str, Any]]:
    """The newest messages, oldest first, each with its files. Two queries."""
    messages = await rows(THREAD, conversation, LATEST)
    files = await rows(FILES, [message["id"] for message in messages]) if messages else []
    for message in messages:
        message["files"] = [file for file in files if file["message"] == message["id"]]
        message["text"] = message["text"][:20_000]
    return messages


async def be_present(organization: Organization, suggestion: int, user: int, now: datetime) -> list[str]:
    """Say that this person has it open; the names of the others who do."""
    if not await Suggestion.exists().where(Suggestion.organization == organization.id, Suggestion.id == suggestion):
        raise NotFound()
    await rows(SEEN, organization.id, suggestion, user, now)
    await rows(SHOWN_FIRST, now, organization.id, suggestion)
    await rows(FORGET, organization.id, now - timedelta(minutes=10))
    found = await rows(OTHERS, organization.id, suggestion, now - PRESENT, user)
    return [each["name"] or each["email"] for each in found]


def tone(confidence: int) -> str:
    """Green from 80, amber from 50, red below."""
    return "positive" if confidence >= 80 else "warning" if confidence >= 50 else "danger"
