"""`backdesk verify`: the promises, checked on live data. Each violation is one line that names the row."""

from dashboard.commands.surroundings import connected
from dashboard.promises.checking import check, violations

__all__ = ["report", "violations"]


async def report() -> int:
    """Print every violation, and what was not looked at; 0 when there is no violation."""
    async with connected():
        found = await check()
    for each in found.broken:
        print(each.line)
    for left in found.unchecked:
        print(f"Not checked: {left}.")
    print(f"{len(found.broken)} violations." if found.broken else "All promises kept.")
    return 1 if found.broken else 0
