"""`backdesk demo`: a believable sample company on a data directory of its own. Nothing leaves this machine."""

import asyncio
import os
import secrets
from collections.abc import Mapping

from dashboard.commands.surroundings import connected, prepared
from dashboard.settings import read_environment

ADDRESSES = ("owner@demo.example", "agent@demo.example", "viewer@demo.example")


def run() -> int:
    """Fill the sample company the first time, print how to sign in, and serve it."""
    # The address in .env is that of the real desk, and forms sent from another one are refused.
    given = read_environment() | {"BASE_URL": os.environ.get("BASE_URL", "")}
    with prepared(alone(given)) as settings:
        from dashboard.commands import run as server

        asyncio.run(fill(given.get("DEMO_PASSWORD", "")))
        return server.serve(settings)


def alone(given: Mapping[str, str]) -> dict[str, str]:
    """The settings of the demo: as given, but with a data folder and a database of its own, and without leave to send.
    So providers are held to this machine, whatever keys there are: only a stand-in on loopback can be reached."""
    data_dir = os.path.join(given.get("DATA_DIR") or "var", "demo")
    return {**given, "DATA_DIR": data_dir, "DATABASE_URL": "", "ENVIRONMENT": "", "ALLOW_REAL_SENDS": ""}


async def fill(password: str) -> None:
    """Make the company unless it is there, and give its people the password: a given one, or a fresh random one."""
    from dashboard.accounts import passwords
    from dashboard.accounts.tables import Organization, User
    from dashboard.commands.sample import campaigns, company, history, leads, replies, spending, tickets
    from dashboard.database import migrate

    await migrate()
    async with connected():
        shown = password or "-".join(secrets.token_hex(3) for _ in range(3))
        hashed = await passwords.hash(shown)
        if not await Organization.exists().where(Organization.slug == "demo"):
            print("Filling the sample company…", flush=True)
            made = await company.create()
            await history.fill(made)
            await leads.fill(made)
            await spending.fill(made)
            await campaigns.fill(made)
            await tickets.fill(made)
            await replies.fill(made)
        await User.update({User.password_hash: hashed}).where(User.email.is_in(list(ADDRESSES)))
    said = "the password in DEMO_PASSWORD" if password else f"the password  {shown}"
    print(f"Sign in as {', '.join(ADDRESSES[:-1])} or {ADDRESSES[-1]} with {said}", flush=True)
