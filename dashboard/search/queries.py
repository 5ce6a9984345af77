"""Finding things by what people type: a number finds its order and its ticket first, everything else is looked for as
text."""

from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.campaigns import audience
from dashboard.database import rows
from dashboard.labels import STATUS
from dashboard.leads import queries as leads
from dashboard.lists.fields import contains
from dashboard.search import support

SHORTEST, LONGEST = 2, 100
MOST = 5  # of each kind
RECENT = 2000  # rows looked at where no index helps: deliveries, and orders by one or two letters
LARGEST_NUMBER = 2**31 - 1

ORDERS = """
    (SELECT 1 AS rank, id, number, customer_name, customer_email, plan_name, status, placed_at
     FROM orders WHERE organization = {} AND number = {})
    UNION ALL
    (SELECT 2, id, number, customer_name, customer_email, plan_name, status, placed_at
     FROM orders WHERE organization = {} AND number <> {} AND search LIKE {} ORDER BY placed_at DESC, id DESC LIMIT {})
    ORDER BY rank, placed_at DESC, id DESC LIMIT {}"""

RECENT_ORDERS = """
    (SELECT 1 AS rank, id, number, customer_name, customer_email, plan_name, status, placed_at
     FROM orders WHERE organization = {} AND number = {})
    UNION ALL
    (SELECT 2, id, number, customer_name, customer_email, plan_name, status, placed_at
     FROM (SELECT * FROM orders WHERE organization = {} ORDER BY placed_at DESC, id DESC LIMIT {}) recent
     WHERE number <> {} AND search LIKE {} ORDER BY placed_at DESC, id DESC LIMIT {})
    ORDER BY rank, placed_at DESC, id DESC LIMIT {}"""

OTHERS = """
    (SELECT 'delivery' AS kind, id, title AS label, recipient AS sub, state
     FROM (SELECT id, title, recipient, state, created_at FROM delivery WHERE organization = {}
           ORDER BY created_at DESC, id DESC LIMIT {}) recent
     WHERE lower(recipient || ' ' || title) LIKE {} ORDER BY created_at DESC, id DESC LIMIT {})
    UNION ALL
    (SELECT 'campaign', id, name, '', state FROM campaign
     WHERE organization = {} AND deleted_at IS NULL AND lower(name) LIKE {} ORDER BY created_at DESC, id DESC LIMIT {})
    UNION ALL
    (SELECT 'template', t.id, t.name, coalesce(v.subject, ''), '' FROM mail_template t
     LEFT JOIN mail_template_version v ON v.template = t.id AND v.number = t.version
     WHERE t.organization = {} AND t.archived_at IS NULL AND lower(t.name || ' ' || coalesce(v.subject, '')) LIKE {}
     ORDER BY t.name, t.id LIMIT {})
    UNION ALL
    (SELECT 'form', id, name, '', '' FROM form
     WHERE organization = {} AND archived_at IS NULL AND lower(name) LIKE {} ORDER BY name, id LIMIT {})
    UNION ALL
    (SELECT 'plan', id, name, tier, '' FROM plan
     WHERE organization = {} AND archived_at IS NULL AND lower(name) LIKE {} ORDER BY name, id LIMIT {})
    UNION ALL
    (SELECT 'person', u.id, u.name, u.email, m.role FROM membership m JOIN app_user u ON u.id = m.user
     WHERE m.organization = {} AND lower(u.name || ' ' || u.email) LIKE {} ORDER BY u.name, u.id LIMIT {})"""


class Found(NamedTuple):
    """One result, as ui.found takes it."""

    label: str
    icon: str
    href: str
    sub: str = ""


def cleaned(typed: str) -> str:
    """What is searched for: one line of printable characters, not too long."""
    return " ".join("".join(char if char.isprintable() else " " for char in typed).split())[:LONGEST]


async def find(organization: Organization, text: str) -> list[tuple[str, list[Found]]]:
    """(title, results) of each kind, at most five each; nothing for less than two characters."""
    if len(text) < SHORTEST:
        return []
    base, pattern, id = f"/{organization.slug}", contains(text), organization.id
    digits = text.removeprefix("#")
    exact = digits.isascii() and digits.isdecimal() and int(digits) <= LARGEST_NUMBER
    number = int(digits) if exact else -1
    if len(text) < 3:
        orders = await rows(RECENT_ORDERS, id, number, id, RECENT, number, pattern, MOST, MOST)
    else:
        orders = await rows(ORDERS, id, number, id, number, pattern, MOST, MOST)
    tickets = await support.find_tickets(organization, number, text, pattern, MOST)
    others = await support.find_others(organization, text, pattern, MOST)
    others += await rows(OTHERS, id, RECENT, *(pattern, MOST, id) * 5, pattern, MOST)
    by_kind = {kind: [_other(base, row) for row in others if row["kind"] == kind] for kind in OTHER}
    groups = [
        ("Orders", [_order(base, row) for row in orders], _exact(orders)),
        ("Tickets", [_ticket(base, row) for row in tickets], _exact(tickets)),
        ("Leads", [_lead(base, row) for row in await _leads(organization, text)], False),
        *((title, by_kind[kind], False) for kind, (title, _, _) in OTHER.items()),
        ("Settings", _settings(base, text), False),
    ]
    return [(title, found) for title, found, exact in sorted(groups, key=lambda group: not group[2])]


