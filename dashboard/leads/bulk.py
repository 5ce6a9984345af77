"""The same done to many leads: owner, tags, stage, deletion. Each kind says which columns of a lead change, or why none
does; the rest is the batch's business."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.database import row, rows
from dashboard.errors import DashboardError, NotFound
from dashboard.formats import num
from dashboard.leads import many
from dashboard.leads.closing import into
from dashboard.leads.engine import Counts, Item, Running
from dashboard.leads.many import Facts
from dashboard.leads.stages import Step
from dashboard.lists import Filters

CHUNK = 1000
SMALL = 200  # so many are done while the person waits
TICKED = "SELECT l.id FROM lead l WHERE l.organization = {} AND l.id = ANY({}) AND l.id > {} ORDER BY l.id LIMIT {}"
MATCHING = """
    SELECT l.id FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id > {} AND l.id <= {} AND {} ORDER BY l.id LIMIT {}"""
COUNT = """
    SELECT count(*) AS total FROM lead l
    WHERE l.organization = {} AND l.deleted_at IS NULL AND l.id <= {} AND {}"""
LAST = "SELECT coalesce(max(id), 0) AS id FROM lead WHERE organization = {}"
SET_TOTAL = "UPDATE lead_batch SET total = {} WHERE id = {}"

Reading = Callable[[Organization, str, int, datetime], Awaitable[Filters]]  # a query string as this person means it
Plan = Callable[[Facts, dict[str, Any], datetime], Facts | str]


def assign(lead: Facts, params: dict[str, Any], now: datetime) -> Facts | str:
    return {"owner": params["owner"]} if lead["owner"] != params["owner"] else "Has this owner already"


def tag(lead: Facts, params: dict[str, Any], now: datetime) -> Facts | str:
    new = [id for id in params["tags"] if id not in lead["tags"]]
    return {"tags": lead["tags"] + new} if new else "Has the tag already"


def untag(lead: Facts, params: dict[str, Any], now: datetime) -> Facts | str:
    kept = [id for id in lead["tags"] if id not in params["tags"]]
    return {"tags": kept} if kept != lead["tags"] else "Did not have the tag"


def move(lead: Facts, params: dict[str, Any], now: datetime) -> Facts | str:
    if lead["stage"] == params["stage"]:
        return "Is in this stage already"
    step = Step(params["stage"], params["name"], params["kind"])
    return differing(lead, closed(lead, step, now, params.get("reason", "")))


def delete(lead: Facts, params: dict[str, Any], now: datetime) -> Facts | str:
    return {"deleted_at": now.isoformat()}


def closed(lead: Facts, step: Step, now: datetime, reason: str = "") -> Facts:
    """The columns of a lead that comes into a stage. Won is for what the deal was worth: of many, no more is known."""
    facts = into(lead, step, now)
    if step.kind == "won":
        facts |= {"won_at": now.isoformat(), "won_amount": lead["value"], "won_currency": lead["currency"]}
    elif step.kind == "lost":
        facts |= {"lost_at": now.isoformat(), "lost_reason": reason}
    return facts if step.kind == "open" else facts | {"remind_at": None, "remind": None}


def differing(lead: Facts, facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if lead[name] != value}


# kind → (what changes, verb and title on the timeline)
KINDS: dict[str, tuple[Plan, str, str]] = {
    "assign": (assign, "assigned", "gave the lead to {name}"),
    "tag": (tag, "tagged", "changed the tags"),
    "untag": (untag, "tagged", "changed the tags"),
    "stage": (move, "moved", "moved the lead to {name}"),
    "delete": (delete, "deleted", "deleted the lead"),
}


class Bulk:
    """A batch of one of the KINDS."""

    def __init__(self, running: Running, filters: Filters | None) -> None:
        self.running, self.filters = running, filters
        self.organization = running.organization
        self.plan, self.verb, title = KINDS[running.kind]
        self.title = title.format_map({"name": running.params.get("name", "")})

    async def following(self, position: int) -> Sequence[Item]:
        return await next_leads(self.running, self.filters, position)

    async def write(self, items: Sequence[Item]) -> Counts:
        leads = await many.lock(self.organization, [id for id, _ in items])
        lines, changes, same = many.Lines(self.organization, self.running.id), {}, 0
        for id, _ in items:
            lead = leads.get(id)
            if lead is None or lead["deleted_at"]:
                lines.add("failed", lead=id, reason="Was deleted in the meantime")
                continue
            planned = self.plan(lead, self.running.params, self.running.created_at)
            if isinstance(planned, str):
                same += 1
                continue
            changes[id] = planned
            lines.add("updated", lead=id, before=many.before(lead, planned), after=planned)
        await many.update(self.organization, changes)
        await lines.write()
        await activity.record_everywhere(
            self.organization, "lead", list(changes), self.verb, self.title, by=self.running.by,
            detail=self.running.params.get("detail", ""), data={"lead_batch": self.running.id},
        )  # fmt: skip
        return lines.counts() | ({"skipped": same} if same else {})

    async def spoilt(self, item: Item) -> Counts:
        lines = many.Lines(self.organization, self.running.id)
        lines.add("failed", lead=item[0], reason="Could not be changed. The reason is in the log of the application")
        await lines.write()
        return lines.counts()

    async def finish(self) -> None:
        """Nothing is left to do."""


async def open_bulk(running: Running, read: Reading) -> Bulk:
    """The batch, with its filters as they were meant when it was started."""
    return Bulk(running, await meant(running, read))


async def meant(running: Running, read: Reading) -> Filters | None:
    """The filters a batch was started with; None where leads were ticked. Counts those it is for, the first time."""
    if "ids" in running.params:
        return None
    me = running.by.id if running.by else 0
    filters = await read(running.organization, running.query, me, running.created_at)
    if filters.misunderstood:
        raise DashboardError(f"Not understood any more: {', '.join(filters.misunderstood)}. Nothing more was changed.")
    if not running.total:
        found = await row(COUNT, running.organization.id, running.params["until"], filters.where)
        running.total = found["total"] if found else 0
        await rows(SET_TOTAL, running.total, running.id)
    return filters


async def next_leads(running: Running, filters: Filters | None, position: int) -> Sequence[Item]:
    """The next leads of a batch, a chunk full."""
    params, organization = running.params, running.organization.id
    if filters is None:
        found = await rows(TICKED, organization, params["ids"], position, CHUNK)
    else:
        found = await rows(MATCHING, organization, position, params["until"], filters.where, CHUNK)
    return [(each["id"], None) for each in found]


async def ticked(organization: Organization, ids: list[int]) -> list[int]:
    """Leads by id, NotFound when one of them is not this organization's."""
    found = await rows(TICKED, organization.id, ids, 0, len(ids))
    if len(found) != len(set(ids)):
        raise NotFound("One of these leads does not exist. Nothing was changed.")
    return [each["id"] for each in found]


async def first_matching(organization: Organization, filters: Filters) -> tuple[list[int], int]:
    """The first leads behind the filters, one more than are SMALL, and the last id there is; later ones are not
    meant."""
    last = await row(LAST, organization.id)
    until = last["id"] if last else 0
    found = await rows(MATCHING, organization.id, 0, until, filters.where, SMALL + 1)
    return [each["id"] for each in found], until


def leads(number: int) -> str:
    return f"{num(number)} lead{'' if number == 1 else 's'}"
