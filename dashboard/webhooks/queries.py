"""What the Events pages show."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dashboard.accounts.tables import Organization
from dashboard.database import row, rows
from dashboard.errors import NotFound
from dashboard.formats import ago, num
from dashboard.lists import CAP, Choice, Choices, Filters, List, Page, Sort, counted

EVENTS = List(
    page="events",
    fields=(
        Choices(
            "state", "State", "e.state = ANY({})",
            (
                Choice("failed", "Failed", "e.state = 'failed'"),
                Choice("waiting", "Waiting", "e.state IN ('waiting', 'processing')"),
                Choice("ignored", "Ignored", "e.state = 'ignored'"),
                Choice("handled", "Handled", "e.state = 'handled'"),
            ),
        ),
    ),
    sorts={"received": Sort("e.received_at", "received_at", "time")},
    id_column="e.id",
)  # fmt: skip
TABS = (("", "All"), ("failed", "Failed"), ("waiting", "Waiting"), ("ignored", "Ignored"))

LIST = """
    SELECT e.id, e.sender, e.kind, e.state, e.repeats, e.attempt, e.received_at, e.due_at, e.result, e.error
    FROM inbound_event e WHERE e.organization = {} AND {} ORDER BY {} LIMIT {}"""

ONE = """
    SELECT id, sender, external_id, kind, body, state, livemode, repeats, attempt, received_at, due_at, settled_at,
           result, error, attempts
    FROM inbound_event WHERE organization = {} AND id = {}"""

COUNTS = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM inbound_event WHERE organization = {} LIMIT {}) x) AS every,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_event WHERE organization = {} AND state = 'failed' LIMIT {}) x)
               AS failed,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_event
                WHERE organization = {} AND state IN ('waiting', 'processing') LIMIT {}) x) AS waiting,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_event WHERE organization = {} AND state = 'ignored' LIMIT {}) x)
               AS ignored"""

REFUSED = """
    SELECT sender, reason, hour, count FROM refused_count
    WHERE organization = {} AND hour > {} ORDER BY hour DESC, count DESC LIMIT {}"""

REFUSED_SHOWN = 3


REASONS = {
    "signature did not match": "signature did not match",
    "no signature": "no signature",
    "too old": "signature too old",
    "in the future": "signature from the future",
    "not JSON": "not JSON",
    "not an event": "not an event",
    "thin event": "a thin event; the endpoint must send whole ones",
    "wrong mode": "test and live mode mixed up",
}


class Refused(NamedTuple):
    """Requests that proved nothing in the last 24 hours: the newest lines, and how many requests the others are."""

    lines: list[str]
    more: int


async def find_events(organization: Organization, filters: Filters, now: datetime) -> Page:
    """One page, newest first. Coming back to a page that is not full any more gives the first one."""
    found = await rows(LIST, organization.id, filters.page_where, filters.order_by, filters.of.size + 1)
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find_events(organization, filters.first_page(), now)
    return filters.page([event | {"said": said(event, now)} for event in found])


async def get_event(organization: Organization, id: int) -> dict[str, Any]:
    """One event with its body, or NotFound."""
    found = await row(ONE, organization.id, id) if 0 < id < 2**63 else None
    if found is None:
        raise NotFound()
    return found


async def counts(organization: Organization) -> dict[str, int]:
    """By tab, each exact up to the cap."""
    [found] = await rows(COUNTS, *[organization.id, CAP + 1] * 4)
    return {"": found.pop("every"), **found}


async def refused(organization: Organization, now: datetime) -> Refused:
    """In words, newest hour first."""
    found = await rows(REFUSED, organization.id, now - timedelta(hours=24), 200)
    zone = ZoneInfo(organization.time_zone)
    lines = []
    for line in found[:REFUSED_SHOWN]:
        start = line["hour"].astimezone(zone)
        between = f"between {start:%H:%M} and {start + timedelta(hours=1):%H:%M}"
        yesterday = " yesterday" if start.date() < now.astimezone(zone).date() else ""
        lines.append(
            f"Refused at /webhooks/{line['sender']}/{organization.slug}, not stored: {num(line['count'])} {between}"
            f"{yesterday}, {REASONS.get(line['reason'], line['reason'])}."
        )
    return Refused(lines, sum(line["count"] for line in found[REFUSED_SHOWN:]))


def said(event: dict[str, Any], now: datetime) -> str:
    """What came of an event so far, in words."""
    match event["state"]:
        case "failed":
            words = event["error"]
        case "processing":
            words = "Being handled."
        case "waiting" if event["attempt"]:
            words = (
                f"{event['error']} Next try {ago(event['due_at'], now)}." if event["due_at"] > now else event["error"]
            )
        case "waiting":
            words = "Next in line."
        case _:
            words = event["result"]
    times = event["repeats"] + 1
    return f"{words} Received {num(times)} times." if times > 1 else words


def tabs(state: str, base: str, known: dict[str, int] | None) -> list[tuple[str, str, str, bool]]:
    """For ui.tabs; without counts until they are known."""
    return [
        (label, f"{base}?state={key}" if key else base, counted(known[key]) if known else "", key == state)
        for key, label in TABS
    ]
