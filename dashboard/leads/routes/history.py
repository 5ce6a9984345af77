"""The timeline of a person across everything: the lead itself with the forms they filled in, its orders with intake and
notes, mails, and the visits that links with UTM words tell of. One query, newest first, page by page."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from piccolo.querystring import QueryString

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.leads import parting
from dashboard.leads.routes.lines import beginning, item
from dashboard.orders import recovery

PAGE, MOST = 30, 300
ORDERS = 200  # of one person, the newest; what happened to older ones stands on their own pages
SHOWN = {"all": "All", "mails": "Mails", "notes": "Notes"}
Place = tuple[datetime, int, int]
FIRST = (datetime(9999, 1, 1, tzinfo=UTC), 9, 0)
LAST = (datetime(1, 1, 2, tzinfo=UTC), 0, 0)


class Arm(NamedTuple):
    """One kind of line: which of several at the same moment comes first, and the alias and time of its own index."""

    rank: int
    alias: str
    time: str


ARMS = {
    "thread": Arm(7, "a", "created_at"),
    "lead": Arm(6, "a", "created_at"), "note": Arm(5, "n", "created_at"), "order": Arm(4, "a", "created_at"),
    "order_note": Arm(3, "n", "created_at"), "mail": Arm(2, "d", "created_at"),
    "placed": Arm(1, "o", "placed_at"),
}  # fmt: skip
WHICH = {"all": tuple(ARMS), "mails": ("mail",), "notes": ("note", "order_note")}
# {place} narrows, orders and ends each arm's own index scan.
LINES = {
    "lead": """
        SELECT a.created_at AS at, 6 AS rank, a.id, a.verb AS name, a.actor, a.title, a.detail AS text, a.user AS by,
               a.data, 0 AS number
        FROM activity a WHERE a.organization = {org} AND a.subject_kind = 'lead' AND a.subject_id = {lead}
            AND a.verb <> 'noted' {place}""",
    "thread": """
        SELECT a.created_at AS at, 7 AS rank, a.id, a.verb AS name, a.actor, a.title, a.detail AS text, a.user AS by,
               jsonb_build_object() AS data, 0 AS number
        FROM (SELECT id FROM conversation WHERE organization = {org} AND lead = {lead}
              ORDER BY last_message_at DESC LIMIT 100) c
        CROSS JOIN LATERAL (SELECT * FROM activity a WHERE a.organization = {org}
            AND a.subject_kind = 'conversation' AND a.subject_id = c.id AND a.verb = 'reply_sent' {place}) a""",
    "note": """
        SELECT n.created_at AS at, 5 AS rank, n.id, 'note' AS name, 'staff' AS actor, 'wrote a note' AS title, n.text,
               n.author AS by, jsonb_build_object('changed', n.updated_at) AS data, 0 AS number
        FROM note n WHERE n.organization = {org} AND n.subject_kind = 'lead' AND n.subject_id = {lead} {place}""",
    "order": """
        SELECT a.created_at, 4, a.id, a.verb, a.actor, a.title, a.detail, a.user, jsonb_build_object(), o.number
        FROM mine o CROSS JOIN LATERAL (SELECT * FROM activity a WHERE a.organization = {org}
            AND a.subject_kind = 'order' AND a.subject_id = o.id {place}) a""",
    "order_note": """
        SELECT n.created_at, 3, n.id, 'note', 'staff', 'wrote a note', n.text, n.author, jsonb_build_object(), o.number
        FROM mine o CROSS JOIN LATERAL (SELECT * FROM note n WHERE n.organization = {org}
            AND n.subject_kind = 'order' AND n.subject_id = o.id {place}) n""",
    "mail": """
        SELECT d.created_at AS at, 2 AS rank, d.id, d.state AS name, 'mail' AS actor, d.title, d.why AS text,
               NULL::bigint AS by, jsonb_build_object('opened', d.opened_at, 'clicked', d.clicked_at) AS data,
               0 AS number
        FROM delivery d WHERE d.lead = {lead} AND d.organization = {org} AND d.kind = 'mail' {place}""",
    "placed": """
        SELECT o.placed_at, 1, o.id, 'placed', 'customer', o.plan_name, '', NULL,
               jsonb_build_object('amount', o.amount, 'currency', o.currency, 'source_data', o.source_data), o.number
        FROM mine o WHERE true {place}""",
}
PLACE = """
    AND {time} <= {{}} AND {time} >= {{}} AND ({time}, {rank}, {id}) < ({{}}::timestamptz, {{}}::int, {{}}::bigint)
    AND ({time}, {rank}, {id}) >= ({{}}::timestamptz, {{}}::int, {{}}::bigint)
    ORDER BY {time} DESC, {id} DESC LIMIT {{}}"""
HISTORY = """
    WITH mine AS MATERIALIZED (SELECT id, number, placed_at, plan_name, amount, currency, source_data FROM orders
                               WHERE organization = {} AND lead = {} ORDER BY placed_at DESC LIMIT {})
    SELECT f.*, u.name AS by_name FROM ({}) f LEFT JOIN app_user u ON u.id = f.by
    ORDER BY f.at DESC, f.rank DESC, f.id DESC LIMIT {}"""


@dataclass(frozen=True)
class History:
    """A stretch of the timeline: lines as the template draws them, and the cursor of what follows; empty at the end."""

    items: list[dict[str, Any]]
    shown: str
    following: str
    unrolled: bool = False


async def read(
    organization: Organization, lead: dict[str, Any], shown: str, after: str = "", until: str = ""
) -> History:
    """Lines after a cursor, PAGE of them. `until` asks for all from the newest down to a cursor, or to the END: what a
    page shows that was unrolled so far, MOST at most."""
    shown = shown if shown in SHOWN else "all"
    most = MOST if until else PAGE
    place = (_cursor(after, FIRST), _cursor(until, LAST))
    found = await rows("{}", _query(organization, lead["id"], shown, *place, most + 1))
    more = len(found) > most or place[1] != LAST
    left = [line["id"] for line in found[:most] if line["name"] == recovery.VERB]
    now = clock.now()
    open_checkouts = await recovery.open_lines(organization, lead["id"], left, now)
    merges = [line["data"]["merge"] for line in found[:most] if line["name"] == "merged" and "merge" in line["data"]]
    undoable = await parting.undoable(organization, merges, now)
    items = [item(line, undoable) | {"checkout": line["id"] in open_checkouts and line["id"]} for line in found[:most]]
    if not more and shown == "all" and "added" not in {each["name"] for each in items}:
        items.append(beginning(lead))
    return History(items, shown, _write(found[:most][-1]) if found and more else "", bool(after or until))


def _query(organization: Organization, lead: int, shown: str, after: Place, until: Place, most: int) -> QueryString:
    """One statement. Each arm first narrows by time, which its index knows, then by the exact place."""
    arms = [
        QueryString(
            re.sub("{(org|lead|place)}", "{}", LINES[name]),
            *(organization.id if word == "org" else lead for word in re.findall("{(org|lead)}", LINES[name])),
            _place(ARMS[name], after, until, most),
        )
        for name in WHICH[shown]
    ]
    union = QueryString(" UNION ALL ".join(["({})"] * len(arms)), *arms)
    return QueryString(HISTORY, organization.id, lead, ORDERS, union, most)


def _place(arm: Arm, after: Place, until: Place, most: int) -> QueryString:
    """Behind one place, down to another."""
    sql = PLACE.format(time=f"{arm.alias}.{arm.time}", rank=arm.rank, id=f"{arm.alias}.id")
    return QueryString(sql, after[0], until[0], *after, *until, most)


def _cursor(text: str, otherwise: Place) -> Place:
    """The place a cursor names; one that is none of ours means no cursor."""
    try:
        at, rank, id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        moment = datetime.fromisoformat(at)
        fits = moment.tzinfo is not None and 0 <= int(rank) <= 9 and 0 <= int(id) < 2**63
    except (ValueError, TypeError, OverflowError, RecursionError):
        return otherwise
    return (moment, int(rank), int(id)) if fits else otherwise


def _write(line: dict[str, Any]) -> str:
    packed = json.dumps([line["at"].isoformat(), line["rank"], line["id"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")
