"""How soon a person answers, said only where it is known."""

from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.accounts.tables import Organization
from dashboard.tickets import due, statistics

DAYS, FEWEST = 30, 3  # what "usually" means: the median of that many days, from that many replies on


async def office(organization: Organization, now: datetime) -> tuple[bool, datetime | None]:
    """Whether somebody works now, and until when; else when somebody is back, None if nobody ever works."""
    hours = (await due.load(organization)).hours
    begin, end = next(hours.spans(now), (None, None))
    return (True, end) if begin is not None and begin <= now else (False, begin)


async def people(organization: Organization, now: datetime) -> str:
    """people until 17:00; people from Mon 09:00."""
    opened, when = await office(organization, now)
    if when is None:
        return "people by appointment"
    local = when.astimezone(ZoneInfo(organization.time_zone))
    today = local.date() == now.astimezone(ZoneInfo(organization.time_zone)).date()
    return f"people {'until' if opened else 'from'} {'' if today else f'{local:%a} '}{local:%H:%M}"


async def usual(organization: Organization, now: datetime) -> str:
    """Usually within 18 min."""
    opened, when = await office(organization, now)
    if not opened:
        local = when.astimezone(ZoneInfo(organization.time_zone)) if when else None
        return f"Somebody is back on {local:%A} at {local:%H:%M}." if local else ""
    found = await statistics.summary(organization, now, DAYS)
    return f"Usually within {found['first_reply']}." if found["replied"] >= FEWEST else ""
