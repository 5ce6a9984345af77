import argparse
import getpass
import os
import sys

from dashboard.accounts import actions
from dashboard.campaigns import seeds
from dashboard.commands.surroundings import connected
from dashboard.database import migrate
from dashboard.errors import DashboardError, Invalid


async def create(options: argparse.Namespace) -> int:
    """Create a person who owns an organization; says what is wrong with the input."""
    password = options.password or os.environ.get("BACKDESK_PASSWORD") or getpass.getpass("Password: ")
    await migrate()
    async with connected():
        try:
            user = await actions.create_owner(options.email, options.name, password, options.organization)
            await seeds.plant_everywhere()
        except DashboardError as problem:
            wrong = problem.fields if isinstance(problem, Invalid) else {"organization": problem.message}
            for field, text in wrong.items():
                print(f"{field}: {text}", file=sys.stderr)
            return 2
    print(f"{user.email} owns {options.organization}. Sign in with the password you gave.")
    return 0
