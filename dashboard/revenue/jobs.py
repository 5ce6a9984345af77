"""What happens to revenue on a clock."""

from datetime import datetime

from dashboard.database import rows
from dashboard.revenue import upkeep


async def make_days(now: datetime) -> dict[str, int]:
    """Make the days anew whose lines have changed, so that pages need not read the journal."""
    found = await rows(
        "SELECT organization FROM revenue_stale UNION SELECT organization FROM revenue_movement_stale ORDER BY 1"
    )
    return {"days": sum([await upkeep.refresh(each["organization"]) for each in found])}
