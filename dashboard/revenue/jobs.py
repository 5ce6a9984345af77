"""What happens to revenue on a clock."""

from datetime import datetime

from dashboard.accounts.tables import Organization
from dashboard.database import rows
from dashboard.revenue import reports, upkeep


async def make_days(now: datetime) -> dict[str, int]:
    """Make the days anew whose lines have changed, so that pages need not read the journal."""
    found = await rows(
        "SELECT organization FROM revenue_stale UNION SELECT organization FROM revenue_movement_stale "
        "UNION SELECT organization FROM revenue_arrival_stale ORDER BY 1"
    )
    return {"days": sum([await upkeep.refresh(each["organization"]) for each in found])}


async def report(now: datetime) -> dict[str, int]:
    """Mails about the last week, and files of the last week or month, once each; old files go."""
    made = {"mails": 0, "files": 0, "forgotten": await reports.forget(now)}
    wanted = "SELECT organization FROM revenue_summary UNION SELECT organization FROM revenue_export ORDER BY 1"
    for each in await rows(wanted):
        organization = await Organization.objects().get(Organization.id == each["organization"])
        if organization is not None:
            made["mails"] += await reports.summarize(organization, now)
            made["files"] += await reports.export(organization, now)
    return made
