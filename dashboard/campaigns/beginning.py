"""Scheduled campaigns whose time has come: launched, unless something came up since that lets nothing leave."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.accounts.tables import Organization
from dashboard.campaigns import launching, preflight
from dashboard.campaigns.tables import Campaign
from dashboard.database import row, serialize, transaction

NOT_BEGUN = "UPDATE campaign SET state = 'draft', why = {} WHERE id = {} AND state = 'scheduled' RETURNING id"


async def begin(campaign: Mapping[str, Any], organization: Organization, now: datetime) -> bool:
    """Launch a scheduled campaign whose time has come, or make it a draft again where nothing could be sent any more;
    whether it moved. Asks the provider of mails: not inside a transaction."""
    found = await Campaign.get_of(organization, campaign["id"])
    if found.state != "scheduled" or found.starts_at is None or found.starts_at > now:
        return False
    if why := await preflight.obstacles(organization, found.id, now):
        await _not_begun(found, f"It did not start: {why}.", now)
        return True
    try:
        return (await launching.launch(found, None, now)).state == "running"
    except launching.Meanwhile:
        return False


async def _not_begun(campaign: Campaign, why: str, now: datetime) -> None:
    async with transaction():
        await serialize(f"campaign:{campaign.id}")
        if await row(NOT_BEGUN, why, campaign.id):
            await launching.record(campaign, "not_begun", "Did not start", None, why)
            await launching.alert(campaign, "campaign_not_begun", "did not start", why, now)
