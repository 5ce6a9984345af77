"""What the Outbox shows, and what other pages ask about deliveries."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.deliveries import writing
from dashboard.deliveries.held import FRESH
from dashboard.deliveries.names import KIND, WHAT, what
from dashboard.deliveries.tables import DeliveryState
from dashboard.errors import NotFound
from dashboard.formats import ago
from dashboard.labels import STATUS
from dashboard.lists import CAP, Asked, Choice, Choices, Dates, Filters, List, Page, Search, Sort, counted

NEEDS_PERSON = ("failed", "unknown", "held")
BATCH = 500
THING = {"mail": "mail", "telegram": "alert", "whatsapp": "alert", "refund": "refund"}
RISK = {"refund": "Look in Stripe first: sending again could give the money back twice."}

OUTBOX = List(
    page="outbox",
    fields=(
        Search("q", "Search", "lower(d.recipient || ' ' || d.title) LIKE {}"),
        Choices("needs", "Needs", "", (Choice("you", "A person", "d.state IN ('failed', 'unknown', 'held')"),)),
        Choices(
            "state", "State", "d.state = ANY({})",
            tuple(Choice(state.value, STATUS["delivery"][state][0]) for state in DeliveryState),
        ),
        Choices("kind", "Channel", "d.kind = ANY({})", tuple(Choice(kind, label) for kind, (label, _) in KIND.items())),
        Choices("what", "Message", "d.name = ANY({})", tuple(Choice(name, label) for name, label in WHAT.items())),
        Dates("created", "Created", "d.created_at"),
    ),
    sorts={"created": Sort("d.created_at", "created_at", "time")},
    id_column="d.id",
)  # fmt: skip
TABS: tuple[tuple[str, dict[str, str]], ...] = (
    ("All", {}), ("Needs you", {"needs": "you"}), ("Queued", {"state": "queued"}), ("Held", {"state": "held"}),
    ("Failed", {"state": "failed"}), ("Unknown", {"state": "unknown"}),
)  # fmt: skip

COLUMNS = QueryString(
    """d.id, d.kind, d.name, d.recipient, d.title, d.state, d.why, d.attempt, d.due_at, d.opened_at, d.clicked_at,
    d.subject_kind, d.subject_id, d.created_at, d.settled_at"""
)
LIST = "SELECT {} FROM delivery d WHERE d.organization = {} AND {} ORDER BY {} LIMIT {}"
ONE = """
    SELECT {}, d.payload, d.provider_id, o.from_address
    FROM delivery d JOIN organization o ON o.id = d.organization WHERE d.organization = {} AND d.id = {}"""
COUNT = "(SELECT count(*) FROM (SELECT 1 FROM delivery d WHERE d.organization = {} AND {} LIMIT {}) found)"
ATTEMPTS = """
    SELECT number, outcome, detail, at FROM delivery_attempt WHERE delivery = {} ORDER BY at DESC, id DESC LIMIT {}"""
ABOUT = """
    SELECT {} FROM delivery d WHERE d.organization = {} AND d.subject_kind = {} AND d.subject_id = {}
    AND d.kind = ANY({}) ORDER BY d.created_at DESC, d.id DESC LIMIT {}"""
TROUBLE = """
    SELECT state, count(*) AS count, min(created_at) AS oldest, max(id) AS id,
           (array_agg(name ORDER BY id DESC))[1] AS name, (array_agg(recipient ORDER BY id DESC))[1] AS recipient,
           (array_agg(why ORDER BY id DESC))[1] AS why, array_agg(DISTINCT kind) AS kinds
    FROM (SELECT id, state, created_at, name, recipient, why, kind FROM delivery
          WHERE organization = {} AND state = ANY({}) ORDER BY created_at DESC, id DESC LIMIT {}) trouble
    GROUP BY state"""


async def find_deliveries(organization: Organization, filters: Filters, now: datetime) -> Page:
    """One page, newest first. Coming back to a page that is not full any more gives the first one."""
    found = await rows(LIST, COLUMNS, organization.id, filters.page_where, filters.order_by, filters.of.size + 1)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find_deliveries(organization, filters.first_page(), now)
    return filters.page([shown(each, now) for each in found])


async def get_delivery(organization: Organization, id: int, now: datetime) -> dict[str, Any]:
    """One delivery with its payload and what was tried, or NotFound."""
    found = await row(ONE, COLUMNS, organization.id, id) if 0 < id < 2**63 else None
    if found is None:
        raise NotFound("There is no such delivery here.")
    found["payload"] = await writing.shown(organization.id, found["name"], found["payload"])
    return shown(found, now) | {"attempts": await rows(ATTEMPTS, id, 50)}


async def mails_of(organization: Organization, kind: str, id: int, now: datetime) -> list[dict[str, Any]]:
    """The mails about one thing, such as ("order", 7), newest first; those that will be sent included."""
    found = await rows(ABOUT, COLUMNS, organization.id, kind, id, ["mail"], 50)
    return [shown(each, now) for each in found]


async def counts(organization: Organization, filters: Filters) -> dict[str, int]:
    """How many rows each tab would show under the other filters, up to CAP + 1, in one statement."""
    several = [QueryString(COUNT, organization.id, tab.where, CAP + 1) for _, tab in _tabs(filters)]
    template = "SELECT ARRAY[" + ", ".join(["{}"] * len(several)) + "] AS counts"
    found = await row(template, *several)
    numbers = found["counts"] if found else []
    return {name: count for (name, _), count in zip(TABS, numbers, strict=True)}


def tabs(filters: Filters, base: str, known: dict[str, int] | None = None) -> list[tuple[str, str, str, bool]]:
    """For ui.tabs; without counts until they are known."""
    here = {(name, value) for name in ("needs", "state") for value in filters.chosen(name)}
    lines = []
    for (name, params), (_, tab) in zip(TABS, _tabs(filters), strict=True):
        query = tab.query()
        count = counted(known[name]) if known and (known[name] or not params) else ""
        lines.append((name, f"{base}?{query}" if query else base, count, here == set(params.items())))
    return lines


def _tabs(filters: Filters) -> list[tuple[str, Filters]]:
    """The other filters with each tab's own condition."""
    kept = tuple(each for each in filters.conditions if each.name not in ("needs", "state"))
    others = replace(filters, conditions=kept, cursor=None)
    return [(name, replace(others, conditions=(*kept, *_own(params)))) for name, params in TABS]


