"""`backdesk user`: what Settings → Team does, for whoever runs the installation."""

import argparse
import sys

from dashboard import clock
from dashboard.accounts import access, forms
from dashboard.accounts.tables import User
from dashboard.activity import actions as activity
from dashboard.commands.surroundings import connected
from dashboard.database import migrate, transaction
from dashboard.errors import Conflict

CHANGES = {"disable": access.OFF, "enable": access.ON, "reset-second-factor": access.FACTOR}


async def change(options: argparse.Namespace) -> int:
    """Change the account and record it in every organization the person belongs to; 2 when it cannot be done."""
    await migrate()
    async with connected():
        person = await User.objects().where(User.email == forms.address(options.email)).first()
        if person is None:
            print(f"Nobody has the address {options.email}.", file=sys.stderr)
            return 2
        try:
            print(f"{await _change(person, CHANGES[options.action])}.")
        except Conflict as problem:
            print(problem.message, file=sys.stderr)
            return 2
    return 0


async def _change(person: User, change: access.Change) -> str:
    now = clock.now()
    async with transaction():
        changed = await change.make(person, now)
        said = change.said(person, changed)
        for each in await access.organizations(person) if changed else []:
            await activity.record(each, "organization", each, change.verb, said, detail="On the command line")
    return said
