"""Many leads taken into a campaign that runs, as a batch with an outcome per lead, and the way back."""

from collections.abc import Sequence
from typing import Any

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import leaving
from dashboard.campaigns.engine import enrolling
from dashboard.database import row, rows
from dashboard.errors import DashboardError
from dashboard.leads import bulk, many
from dashboard.leads.bulk import Reading
from dashboard.leads.engine import Counts, Item, Running
from dashboard.lists import Filters

KIND, CHUNK = "campaign", 1000
OPEN = """
    SELECT id, name, state FROM campaign
    WHERE organization = {} AND kind = 'sequence' AND state IN ('running', 'paused')
    ORDER BY lower(name), id LIMIT 200"""
ONE = "SELECT id, name, state FROM campaign WHERE organization = {} AND id = {} AND state IN ('running', 'paused')"
THERE = "SELECT lead FROM enrollment WHERE campaign = {} AND lead = ANY({})"
LINES = "SELECT id, lead FROM lead_batch_line WHERE batch = {} AND id > {} AND outcome = 'updated' ORDER BY id LIMIT {}"
# People first, then their mails, in the order in which everybody else locks them.
PEOPLE = """
    SELECT id, lead, state FROM enrollment WHERE organization = {} AND campaign = {} AND lead = ANY({})
    ORDER BY id FOR UPDATE"""
MAILS = "SELECT enrollment, state FROM campaign_send WHERE enrollment = ANY({}) ORDER BY id FOR UPDATE"
REMOVE = "DELETE FROM enrollment WHERE id = ANY({})"
KEEP = "UPDATE lead_batch_line SET outcome = 'kept', reason = {} WHERE batch = {} AND lead = ANY({})"
FORGET = """
    DELETE FROM activity WHERE organization = {} AND subject_kind = 'lead' AND subject_id = ANY({})
        AND data -> 'lead_batch' = {}::text::jsonb"""
MAILED = "A mail had left already. Nothing more follows"


async def campaigns(organization: Organization) -> list[dict[str, Any]]:
    """The sequences that take people in by hand: those that run or are paused."""
    return await rows(OPEN, organization.id)


async def campaign(organization: Organization, id: int) -> dict[str, Any] | None:
    return await row(ONE, organization.id, id)


class Adding:
    """Each lead once; who is in it already, or has no address, is left out."""

    def __init__(self, running: Running, filters: Filters | None) -> None:
        self.running, self.filters, self.organization = running, filters, running.organization

    async def following(self, position: int) -> Sequence[Item]:
        return await bulk.next_leads(self.running, self.filters, position)

    async def write(self, items: Sequence[Item]) -> Counts:
        id, name = self.running.params["campaign"], self.running.params["name"]
        if await campaign(self.organization, id) is None:
            raise DashboardError(f"“{name}” does not run any more. Nobody else was added.")
        leads = await many.lock(self.organization, [lead for lead, _ in items])
        there = {each["lead"] for each in await rows(THERE, id, list(leads))}
        lines, new, same = many.Lines(self.organization, self.running.id), [], 0
        for lead, _ in items:
            facts = leads.get(lead)
            if facts is None or facts["deleted_at"]:
                lines.add("failed", lead=lead, reason="Was deleted in the meantime")
            elif not facts["email_normalized"]:
                lines.add("failed", lead=lead, reason="Has no address to write to")
            elif lead in there:
                same += 1
            else:
                new.append(lead)
                lines.add("updated", lead=lead, before={}, after={})
        await enrolling.enroll(self.organization, id, new, clock.now())
        await lines.write()
        await activity.record_everywhere(
            self.organization, "lead", new, "campaign_added", f"added the lead to “{name}”", by=self.running.by,
            data={"lead_batch": self.running.id},
        )  # fmt: skip
        return lines.counts() | ({"skipped": same} if same else {})

    async def spoilt(self, item: Item) -> Counts:
        lines = many.Lines(self.organization, self.running.id)
        lines.add("failed", lead=item[0], reason="Could not be added. The reason is in the log of the application")
        await lines.write()
        return lines.counts()

    async def finish(self) -> None:
        """Nothing is left to do."""


async def open_adding(running: Running, read: Reading) -> Adding:
    return Adding(running, await bulk.meant(running, read))


class Removing:
    """The way back: who got nothing yet was never in it; for whoever got a mail nothing more follows."""

    def __init__(self, running: Running) -> None:
        self.running, self.organization = running, running.organization

    async def following(self, position: int) -> Sequence[Item]:
        return [(each["id"], each["lead"]) for each in await rows(LINES, self.running.id, position, CHUNK)]

    async def write(self, items: Sequence[Item]) -> Counts:
        leads, id = [lead for _, lead in items], self.running.params["campaign"]
        people = await rows(PEOPLE, self.organization.id, id, leads)
        mails = await rows(MAILS, [each["id"] for each in people])
        touched = {each["enrollment"] for each in mails if each["state"] not in ("waiting", "due")}
        fresh = [each for each in people if each["state"] == "active" and each["id"] not in touched]
        await rows(REMOVE, [each["id"] for each in fresh])
        rest = [each["id"] for each in people if each["id"] in touched and each["state"] == "active"]
        await leaving.stop(self.organization, rest, leaving.BY_HAND, clock.now())
        back = [each["lead"] for each in fresh]
        kept = [lead for lead in leads if lead not in set(back)]
        await rows(FORGET, self.organization.id, back, str(self.running.id))
        await rows(KEEP, MAILED, self.running.id, kept)
        await activity.changed(self.organization, "campaigns")
        return {"restored": len(back), "kept": len(kept)}

    async def spoilt(self, item: Item) -> Counts:
        await rows(KEEP, "Could not be taken back. The reason is in the log of the application", self.running.id,
                   [item[1]])  # fmt: skip
        return {"kept": 1}

    async def finish(self) -> None:
        """Nothing is left to do."""
