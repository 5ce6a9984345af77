"""What happens to orders on a clock."""

from datetime import datetime

from dashboard.orders import followups


async def upsell(now: datetime) -> dict[str, int]:
    """Offers what comes next, a week after an order was done."""
    return {"offers": await followups.upsell(now)}


async def follow_up(now: datetime) -> dict[str, int]:
    """Asks about a report, a week after it was handed over."""
    return {"questions": await followups.follow_up(now)}
