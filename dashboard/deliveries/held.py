"""What waits because its channel is not connected, and letting it go once it is."""

from datetime import datetime, timedelta

from dashboard.activity import actions as activity
from dashboard.database import rows
from dashboard.deliveries.dispatcher import IntegrationsFor
from dashboard.deliveries.senders import CHANNELS, from_address

FRESH = timedelta(hours=24)
RELEASE = """
    UPDATE delivery SET state = 'queued', why = '', due_at = {} WHERE organization IS NOT DISTINCT FROM {}::bigint
    AND state = 'held' AND kind = ANY({}) AND created_at > {} RETURNING id"""


async def release_held(organization: int | None, kinds: list[str], now: datetime) -> int:
    """A channel was connected: queue what it held for less than 24 hours; older ones wait for a person. How many."""
    released = await rows(RELEASE, now, organization, kinds, now - FRESH)
    if released and organization is not None:
        await activity.changed(organization, "outbox")
    return len(released)


async def release_ready(integrations_for: IntegrationsFor, now: datetime) -> int:
    """Let go what every channel that can be used by now holds: after a change of settings or of the environment."""
    waiting = await rows(
        "SELECT DISTINCT organization, kind FROM delivery WHERE state = 'held' AND created_at > {}", now - FRESH
    )
    released = 0
    for organization in {row["organization"] for row in waiting}:
        outside, address = await integrations_for(organization), await from_address(organization)
        kinds = [row["kind"] for row in waiting if row["organization"] == organization]
        ready = [kind for kind in kinds if not CHANNELS[kind].missing(outside, address)]
        released += await release_held(organization, ready, now) if ready else 0
    return released
