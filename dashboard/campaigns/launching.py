"""Launching, pausing, going on and stopping. Each is one transaction that no other one of the same campaign and no
queueing runs beside; repeating it changes nothing."""

from datetime import datetime

from dashboard.accounts.ownership import organization_id
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization, User
from dashboard.activity import actions as activity
from dashboard.campaigns import rendering
from dashboard.campaigns.engine import mails
from dashboard.campaigns.engine.results import PAUSED
from dashboard.campaigns.tables import Campaign
from dashboard.database import row, rows, serialize, transaction
from dashboard.deliveries import actions as deliveries
from dashboard.deliveries import withdrawing
from dashboard.errors import Conflict

SUBJECT = "campaign"
STOPPED = "The campaign was stopped"
MEANWHILE = "The campaign was changed meanwhile. Look at it again first. Nothing was launched."
PART = 5_000
VERSIONS = """
    UPDATE campaign_step s SET version = v.id FROM mail_template t JOIN mail_template_version v
    ON v.template = t.id AND v.number = t.version WHERE s.campaign = {} AND t.id = s.template
    AND t.organization = s.organization AND ({} OR s.version IS NULL)"""
INCOMPLETE = "SELECT count(*) AS n, count(version) AS written FROM campaign_step WHERE campaign = {}"
USED = "SELECT DISTINCT version FROM campaign_step WHERE campaign = {}"
LINK = """
    INSERT INTO campaign_link (organization, campaign, url, created_at)
    SELECT {}, {}, url, {} FROM unnest({}::text[]) url
    ON CONFLICT (campaign, md5(url)) DO NOTHING"""
BEGIN = """
    UPDATE campaign SET state = {}, why = '', launched_at = CASE WHEN {} THEN {}::timestamptz END, launched_by = {},
        watched_from = {}, filled_through = 0, filled_at = NULL
    WHERE id = {} AND state = {} AND revision = {} RETURNING id"""
PAUSE = "UPDATE campaign SET state = 'paused', why = {} WHERE id = {} AND state = 'running' RETURNING id"
RESUME = """
    UPDATE campaign SET state = 'running', why = '', watched_from = {} WHERE id = {} AND state = 'paused'
    RETURNING id"""
STOP = """
    UPDATE campaign SET state = 'stopped', why = {}, finished_at = {} WHERE id = {}
    AND state IN ('scheduled', 'running', 'paused') RETURNING id"""
UNSCHEDULE = "UPDATE campaign SET state = 'draft', why = '' WHERE id = {} AND state = 'scheduled' RETURNING id"
LOCK_QUEUED = "SELECT id FROM campaign_send WHERE campaign = {} AND state = 'queued' ORDER BY id FOR UPDATE"
BACK = """
    UPDATE campaign_send s SET state = 'due', queued_at = NULL, settled_at = NULL, reason = '' FROM delivery d
    WHERE s.campaign = {} AND s.state = 'queued' AND d.id = s.delivery AND d.state = 'cancelled' AND d.why = {}"""
GIVE_UP = """
    UPDATE campaign_send SET state = 'stopped', reason = {}, settled_at = {} WHERE id IN (
        SELECT id FROM campaign_send WHERE campaign = {} AND state IN ('waiting', 'due') LIMIT {}) RETURNING id"""
COPY = """
    UPDATE campaign_send s SET state = CASE d.state WHEN 'cancelled' THEN 'stopped' ELSE d.state END,
        reason = left(d.why, 200), settled_at = d.settled_at FROM delivery d
    WHERE s.campaign = {} AND s.state = 'queued' AND d.id = s.delivery
    AND d.state NOT IN ('queued', 'held', 'sending')"""
END_PEOPLE = """
    UPDATE enrollment SET state = 'stopped', reason = 'campaign', ended_at = {} WHERE id IN (
        SELECT id FROM enrollment WHERE campaign = {} AND state = 'active' LIMIT {}) RETURNING id"""
AGAIN = """
    UPDATE campaign_send SET state = 'due', reason = '', settled_at = NULL, queued_at = NULL, due_at = {}
    WHERE campaign = {} AND state = 'failed' RETURNING enrollment"""
BACK_IN = "UPDATE enrollment SET state = 'active', ended_at = NULL WHERE id = ANY({}) AND state = 'finished'"
GO_ON = """
    UPDATE campaign SET state = 'running', why = '', finished_at = NULL, watched_from = {}
    WHERE id = {} AND state = 'done'"""
By = Visitor | User | None


class Meanwhile(Conflict):
    """It is not what was looked at before the launch any more."""


