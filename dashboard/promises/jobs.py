"""The promises looked after by the clock."""

from collections import Counter
from datetime import datetime

from dashboard.errors import DashboardError
from dashboard.promises.checking import WALKS, check
from dashboard.promises.checks import CHECKS

STATEMENT, WALK = 60.0, 8 * 60.0  # seconds for one question, and for one walk over many rows
NAMED = 4


async def keep_watch(now: datetime) -> dict[str, int]:
    """Look at every promise, within limits. A broken one makes the run fail, which Today shows; every organization
    sees that, so it says what is broken and no rows: `backdesk verify` does."""
    found = await check(STATEMENT, WALK)
    if found.broken:
        kinds = Counter((each.promise, each.sentence) for each in found.broken)
        said = [f"{promise}: {sentence} ({times})" for (promise, sentence), times in kinds.most_common(NAMED)]
        more = f", and {len(kinds) - NAMED} more kinds" if len(kinds) > NAMED else ""
        raise DashboardError(f"Promises broken. {'; '.join(said)}{more}. Run backdesk verify: it names the rows.")
    return {"checked": len(CHECKS) + len(WALKS) - len(found.unchecked), "not_checked": len(found.unchecked)}
