"""Drafts made from another campaign, thrown away and brought back."""

from datetime import datetime

from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.activity import actions as activity
from dashboard.campaigns import editor
from dashboard.campaigns.tables import CampaignState
from dashboard.database import row, rows, transaction
from dashboard.errors import Conflict

# All that was written, and nothing of what came of it: no start, no test, no winner of a trial.
COPY = """
    INSERT INTO campaign (organization, name, kind, state, why, audience, enrols, new_only, from_name, reply_to,
        window_from, window_to, weekdays, zone, per_hour, per_day, trial, filled_through, tested_content, revision,
        changed_at, changed_by, created_at)
    SELECT organization, {}, kind, 'draft', '', audience, enrols, new_only, from_name, reply_to, window_from, window_to,
        weekdays, zone, per_hour, per_day, trial - 'winner' - 'decided_at' - 'figures', 0, '', 0, {}, {}, {}
    FROM campaign WHERE id = {} RETURNING id"""
STEPS = """
    INSERT INTO campaign_step (organization, campaign, position, day, template, condition, created_at)
    SELECT organization, {}, position, day, template, condition, {} FROM campaign_step WHERE campaign = {}"""
MOVE = """
    UPDATE campaign SET deleted_at = {} WHERE organization = {} AND id = {} AND state = 'draft'
        AND (deleted_at IS NULL) = {} RETURNING name"""


async def duplicate(organization: Organization, id: int, by: Visitor, now: datetime) -> int:
    """A draft with the audience, the steps and the settings of this campaign, whatever became of it; its id."""
    found = await editor.find(organization, id)
    name = f"{found['name'][:112]}, copy"
    async with transaction():
        made = await row(COPY, name, now, by.id, now, id)
        assert made is not None
        await rows(STEPS, made["id"], now, id)
        title = f"Campaign {name} created"
        await activity.record(
            organization, "campaign", made["id"], "created", title, by=by, detail=f"From {found['name']}"
        )
        await activity.changed(organization, "campaigns")
    return made["id"]


async def delete(organization: Organization, id: int, by: Visitor, now: datetime) -> None:
    """Off every page; its templates stay. Conflict for one that was launched. Repeating it changes nothing."""
    async with transaction():
        if gone := await row(MOVE, now, organization.id, id, True):
            title = f"Draft {gone['name']} deleted"
            await activity.record(organization, "campaign", id, "deleted", title, by=by)
            await activity.changed(organization, "campaigns")
            return
        found = await editor.find(organization, id, deleted=True)
        if found["state"] != CampaignState.draft:
            raise Conflict("This campaign was launched. What it did stays to be read. Nothing was changed.")


async def bring_back(organization: Organization, id: int, by: Visitor) -> None:
    """Undo of deleting. Repeating it changes nothing."""
    async with transaction():
        if back := await row(MOVE, None, organization.id, id, False):
            title = f"Draft {back['name']} brought back"
            await activity.record(organization, "campaign", id, "brought_back", title, by=by)
            await activity.changed(organization, "campaigns")
