"""One round over all campaigns: people come in, mails become due and go into the out-tray, outcomes come back. Every
part finds what is to do by a query, so a crash, or a second process, changes nothing."""

import asyncio
import logging
import time
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns import beginning, launching
from dashboard.campaigns.engine import enrolling, queueing, results, stopping, trials, watching
from dashboard.campaigns.engine.queueing import LOCK
from dashboard.database import row, rows, transaction, translate

log = logging.getLogger(__name__)
AT_WORK = """
    SELECT c.*, FALSE AS over FROM campaign c WHERE c.state IN ('scheduled', 'running')
    UNION ALL SELECT c.*, TRUE FROM campaign c WHERE c.state NOT IN ('scheduled', 'running') AND (
        c.id IN (SELECT DISTINCT campaign FROM campaign_send WHERE state = 'queued')
        OR c.state = 'stopped' AND (
            EXISTS (SELECT FROM campaign_send s WHERE s.campaign = c.id AND s.state IN ('waiting', 'due'))
            OR EXISTS (SELECT FROM enrollment e WHERE e.campaign = c.id AND e.state = 'active'))
        OR c.id IN (SELECT subject_id FROM mail_batch WHERE subject_kind = 'campaign' AND state IN ('waiting', 'paused')
                    AND c.state IN ('stopped', 'done')))
    ORDER BY id"""
STEPS = "SELECT id, position, day, version, condition FROM campaign_step WHERE campaign = {} ORDER BY position, id"
SWEEP_EVERY, WELCOME_EVERY, DECIDED_EVERY = 2.0, 5.0, 60.0  # seconds
LIVELY, PACE = 3.0, 0.1  # while mails move, outcomes are looked for without waiting for the next sweep


class Rounds:
    """What this process remembers from round to round: only when it did what, nothing that must not be lost."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int], float] = {}
        self._moved = 0.0

    async def step(self, now: datetime) -> bool:
        """One round; whether there may be more to do at once."""
        moved = await self.round(now)
        if moved:
            self._moved = time.monotonic()
            return True
        if time.monotonic() - self._moved < LIVELY:
            await asyncio.sleep(PACE)
            return True
        return False

    async def round(self, now: datetime) -> int:
        """How many rows moved. A campaign in trouble does not keep the others back."""
        moved = 0
        for campaign in await rows(AT_WORK):
            try:
                moved += await self._one(campaign, now)
            except Exception as problem:
                if translate(problem) is not None:
                    raise
                log.exception("campaign %s: a round failed", campaign["id"])
        if self._turn("decided", 0, DECIDED_EVERY):
            for each in await rows(results.WITH_SENDS):
                await results.pull_decided(each["campaign"])
        return moved

    async def _one(self, campaign: dict[str, Any], now: datetime) -> int:
        organization = await Organization.objects().get(Organization.id == campaign["organization"])
        assert organization is not None
        if campaign["over"]:
            return await _see_off(campaign, organization, now)
        if campaign["state"] == "scheduled":
            return int(await beginning.begin(campaign, organization, now))
        steps = await rows(STEPS, campaign["id"])
        if not steps:
            return 0
        how = stopping.rules(campaign, steps)
        moved = await self._people(campaign, organization, now)
        moved += await results.pull(campaign["id"], organization, now)
        if await watching.pause_where_needed(campaign, organization, now):
            return moved + 1
        moved += int(await trials.decide(campaign, organization, steps[0]["id"], now))
        moved += await stopping.stop_due(campaign, organization, how, queueing.AT_ONCE, now)
        moved += await queueing.queue(campaign["id"], organization, steps, how, now)
        if self._turn("sweep", campaign["id"], SWEEP_EVERY):
            await stopping.sweep(campaign, organization, how, now)
        return moved + int(not moved and await watching.finish(campaign, organization, now))

    async def _people(self, campaign: dict[str, Any], organization: Organization, now: datetime) -> int:
        """Those who come in now."""
        filling = campaign["filled_at"] is None
        if not filling and not (campaign["enrols"] and self._turn("welcome", campaign["id"], WELCOME_EVERY)):
            return 0
        async with transaction():
            current = await row(LOCK, campaign["id"], f"campaign:{campaign['id']}")
            if current is None or (filling and current["filled_at"] is not None):
                return 0
            if filling:
                return await enrolling.fill(current, organization, now)
            return await enrolling.welcome(current, organization, now)

    def _turn(self, what: str, campaign: int, every: float) -> bool:
        last = self._last.get((what, campaign))
        if last is not None and time.monotonic() - last < every:
            return False
        self._last[what, campaign] = time.monotonic()
        return True


async def _see_off(campaign: dict[str, Any], organization: Organization, now: datetime) -> int:
    """Of a campaign that does not run: what was on its way comes back, and nothing new leaves."""
    ended = 0
    async with transaction():
        locked = await row(
            "SELECT state FROM campaign WHERE id = {} AND pg_try_advisory_xact_lock(hashtextextended({}, 0))",
            campaign["id"], f"campaign:{campaign['id']}",
        )  # fmt: skip
        if locked and locked["state"] == "paused":
            await launching.take_back(campaign["id"], organization.id, now)
        elif locked and locked["state"] in ("stopped", "done"):
            ended = await launching.give_up(campaign["id"], organization.id, now)
    return ended + await results.pull(campaign["id"], organization, now)
