"""The leads by stage: lanes of cards, newest in their stage first, and what each lane holds in every currency."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from piccolo.querystring import QueryString

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.leads.stages import Step

CARDS, MOST = 20, 200
LATELY = timedelta(days=30)  # how long a deal that has ended stays on the board
SINCE = "coalesce(l.stage_at, l.created_at)"
FAR = datetime(9999, 1, 1, tzinfo=UTC)

LANES = f"""
    SELECT s.key AS lane, c.*
    FROM unnest({{}}::text[], {{}}::timestamptz[], {{}}::timestamptz[], {{}}::bigint[], {{}}::int[])
        WITH ORDINALITY AS s(key, since, before, before_id, most, nr)
    CROSS JOIN LATERAL (
        SELECT l.id, l.name, l.company, l.email, l.phone, l.value, l.currency, l.won_amount, l.won_currency, l.won_at,
               l.score, l.tags, l.last_contact_at, {SINCE} AS at
        FROM lead l WHERE l.organization = {{}} AND l.stage = s.key AND l.deleted_at IS NULL AND {SINCE} >= s.since
            AND ({SINCE}, l.id) < (s.before, s.before_id) AND {{}}
        ORDER BY {SINCE} DESC, l.id DESC LIMIT s.most) c
    ORDER BY s.nr, c.at DESC, c.id DESC"""  # noqa: S608 – our own words
TOTALS = f"""
    SELECT l.stage, l.currency, count(*) AS leads, sum(l.value)::bigint AS value FROM lead l
    WHERE l.organization = {{}} AND l.stage = ANY({{}}) AND l.deleted_at IS NULL AND {{}} GROUP BY l.stage, l.currency
    UNION ALL
    SELECT l.stage, CASE WHEN l.won_at IS NULL THEN l.currency ELSE l.won_currency END, count(*),
           sum(CASE WHEN l.won_at IS NULL THEN l.value ELSE l.won_amount END)::bigint FROM lead l
    WHERE l.organization = {{}} AND l.stage = ANY({{}}) AND l.deleted_at IS NULL AND {SINCE} >= {{}} AND {{}}
    GROUP BY 1, 2"""  # noqa: S608


class Place(NamedTuple):
    """The card a stretch of a lane begins after, or ends with."""

    at: datetime
    id: int


FIRST = Place(FAR, 0)


@dataclass(frozen=True)
class Lane:
    """One stage with a stretch of its cards. `following` is the cursor of the next ones, `reached` of those shown."""

    step: Step
    cards: list[dict[str, Any]]
    following: str = ""
    reached: str = ""


@dataclass
class Total:
    """What a lane holds: how many leads, and the sum in each currency; currencies are never added."""

    leads: int = 0
    sums: list[tuple[str, int]] = field(default_factory=list)


async def lanes(
    organization: Organization, steps: Sequence[Step], where: QueryString, now: datetime, *, after: str = "",
    until: dict[str, str] | None = None,
) -> list[Lane]:  # fmt: skip
    """A stretch of each lane, in one statement. `after` is a cursor, for one lane's next stretch; `until` has cursors
    by stage, down to which lanes were unrolled."""
    before = read(after) or FIRST
    down = {step.key: read((until or {}).get(step.key, "")) for step in steps}
    sizes = [(MOST if down[step.key] else CARDS) + 1 for step in steps]
    found = await rows(
        LANES, [step.key for step in steps], [_oldest(step, now) for step in steps], [before.at] * len(steps),
        [before.id] * len(steps), sizes, organization.id, where,
    )  # fmt: skip
    return [_lane(step, [card for card in found if card["lane"] == step.key], down[step.key], after) for step in steps]


def _lane(step: Step, found: list[dict[str, Any]], until: Place | None, after: str) -> Lane:
    size = MOST if until else CARDS
    kept = [card for card in found[:size] if until is None or (card["at"], card["id"]) >= until]
    for card in kept:
        card["who"] = card["name"] or card["company"] or card["email"] or card["phone"] or "Nameless lead"
    last = write(kept[-1]) if kept else ""
    more = len(found) > len(kept)
    return Lane(step, kept, last if more else "", last if after or until else "")


def _oldest(step: Step, now: datetime) -> datetime:
    return datetime(1, 1, 2, tzinfo=UTC) if step.kind == "open" else now - LATELY


async def totals(
    organization: Organization, steps: Sequence[Step], where: QueryString, now: datetime
) -> dict[str, Total]:
    """What each lane holds, by stage."""
    still, ended = ([step.key for step in steps if (step.kind == "open") == wanted] for wanted in (True, False))
    found = await rows(TOTALS, organization.id, still, where, organization.id, ended, now - LATELY, where)
    result = {step.key: Total() for step in steps}
    for line in sorted(found, key=lambda line: line["currency"]):
        total = result[line["stage"]]
        total.leads += line["leads"]
        if line["value"]:
            total.sums.append((line["currency"], line["value"]))
    return result


def write(card: dict[str, Any]) -> str:
    packed = json.dumps([card["at"].isoformat(), card["id"]], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read(text: str) -> Place | None:
    """The place a cursor names; None for none, and for one that is none of ours."""
    try:
        at, id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) if text else ("", 0)
        found = Place(datetime.fromisoformat(at), int(id))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return found if found.at.tzinfo is not None and 0 < found.id < 2**63 else None