def _exact(found: list[dict[str, Any]]) -> bool:
    """Whether the number that was typed is the number of one of them."""
    return any(row["rank"] == 1 for row in found)


async def _leads(organization: Organization, text: str) -> list[dict[str, Any]]:
    """People who have all words, then those whose name is spelled nearly so."""
    few = replace(audience.LEADS, size=MOST)
    filters = few.read(urlencode({"q": text}), audience.asked(organization, 0, clock.now()))
    if not filters:
        return []
    page, similar = await leads.find_leads(organization, filters)
    return [*page.rows, *(similar.rows if similar else [])][:MOST]


def commands(places: list[tuple[str, list[tuple[str, str, str, str]]]], text: str) -> list[tuple[str, list[Found]]]:
    """Places and things to do whose name has every word, for a page that works without a script."""
    words = text.lower().split()
    return [
        (title, [Found(label, icon, href) for label, icon, _, href in entries
                 if not href.startswith("#") and words and all(word in label.lower() for word in words)])
        for title, entries in places
    ]  # fmt: skip


# kind -> (title, icon, address below the organization)
OTHER = {
    "conversation": ("Conversations", "inbox", "conversations/{id}"),
    "article": ("Knowledge", "book-open", "knowledge/{id}"),
    "campaign": ("Campaigns", "megaphone", "campaigns/{id}"),
    "template": ("Templates", "file-text", "campaigns/templates/{id}"),
    "delivery": ("Deliveries", "send", "outbox/{id}"),
    "form": ("Forms", "list-checks", "settings/forms/{id}"),
    "plan": ("Plans", "package", "settings/plans"),
    "person": ("Team", "user", "settings/team"),
}
SETTINGS = (
    ("Organization, brand and working hours", "building-2", "settings"),
    ("Integrations: Stripe, mail, Telegram", "plug", "settings/integrations"),
    ("Plans", "package", "settings/plans"),
    ("Forms", "list-checks", "settings/forms"),
    ("Team and roles", "users", "settings/team"),
    ("Tickets: reply times, holidays, canned replies", "ticket", "settings/tickets"),
    ("Auto-approval rules", "sparkles", "settings/rules"),
    ("Knowledge: articles and synonyms", "book-open", "knowledge"),
)


def _order(base: str, row: dict[str, Any]) -> Found:
    status = STATUS["order"][row["status"]][0]
    whom = row["customer_name"] or row["customer_email"] or "No name"
    return Found(
        f"{row['number']} {whom}", "shopping-bag", f"{base}/orders/{row['number']}",
        f"{row['plan_name']}, {status}" if row["plan_name"] else status,
    )  # fmt: skip


def _ticket(base: str, row: dict[str, Any]) -> Found:
    whom, status = row["name"] or row["email"], STATUS["ticket"][row["status"]][0]
    said = f"{whom}, {status}" if whom else status
    return Found(f"{row['number']} {row['subject']}", "ticket", f"{base}/tickets/{row['number']}", said)


def _lead(base: str, row: dict[str, Any]) -> Found:
    whom = row["name"] or row["company"] or row["email"] or "Nameless lead"
    parts = [part for part in (row["company"], row["email"]) if part and part != whom]
    return Found(whom, "users", f"{base}/leads/{row['id']}", ", ".join(parts))


def _other(base: str, row: dict[str, Any]) -> Found:
    _, icon, address = OTHER[row["kind"]]
    entity = {"campaign": "campaign", "delivery": "delivery", "person": "role"}.get(row["kind"])
    state = STATUS[entity][row["state"]][0] if entity else ""
    sub = ", ".join(part for part in (row["sub"], state) if part and part != "any")
    return Found(row["label"] or row["sub"], icon, f"{base}/{address.format(id=row['id'])}", sub)


def _settings(base: str, text: str) -> list[Found]:
    words = text.lower().split()
    found = [Found(label, icon, f"{base}/{address}") for label, icon, address in SETTINGS]
    return [each for each in found if all(word in each.label.lower() for word in words)][:MOST]