def _own(params: dict[str, str]) -> tuple[Any, ...]:
    asked = Asked(datetime.min.replace(tzinfo=UTC))  # the tabs' conditions ask for no time
    found = [each.read({name: [value] for name, value in params.items()}, asked) for each in OUTBOX.fields]
    return tuple(each for each in found if each)


async def export(organization: Organization, filters: Filters, now: datetime) -> AsyncIterator[list[dict[str, Any]]]:
    """All rows behind the filters, 500 at a time."""
    at = filters.first_page()
    while found := await rows(LIST, COLUMNS, organization.id, at.page_where, at.order_by, BATCH):
        yield [shown(each, now) for each in found]
        at = at.after(found[-1])


async def needs_person(organization: Organization) -> list[dict[str, Any]]:
    """What Today must say: one line for each of failed, unknown and held, with how many (up to CAP + 1), since when,
    and the newest one's name, recipient and reason: {kind: "delivery_failed", state, count, oldest, id, what, …}."""
    found = await rows(TROUBLE, organization.id, list(NEEDS_PERSON), CAP + 1)
    lines = [each | {"kind": f"delivery_{each['state']}", "what": what(each["name"])} for each in found]
    return sorted(lines, key=lambda line: NEEDS_PERSON.index(line["state"]))


def shown(delivery: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row with what the page says about it."""
    label, icon = KIND.get(delivery["kind"], (delivery["kind"], "send"))
    return delivery | {
        "what": what(delivery["name"]), "channel": label, "icon": icon, "next": next_try(delivery, now),
        "bad": delivery["state"] in ("failed", "unknown", "bounced"), "said": said(delivery, now),
        "stale": delivery["created_at"] < now - FRESH, "thing": THING.get(delivery["kind"], "message"),
        "risk": RISK.get(delivery["kind"], "Sending again could deliver it twice."),
    }  # fmt: skip


def next_try(delivery: dict[str, Any], now: datetime) -> str:
    """When it is tried next, as short as a column."""
    if delivery["state"] != "queued":
        return ""
    left = (delivery["due_at"] - now).total_seconds()
    if left <= 0:
        return "now"
    return f"in {int(left) + 1} s" if left < 60 else ago(delivery["due_at"], now)


def said(delivery: dict[str, Any], now: datetime) -> str:
    """Why it is as it is, and what is known of its reading."""
    facts = []
    if delivery["clicked_at"]:
        facts.append(f"Clicked {ago(delivery['clicked_at'], now)}.")
    elif delivery["opened_at"]:
        facts.append(f"Opened {ago(delivery['opened_at'], now)}.")
    return " ".join([*([delivery["why"]] if delivery["why"] else []), *facts])
