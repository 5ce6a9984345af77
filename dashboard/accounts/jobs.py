from datetime import datetime, timedelta

from dashboard.accounts import sessions
from dashboard.accounts.tables import Attempt, OneTimeToken


async def forget_sessions(now: datetime) -> dict[str, int]:
    """Delete sessions, one-time links and counted tries that are over."""
    ended = await sessions.forget_ended(now)
    links = (
        await OneTimeToken.delete().where(OneTimeToken.expires_at < now - timedelta(days=7)).returning(OneTimeToken.id)
    )
    await Attempt.delete().where(Attempt.window_ends_at < now - timedelta(days=1))
    return {"sessions": ended, "links": len(links)}
