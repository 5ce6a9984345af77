"""`backdesk revenue rebuild`: make the sums of all days anew from the journal and the leads."""

import argparse
import sys
import time

from dashboard.accounts.tables import Organization
from dashboard.commands.surroundings import connected
from dashboard.revenue import upkeep


async def rebuild(options: argparse.Namespace) -> int:
    """Of one organization, or of all."""
    async with connected():
        wanted = Organization.objects().order_by(Organization.id)
        found = await (wanted.where(Organization.slug == options.organization) if options.organization else wanted)
        if not found:
            print("There is no such organization. Name its slug, as in its addresses.", file=sys.stderr)
            return 2
        for organization in found:
            began = time.monotonic()
            days = await upkeep.rebuild(organization.id)
            print(f"{organization.slug}: {days} days made anew in {time.monotonic() - began:.1f} s")
    return 0
