"""Approvals and tickets with two thousand and with two hundred thousand conversations: first, filtered, deepest page."""

from benchmarks.pages import TOKENS, Line, measure
from benchmarks.surroundings import Place, application, process
from dashboard.lists import keyset
from dashboard.tickets.filters import TICKETS

SMALL, LARGE = 2_000, 200_000
ROUNDS = 2
FILTER = "status=open&status=waiting&priority=high"
FILTERED = "AND t.status IN ('open', 'waiting') AND t.priority = 'high'"

# Of ten conversations one waits for an approval; eight are tickets, of which two are open and one waits.
CONVERSATIONS = """
    INSERT INTO conversation (organization, channel, lead, name, email, subject, excerpt, messages, needs_reply, unread,
                              last_message_at, last_inbound_at, drafted_until, public_id, created_at)
    SELECT {organization}, CASE WHEN n % 3 = 0 THEN 'mail' ELSE 'web' END, {lead} + n % 1000,
           'Customer ' || md5(n::text), 'c' || n || '@customer.example', 'Question ' || n || ' about the audit',
           'How long does it take, and what does it cost', 3, n % 10 = 0, n % 10 = 0, at, at, at,
           'c' || {organization} || '-' || n, at
    FROM generate_series(1, {count}) n, LATERAL (SELECT now() - n * interval '3 minutes' AS at) times"""
MESSAGES = """
    INSERT INTO message (organization, conversation, number, direction, author_kind, text, key, created_at)
    SELECT c.organization, c.id, k, CASE WHEN k = 2 THEN 'out' ELSE 'in' END,
           CASE WHEN k = 2 THEN 'machine' ELSE 'visitor' END,
           'Message ' || k || ': ' || repeat('we would like to know more about the audit. ', 1 + c.id::int % 5), 'k' || k,
           c.created_at + k * interval '10 seconds'
    FROM conversation c, generate_series(1, 3) k WHERE c.organization = {organization}"""
TICKETS_MADE = """
    INSERT INTO ticket (organization, number, subject, priority, status, conversation, lead, assignee,
                        first_reply_due_at, first_replied_at, solve_due_at, solved_at, created_at, updated_at)
    SELECT c.organization, row_number() OVER (ORDER BY c.id), c.subject,
           (ARRAY['normal','normal','high','low','normal','urgent'])[1 + c.id % 6], s.status, c.id, c.lead,
           CASE WHEN c.id % 3 = 0 THEN {person} END, c.created_at + interval '4 hours',
           CASE WHEN s.status <> 'open' THEN c.created_at + interval '40 minutes' END, c.created_at + interval '2 days',
           CASE WHEN s.status IN ('solved', 'closed') THEN c.created_at + interval '1 day' END, c.created_at, c.created_at
    FROM conversation c,
         LATERAL (SELECT (ARRAY['open','open','waiting','solved','closed','closed','closed','solved'])[1 + c.id % 8]) s (status)
    WHERE c.organization = {organization} AND c.id % 10 < 8"""
SUGGESTIONS = """
    INSERT INTO suggestion (organization, conversation, message, state, draft, confidence, topic, sources, checks,
                            outcome, sent, decided_at, decided_by, created_at)
    SELECT c.organization, c.id, m.id, s.state, 'An audit takes five working days.', 40 + c.id % 60, 'prices',
           '[{{"kind": "section", "title": "Delivery", "heading": "How long", "slug": "delivery", "text": "Five days."}}]',
           '[{{"ok": true, "name": "source", "said": "Cites a source"}}]',
           CASE s.state WHEN 'waiting' THEN '' WHEN 'sent' THEN 'unedited' ELSE 'rejected' END,
           CASE s.state WHEN 'sent' THEN 'An audit takes five working days.' ELSE '' END,
           CASE WHEN s.state <> 'waiting' THEN c.created_at + interval '20 minutes' END,
           CASE WHEN s.state <> 'waiting' THEN {person} END, c.created_at
    FROM conversation c JOIN message m ON m.conversation = c.id AND m.number = 3,
         LATERAL (SELECT CASE WHEN c.needs_reply THEN 'waiting' WHEN c.id % 7 = 0 THEN 'rejected' ELSE 'sent' END) s (state)
    WHERE c.organization = {organization}"""
LAST = """
    SELECT t.id, t.due_at FROM ticket t JOIN organization o ON o.id = t.organization WHERE o.slug = $1 {sql}
    ORDER BY t.due_at DESC, t.id DESC OFFSET 50 LIMIT 1"""
NEWEST = """
    SELECT s.id FROM suggestion s JOIN organization o ON o.id = s.organization
    WHERE o.slug = $1 AND s.state = 'waiting' ORDER BY s.created_at DESC, s.id DESC LIMIT 1"""


def fill(where: Place) -> None:
    """Conversations, messages, tickets and suggestions in both organizations."""
    for slug, count in (("small", SMALL), ("large", LARGE)):
        one = where.fetch(
            "SELECT o.id, (SELECT min(id) FROM app_user) AS person, (SELECT min(id) FROM lead WHERE organization = o.id) "
            "AS lead FROM organization o WHERE slug = $1", slug,
        )  # fmt: skip
        facts = {"organization": one["id"], "person": one["person"], "lead": one["lead"], "count": count}
        where.run(*(each.format(**facts) for each in (CONVERSATIONS, MESSAGES, TICKETS_MADE, SUGGESTIONS)))
        where.run(f"UPDATE organization SET last_ticket_number = {count} WHERE id = {one['id']}")
    where.run(*(f"VACUUM ANALYZE {table}" for table in ("conversation", "message", "ticket", "suggestion")))


def run(where: Place) -> list[tuple[str, Line, Line]]:
    """Every page at both sizes in turn, the better of two rounds."""
    compared = []
    with process(where, *application()) as (port, _, _):
        cookies = {name: f"__Host-sid={token}" for name, token in TOKENS.items()}
        for name, path in paths(where).items():
            rounds = [[measure(port, path[size], cookies[size]) for size in TOKENS] for _ in range(ROUNDS)]
            small, large = (min(lines, key=lambda line: line.p50) for lines in zip(*rounds, strict=True))
            compared.append((name, small, large))
    return compared


def paths(where: Place) -> dict[str, dict[str, str]]:
    """The addresses of the pages, by size."""
    found: dict[str, dict[str, str]] = {}
    for size in TOKENS:
        newest = where.fetch(NEWEST, size)["id"]
        found.setdefault("approvals, first page", {})[size] = f"/{size}/approvals"
        found.setdefault("approvals, newest one open", {})[size] = f"/{size}/approvals/{newest}"
        found.setdefault("approvals, the queue again", {})[size] = f"/{size}/approvals/queue?open={newest}"
        for name, query, sql in (("tickets", "show=all", ""), ("filtered tickets", FILTER, FILTERED)):
            row = dict(where.fetch(LAST.format(sql=sql), size))
            after = keyset.write(TICKETS.sorts["due"], row)
            found.setdefault(f"{name}, first page", {})[size] = f"/{size}/tickets?{query}"
            found.setdefault(f"{name}, deepest page", {})[size] = f"/{size}/tickets?{query}&after={after}"
        found.setdefault("open tickets, first page", {})[size] = f"/{size}/tickets"
        found.setdefault("one ticket", {})[size] = f"/{size}/tickets/1"
    return found
