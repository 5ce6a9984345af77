"""What belongs to a person, table by table, and what becomes of it when they are forgotten. Preview, erasure and the
export of a person's data all read from here; a test fails on a table with a reference to a lead that is not named."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from dashboard.database import rows
from dashboard.leads.actions import normalize

ERASED = "Erased person"
GONE = "The person was erased."
# Leads that hold the same person: the one and those merged into it.
LEADS = """
    SELECT id, email, email_normalized, name, company, phone FROM lead
    WHERE organization = {} AND (id = ANY({}) OR merged_into = ANY({})) AND (erased_at IS NULL OR {}) ORDER BY id"""
ORDERS = """SELECT id, customer_email FROM orders WHERE organization = {} AND lead = ANY({})"""
INTAKES = 'SELECT id FROM intake WHERE "order" = ANY({})'
FILES = """
    SELECT f.id, f.storage_key FROM file f WHERE f.id IN (
        SELECT file FROM intake_file WHERE intake = ANY({})
        UNION SELECT file FROM deliverable WHERE "order" = ANY({})
        UNION SELECT m.file FROM message_file m JOIN message w ON w.id = m.message
            JOIN conversation c ON c.id = w.conversation WHERE c.lead = ANY({}))"""
PAYMENTS = """
    SELECT id FROM payment WHERE organization = {} AND lead = ANY({})
    UNION SELECT payment FROM order_payment WHERE "order" = ANY({})"""
DELIVERIES = """
    SELECT id FROM delivery WHERE organization = {} AND lead = ANY({})
    UNION SELECT id FROM delivery WHERE organization = {} AND subject_kind = 'order' AND subject_id = ANY({})
    UNION SELECT id FROM delivery WHERE organization = {} AND subject_kind = 'lead' AND subject_id = ANY({})
    UNION SELECT d.id FROM unnest({}::text[]) AS a (address)
        JOIN delivery d ON lower(d.recipient || ' ' || d.title) LIKE public.containing(a.address)
        WHERE d.organization = {} AND lower(trim(d.recipient)) = a.address"""


@dataclass(frozen=True)
class Person:
    """Ids of what is theirs, and what they are called."""

    organization: int
    leads: list[int]
    orders: list[int]
    intakes: list[int]
    files: list[int]
    payments: list[int]
    deliveries: list[int]
    addresses: list[str]  # normalised
    names: list[str]
    companies: list[str]
    phones: list[str]
    storage_keys: list[str]


class Rule(NamedTuple):
    """Rows of a table (`t`) that are a person's, and their columns afterwards, as SQL; none: the rows are deleted.
    `said` names them for people: one, many; empty where it would say nothing."""

    table: str
    where: str
    then: Mapping[str, str] | None
    said: tuple[str, str] = ("", "")
    kept: bool = False  # for the books


_SPOKEN = "upper(left(replace({0}, '_', ' '), 1)) || substr(replace({0}, '_', ' '), 2)"
_SUBJECTS = """t.organization = {organization} AND (
    (t.subject_kind = 'lead' AND t.subject_id = ANY({leads}))
    OR (t.subject_kind = 'order' AND t.subject_id = ANY({orders}))
    OR (t.subject_kind = 'intake' AND t.subject_id = ANY({intakes}))
    OR (t.subject_kind = 'delivery' AND t.subject_id = ANY({deliveries}))
    OR (t.subject_kind = 'conversation' AND t.subject_id IN (SELECT id FROM conversation WHERE lead = ANY({leads})))
    OR (t.subject_kind = 'ticket' AND t.subject_id IN (SELECT id FROM ticket WHERE lead = ANY({leads}))))"""
_THEIRS = "t.conversation IN (SELECT id FROM conversation WHERE lead = ANY({leads}))"
_SAID = (
    "t.message IN (SELECT m.id FROM message m JOIN conversation c ON c.id = m.conversation WHERE c.lead = ANY({leads}))"
)
_NOTHING, _NO_REASON = "jsonb_build_object()", "jsonb_build_object('reason', '')"
_STOPS = "t.kind <> 'refund' AND t.state IN ('queued', 'held', 'failed', 'unknown')"
_RARE = """CASE WHEN EXISTS (SELECT FROM lead o WHERE o.organization = t.organization AND o.id <> ALL({leads})
    AND public.fold(o.source) = public.fold(t.source) AND o.deleted_at IS NULL) THEN t.source ELSE '' END"""
RULES = (
    Rule("note", _SUBJECTS, None, ("note", "notes")),
    Rule("consent", "t.lead = ANY({leads})", None, ("consent", "consents")),
    Rule(
        "capture", "t.lead = ANY({leads})", {"answers": _NOTHING, "source_data": _NOTHING},
        ("filled in form", "filled in forms"),
    ),
    Rule(
        "intake", "t.id = ANY({intakes})",
        {"answers": _NOTHING, "asked_again": "'[]'", "link_version": "t.link_version + 1"},
        ("order’s answers", "orders’ answers"),
    ),
    Rule("intake_file", "t.intake = ANY({intakes})", None),
    Rule("deliverable", 't."order" = ANY({orders})', None, ("handed over file", "handed over files")),
    Rule("message_file", _SAID, None),
    Rule("settled_question", _SAID, None),
    Rule("file", "t.id = ANY({files})", None, ("file", "files")),
    Rule(
        "suggestion", _THEIRS,
        {
            "draft": "''", "edited": "''", "sent": "''", "sources": "'[]'", "checks": "'[]'", "diff": "'[]'",
            "instruction": "''", "reason": "''",
            "state": "CASE WHEN t.state IN ('waiting', 'queued') THEN 'stale' ELSE t.state END",
        },
    ),
    Rule(
        "message", _THEIRS,
        {
            "text": f"'{ERASED}'", "quoted": "''", "key": "t.id::text", "sources": "'[]'", "mail_id": "''",
            "in_reply_to": "''",
        },
        ("message", "messages"),
    ),
    Rule(
        "ticket", "t.lead = ANY({leads}) OR " + _THEIRS, {"subject": f"'{ERASED}'", "satisfaction_note": "''"},
        ("ticket", "tickets"), kept=True,
    ),
    Rule(
        "conversation", "t.lead = ANY({leads})",
        {
            "visitor_hash": "NULL", "public_id": "''", "name": "''", "email": "''", "subject": "''", "page": "''",
            "excerpt": "''", "needs_reply": "false", "unread": "false",
        },
        ("conversation", "conversations"),
    ),
    # Bytes on their way or waiting for another try: for the others in it that ends unclear, and a person looks at it.
    Rule(
        "mail_batch", "t.organization = {organization} AND t.members && {deliveries}::bigint[] AND t.body <> ''",
        {"body": "''"},
    ),
    Rule("delivery_attempt", "t.delivery = ANY({deliveries})", {"detail": "''"}),
    Rule(
        "delivery", "t.id = ANY({deliveries})",
        {
            "recipient": "''", "title": _SPOKEN.format("t.name"),
            "payload": f"CASE t.kind WHEN 'refund' THEN t.payload || {_NO_REASON} ELSE {_NOTHING} END",
            "why": f"CASE WHEN {_STOPS} THEN '{GONE}' ELSE '' END",
            "settled_at": f"CASE WHEN {_STOPS} THEN coalesce(t.settled_at, now()) ELSE t.settled_at END",
            "state": f"CASE WHEN {_STOPS} THEN 'cancelled' ELSE t.state END",
        },
        ("mail or message", "mails and messages"),
    ),
    Rule(
        "enrollment", "t.lead = ANY({leads})",
        {
            "reason": "CASE WHEN t.state = 'active' THEN 'erased' ELSE t.reason END",
            "ended_at": "CASE WHEN t.state = 'active' THEN now() ELSE t.ended_at END",
            "state": "CASE WHEN t.state = 'active' THEN 'stopped' ELSE t.state END",
        },
        ("campaign", "campaigns"),
    ),
    Rule(
        "campaign_send", "t.lead = ANY({leads})",
        {
            "settled_at": "CASE WHEN t.state IN ('waiting', 'due', 'queued') THEN now() ELSE t.settled_at END",
            "reason": f"CASE WHEN t.state IN ('waiting', 'due', 'queued') THEN '{GONE}' ELSE '' END",
            "state": "CASE WHEN t.state IN ('waiting', 'due', 'queued') THEN 'stopped' ELSE t.state END",
        },
    ),
    Rule("campaign_click", "t.lead = ANY({leads})", {}, kept=True),
    Rule(
        "activity", _SUBJECTS, {"title": _SPOKEN.format("t.verb"), "detail": "''", "data": _NOTHING},
        ("line of the timeline", "lines of the timeline"),
    ),
    Rule(
        "lead_batch_line", "t.lead = ANY({leads})",
        {"outcome": "'skipped'", "reason": f"'{GONE}'", "key": "''", "before": "NULL", "after": "NULL"},
        ("line of an import or a change to many", "lines of imports and changes to many"),
    ),
    Rule("lead_pair", "t.low = ANY({leads}) OR t.high = ANY({leads})", None),
    Rule("lead_distinct", "t.low = ANY({leads}) OR t.high = ANY({leads})", None),
    Rule(
        "lead_merge", "t.winner = ANY({leads}) OR t.loser = ANY({leads})",
        {"before": _NOTHING, "after": _NOTHING, "moved": _NOTHING},
    ),
    Rule("payment", "t.id = ANY({payments})", {"description": "''"}, ("payment", "payments"), kept=True),
    Rule(
        "orders", "t.id = ANY({orders})",
        {
            "customer_name": f"'{ERASED}'", "customer_email": "''", "source": _RARE, "source_data": _NOTHING,
            "cancel_reason": "''",
        },
        ("order", "orders"), kept=True,
    ),
    Rule(
        "lead", "t.id = ANY({leads})",
        {
            "email": "''", "email_normalized": "NULL", "name": "''", "company": "''", "phone": "''",
            "phone_normalized": "''", "source": _RARE, "source_data": _NOTHING, "attributes": _NOTHING,
            "tags": "ARRAY[]::bigint[]", "score": "0", "score_reasons": "'[]'", "lost_reason": "''",
            "remind_at": "NULL", "remind": "NULL", "deleted_at": "coalesce(t.deleted_at, now())",
            "erased_at": "coalesce(t.erased_at, now())",
        },
    ),
)  # fmt: skip
WORDS = {rule.table: rule.said for rule in RULES if rule.said[0]}
PLACEHOLDER = re.compile(r"\{(" + "|".join(field.name for field in fields(Person)) + r")\}")


async def find(organization: int, ids: list[int], addresses: Iterable[str] = (), *, erased: bool = False) -> Person:
    """Everything that is theirs. `ids` may name several people, who are then handled as one; `addresses` are further
    ones of theirs. `erased`: also of leads that were erased already."""
    leads = await rows(LEADS, organization, ids, ids, erased)
    known = [each["id"] for each in leads]
    orders = await rows(ORDERS, organization, known)
    numbers = [each["id"] for each in orders]
    intakes = [each["id"] for each in await rows(INTAKES, numbers)]
    files = await rows(FILES, intakes, numbers, known)
    written = [each["email_normalized"] for each in leads] + [normalize(each["customer_email"]) for each in orders]
    addresses = sorted({address for address in (*addresses, *written) if address})
    payments = await rows(PAYMENTS, organization, known, numbers)
    deliveries = await rows(
        DELIVERIES, organization, known, organization, numbers, organization, known, addresses, organization
    )

    def distinct(name: str) -> list[str]:
        return sorted({each[name].strip() for each in leads if each[name].strip()})

    return Person(
        organization=organization, leads=known, orders=numbers, intakes=intakes, files=[each["id"] for each in files],
        payments=[each["id"] for each in payments], deliveries=[each["id"] for each in deliveries],
        addresses=addresses, names=distinct("name"), companies=distinct("company"), phones=distinct("phone"),
        storage_keys=[each["storage_key"] for each in files],
    )  # fmt: skip


def filled(sql: str, person: Person) -> tuple[str, list[Any]]:
    """SQL with `{leads}`, `{orders}` … as placeholders, and their values in order."""
    values = [getattr(person, match[1]) for match in PLACEHOLDER.finditer(sql)]
    return PLACEHOLDER.sub("{}", sql), values


async def count(person: Person) -> dict[str, int]:
    """How many rows of each table are theirs."""
    parts, values = [], []
    for rule in RULES:
        where, given = filled(rule.where, person)
        parts.append(f"SELECT '{rule.table}' AS name, count(*) AS n FROM \"{rule.table}\" t WHERE {where}")  # noqa: S608
        values += given
    return {each["name"]: each["n"] for each in await rows(" UNION ALL ".join(parts), *values) if each["n"]}


async def apply(rule: Rule, person: Person) -> int:
    """Do to the rows of one table what its rule says; how many."""
    if rule.then is None:
        sql, values = filled(f'DELETE FROM "{rule.table}" t WHERE {rule.where} RETURNING t.id', person)  # noqa: S608
    elif rule.then:
        sets = ", ".join(f'"{column}" = {value}' for column, value in rule.then.items())
        sql, values = filled(f'UPDATE "{rule.table}" t SET {sets} WHERE {rule.where} RETURNING t.id', person)  # noqa: S608
    else:
        return 0
    return len(await rows(sql, *values))
