"""On which channels the team is told."""

from dashboard.accounts import credentials
from dashboard.accounts.tables import Organization

TELEGRAM, WHATSAPP = ("telegram", "Team chat"), ("whatsapp", "Team phone")


async def channels(organization: Organization) -> list[tuple[str, str]]:
    """(kind, recipient) of every channel this organization has begun to set up. With none an alert is written for
    Telegram alone: held there, it can be read in the Outbox, and one row is enough."""
    given = await credentials.given(organization.id)
    wanted = [each for each in (TELEGRAM, WHATSAPP) if any(name.startswith(f"{each[0]}_") for name in given)]
    return wanted or [TELEGRAM]


def keys(key: str) -> tuple[str, str]:
    """The keys of one alert's deliveries: the first channel has the alert's own, so that it is there exactly once."""
    return key, f"{key}:second"
