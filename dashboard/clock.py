"""What time it is. One place, so that a test or `backdesk jobs run --at` can travel."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC. Leases alone use the database's clock instead."""
    return datetime.now(UTC)
