"""`backdesk knowledge load`: articles and synonyms from the folder knowledge-base into one organization."""

import sys

from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.commands.surroundings import connected
from dashboard.database import migrate
from dashboard.knowledge import loading


async def load(slug: str) -> int:
    """Take in what is new or changed and say what that was; 1 when there is no such organization."""
    await migrate()
    async with connected():
        found = await first(slug)
        if found is None:
            print("There is no such organization. Nothing was loaded.", file=sys.stderr)
            return 1
        counts = await loading.load(found, clock.now())
    print(
        f"{found.name}: {counts['made']} articles made, {counts['renewed']} renewed, {counts['unchanged']} unchanged, "
        f"{counts['kept']} left as they were edited, {counts['synonyms']} synonyms known."
    )
    return 0


async def first(slug: str = "") -> Organization | None:
    """The organization of that name, or without one the first."""
    every = Organization.objects().order_by(Organization.id)
    return await (every.where(Organization.slug == slug) if slug else every).first()
