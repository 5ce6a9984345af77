"""Keeping disk and database in step."""

from datetime import datetime

from dashboard import clock
from dashboard.database import rows
from dashboard.files import storage


async def sweep(now: datetime) -> dict[str, int]:
    """Delete bytes without a row and unfinished uploads, once they are an hour old. The disk's own clock decides, so
    that travelling in time never takes an upload from under its sender."""
    found = storage.older_than(min(now, clock.now()) - storage.STALE)
    removed = 0
    for start in range(0, len(found), 500):
        batch = found[start : start + 500]
        kept = await rows("SELECT storage_key FROM file WHERE storage_key = ANY({})", batch)
        known = {row["storage_key"] for row in kept}
        for key in set(batch) - known:
            await storage.delete(key)
            removed += 1
    return {"removed": removed}