async def launch(campaign: Campaign, by: By, now: datetime) -> Campaign:
    """Begin, or wait until `starts_at`. From now on texts and links stay as they are; the audience of a blast from its
    beginning on, when the engine takes it in. Conflict when a step has no mail; Meanwhile when somebody has changed it,
    or taken it off the schedule, since `campaign` was read: what was looked at is what is launched."""
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        current = await _found(campaign)
        if current.state not in ("draft", "scheduled") or (campaign.state, current.state) == ("draft", "scheduled"):
            return current  # somebody's click was faster
        if (current.state, current.revision) != (campaign.state, campaign.revision):
            raise Meanwhile(MEANWHILE)
        await rows(VERSIONS, campaign.id, current.state == "draft")
        steps = await row(INCOMPLETE, campaign.id)
        if not steps or not steps["n"] or steps["written"] < steps["n"]:
            raise Conflict("Not every step has a mail. Choose a template for each, then launch.")
        at_once = current.starts_at is None or current.starts_at <= now
        state = "running" if at_once else "scheduled"
        launched_by = by.id if by else campaign.launched_by
        if not await row(BEGIN, state, at_once, now, launched_by, now, campaign.id, current.state, current.revision):
            raise Meanwhile(MEANWHILE)
        await _find_links(campaign, now)
        done = ("launched", "Launched") if at_once else ("scheduled", "Scheduled")
        await record(campaign, *done, by)
    return await _found(campaign)


async def pause(campaign: Campaign, by: By, now: datetime, why: str = "") -> Campaign:
    """Nothing more is claimed when this returns; what was claimed before is on its way."""
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        words = why or (f"Paused by {by.name}" if by else "Paused")
        if await row(PAUSE, words, campaign.id):
            await take_back(campaign.id, campaign.organization, now)
            await record(campaign, "paused", "Paused", by, why)
            if why:
                await alert(campaign, "campaign_paused", "was paused", why, now)
    return await _found(campaign)


async def take_back(id: int, organization: int, now: datetime) -> None:
    """What a paused campaign has in the out-tray is due again; inside a transaction."""
    await rows(LOCK_QUEUED, id)
    await withdrawing.hold_back(organization, (SUBJECT, id), PAUSED, now)
    await rows(BACK, id, PAUSED)


async def resume(campaign: Campaign, by: By, now: datetime) -> Campaign:
    """Go on where it was: the same deliveries under the same keys, so nobody gets a mail twice."""
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        if await row(RESUME, now, campaign.id):
            await withdrawing.let_go(campaign.organization, (SUBJECT, campaign.id), now)
            await record(campaign, "resumed", "Resumed", by)
    return await _found(campaign)


async def stop(campaign: Campaign, by: By, now: datetime, why: str = "") -> Campaign:
    """The end of it for everybody who has not had all mails. A scheduled one becomes a draft again."""
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        if await row(UNSCHEDULE, campaign.id):
            await record(campaign, "unscheduled", "Taken off the schedule", by)
        elif await row(STOP, why or (f"Stopped by {by.name}" if by else "Stopped"), now, campaign.id):
            await give_up(campaign.id, campaign.organization, now)
            await record(campaign, "stopped", "Stopped", by, why)
    return await _found(campaign)


async def give_up(id: int, organization: int, now: datetime) -> int:
    """What a stopped campaign has left is not sent any more: the out-tray at once, of the rest a part, which the engine
    repeats until nothing is left. Inside a transaction; how many rows ended."""
    await rows(LOCK_QUEUED, id)
    await withdrawing.give_up(organization, (SUBJECT, id), STOPPED, now)
    ended = len(await rows(GIVE_UP, STOPPED, now, id, PART)) + len(await rows(END_PEOPLE, now, id, PART))
    await rows(COPY, id)
    return ended


async def retry_failed(campaign: Campaign, by: By, now: datetime) -> int:
    """Send once more what failed; how many. What may have arrived is left to a person, mail by mail in the Outbox."""
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        current = await _found(campaign)
        if current.state not in ("running", "paused", "done"):
            raise Conflict("A campaign that was stopped sends nothing more. Nothing was changed.")
        again = await rows(AGAIN, now, campaign.id)
        if again:
            await rows(BACK_IN, [each["enrollment"] for each in again])
            await rows(GO_ON, now, campaign.id)
            await record(campaign, "retried", f"Sends {len(again)} failed mails once more", by)
    return len(again)


async def _find_links(campaign: Campaign, now: datetime) -> None:
    urls: dict[str, None] = {}
    used = [each["version"] for each in await rows(USED, campaign.id)]
    for texts in (await mails.texts_of(campaign.organization, used)).values():
        urls |= dict.fromkeys(rendering.urls(texts))
    await rows(LINK, campaign.organization, campaign.id, now, list(urls))


async def record(campaign: Campaign, verb: str, title: str, by: By, detail: str = "") -> None:
    """A line on its timeline, and a hint to the pages that show it. Inside the transaction of the change."""
    await activity.record(
        campaign.organization, SUBJECT, campaign.id, verb, title, by=by, actor="" if by else "system", detail=detail
    )
    await activity.changed(campaign.organization, "campaigns")


async def alert(campaign: Campaign, name: str, what: str, why: str, now: datetime) -> None:
    """Tell the team that it “was paused”, and why."""
    organization = await Organization.objects().get(Organization.id == campaign.organization)
    assert organization is not None
    await deliveries.queue_alert(
        organization, name, key=f"alert:{name}:{campaign.id}:{int(now.timestamp())}",
        title=f"“{campaign.name}” {what}", lines=[why], href=f"/{organization.slug}/campaigns/{campaign.id}",
        subject=(SUBJECT, campaign.id),
    )  # fmt: skip


async def _found(campaign: Campaign) -> Campaign:
    return await Campaign.get_of(organization_id(campaign.organization), campaign.id)
