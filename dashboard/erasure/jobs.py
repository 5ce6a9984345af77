"""Forgetting on a clock."""

from datetime import datetime, timedelta

from dashboard import settings
from dashboard.erasure import actions, cleaning, register, retention
from dashboard.leads import words

LOOK_BACK = timedelta(days=3)  # a night may be missed


async def finish_erasures(now: datetime) -> dict[str, int]:
    """Look for the last traces of people who asked to be forgotten."""
    return await actions.finish(now)


async def forget_people(now: datetime) -> dict[str, int]:
    """Forget silent and deleted leads, what senders said since of people who are forgotten, and what is left of both
    on the disk."""
    counts = await retention.forget(now)
    counts["events"] = await actions.forget_news(now, now - LOOK_BACK)
    await register.write(settings.current().data_dir)
    if not await cleaning.due():
        return counts
    counts["words"] = await words.tidy()
    return counts | await cleaning.clean()
