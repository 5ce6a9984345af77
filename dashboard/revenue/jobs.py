"""What happens to revenue on a clock."""

from datetime import datetime

from dashboard.database import rows
from dashboard.revenue import daily


async def make_days(now: datetime) -> dict[str, int]:
    """Make the days anew whose lines have changed, so that pages need not read the journal."""
    found = await rows("SELECT DISTINCT organization FROM revenue_stale ORDER BY 1")
    return {"days": sum([await daily.refresh(each["organization"]) for each in found])}
