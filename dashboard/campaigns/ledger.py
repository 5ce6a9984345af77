"""The ledger of a campaign: one row for each recipient and step, with one state and one reason. All of it is read along
indexes that begin with the organization and the campaign, so that the millionth row costs what the first one does."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard import lists
from dashboard.accounts.tables import Organization
from dashboard.campaigns.leaving import SHORT
from dashboard.campaigns.tables import SendState
from dashboard.database import row, rows
from dashboard.labels import STATUS
from dashboard.lists import CAP, Asked, Choice, Choices, Condition, Filters, Page, Sort
from dashboard.lists.fields import LONGEST_TEXT, SEARCHED
from dashboard.lists.values import Given, single

MOST_PEOPLE = 2000  # whom a search looks at; who types two letters is not after one person
BATCH = 500
NEWEST = 2000  # rows whose reasons are counted; how many there are in all says the kept count of their state
STATES = tuple(Choice(state.value, STATUS["send"][state][0]) for state in SendState)
DID = (
    Choice("clicked", "Clicked", "s.clicked_at IS NOT NULL"),
    Choice("replied", "Replied", "s.replied_at IS NOT NULL"),
    Choice("unsubscribed", "Unsubscribed", "s.unsubscribed_at IS NOT NULL"),
    Choice("opened", "Opened, perhaps by a machine", "s.opened_at IS NOT NULL"),
)
OF_VARIANT = "EXISTS (SELECT FROM enrollment e WHERE e.id = s.enrollment AND e.variant = '{}')"
# Somebody who stopped, once: by the last of their rows, whatever state it is in. It may have left before they stopped.
STOPPED = """(EXISTS (SELECT FROM enrollment e WHERE e.id = s.enrollment AND e.campaign = s.campaign
        AND e.state = 'stopped' AND {}) AND NOT EXISTS (
        SELECT FROM campaign_send o WHERE o.enrollment = s.enrollment AND o.id > s.id))"""
UNKNOWN = "unknown"
WHY = (
    *(Choice(key, name, STOPPED.format(f"e.reason = '{key}'")) for key, name in SHORT.items()),
    Choice(UNKNOWN, "Not known", STOPPED.format(f"e.reason NOT IN {tuple(SHORT)}")),
)
SUBJECTS = tuple(Choice(each, f"Subject {each.upper()}", OF_VARIANT.format(each)) for each in "ab")
COLUMNS = """s.id, s.lead, s.step, s.state, s.reason, s.due_at, s.settled_at, s.delivery, s.opened_at, s.clicked_at,
    s.replied_at, s.unsubscribed_at"""
PAGE = f"""
    SELECT s.*, l.name, l.email, l.company, l.deleted_at
    FROM (SELECT {COLUMNS} FROM campaign_send s WHERE s.organization = {{}} AND s.campaign = {{}} AND {{}}
          ORDER BY {{}} LIMIT {{}}) s
    JOIN lead l ON l.id = s.lead ORDER BY {{}}"""  # noqa: S608 – made of names in this file
COUNT = """
    SELECT count(*) AS count FROM (SELECT 1 FROM campaign_send s WHERE s.organization = {} AND s.campaign = {} AND {}
                                   LIMIT {}) found"""
REASONS = """
    SELECT state, reason, count(*) AS count, max(id) AS last
    FROM (SELECT id, state, reason FROM campaign_send WHERE organization = {} AND campaign = {} AND state = ANY({})
          AND reason <> '' ORDER BY id DESC LIMIT {}) newest
    GROUP BY state, reason ORDER BY count(*) DESC, reason LIMIT {}"""


@dataclass(frozen=True)
class OneOrMore(Choices):
    """A single value is compared by `=`: only then the index gives the rows in their order."""

    def read(self, given: Given, asked: Asked) -> Condition | None:
        found = super().read(given, asked)
        if found is None or len(found.params) != 1 or not found.values:
            return found
        return replace(found, sql=self.sql.replace("ANY({})", "{}"), values=(found.params[0][1],))


@dataclass(frozen=True)
class Steps(OneOrMore):
    """Steps of this campaign, by id."""

    def read(self, given: Given, asked: Asked) -> Condition | None:
        found = super().read(given, asked)
        if found is None:
            return None
        value = found.values[0]
        return replace(found, values=([int(each) for each in value] if isinstance(value, list) else int(value),))


@dataclass(frozen=True)
class Reason:
    """One reason, word for word."""

    name: str = "reason"
    label: str = "Reason"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        text = single(given, self.name)
        if not text:
            return None
        if len(text) > LONGEST_TEXT:
            raise ValueError(self.name)
        sql = "s.reason = {} AND s.reason <> ''"
        return Condition(self.name, self.label, "is", (text,), ((self.name, text),), sql, (text,))


@dataclass(frozen=True)
class Person:
    """Recipients whose name, company or address has every word that was typed."""

    name: str = "q"
    label: str = "Search"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    def read(self, given: Given, asked: Asked) -> Condition | None:
        typed = single(given, self.name)
        words = typed.split()[:8]
        if not words:
            return None
        if len(typed) > LONGEST_TEXT:
            raise ValueError(self.name)
        every = " AND ".join(["l.search LIKE public.containing({})"] * len(words))
        people = "SELECT l.id FROM lead l WHERE l.organization = {} AND l.deleted_at IS NULL AND " + every  # noqa: S608
        sql = f"s.lead = ANY(ARRAY({people} LIMIT {{}}))"
        values = (asked.organization, *words, MOST_PEOPLE)
        return Condition(self.name, self.label, SEARCHED, (typed,), ((self.name, typed),), sql, values)


def of(steps: Sequence[dict[str, Any]]) -> lists.List:
    """The list of one campaign, which has these steps."""
    days = tuple(Choice(str(step["id"]), step["label"]) for step in steps)
    return lists.List(
        page="ledger",
        fields=(
            Person(),
            OneOrMore("state", "State", "s.state = ANY({})", STATES),
            Steps("step", "Step", "s.step = ANY({})", days),
            Choices("did", "What happened", "", DID),
            Choices("why", "Why they stopped", "", WHY),
            Choices("subject", "Subject", "", SUBJECTS),
            Reason(),
        ),
        sorts={"row": Sort("s.id", "id", "number")},
        id_column="s.id",
    )


async def find(organization: Organization, campaign: int, filters: Filters, size: int = 0) -> Page:
    """One page, the newest row first; `size` rows of it where only the beginning is shown."""
    limit = size or filters.of.size + 1
    found = await rows(
        PAGE, organization.id, campaign, filters.page_where, filters.order_by, limit, filters.order_by
    )  # fmt: skip
    if filters.cursor and filters.cursor.before and len(found) < filters.of.size:
        return await find(organization, campaign, filters.first_page())
    return filters.page(found)


async def count(organization: Organization, campaign: int, filters: Filters) -> int:
    """How many rows the filters find, up to CAP + 1."""
    found = await row(COUNT, organization.id, campaign, filters.where, CAP + 1)
    return found["count"] if found else 0


async def export(organization: Organization, campaign: int, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """All rows behind the filters, 500 at a time."""
    at = filters.first_page()
    while found := await rows(
        PAGE, organization.id, campaign, at.page_where, at.order_by, BATCH, at.order_by
    ):  # fmt: skip
        yield found
        at = at.after(found[-1])


async def reasons(
    organization: Organization, campaign: int, states: Sequence[str], most: int = 20
) -> list[dict[str, Any]]:
    """Why rows in these states are in them, counted among the NEWEST of them: state, reason, count, the most frequent
    first, at most so many."""
    return await rows(REASONS, organization.id, campaign, list(states), NEWEST, most)


def what_counts(filters: Filters) -> tuple[str, ...] | None:
    """The state and step a kept count answers for: ("", "") for all rows. None where rows must be counted."""
    if any(each.name not in ("state", "step") for each in filters.conditions):
        return None
    chosen = [filters.chosen(name) for name in ("state", "step")]
    return None if any(len(each) > 1 for each in chosen) else tuple("".join(each) for each in chosen)
