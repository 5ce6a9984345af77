"""Serve: migrate, print the set-up link on an empty database, then answer requests until told to stop."""

import asyncio
import logging
import signal
import socket
import sys

import uvicorn

from dashboard import clock
from dashboard.accounts import one_time
from dashboard.accounts.tables import User
from dashboard.database import migrate
from dashboard.settings import Settings, SettingsError

GRACE = 5  # seconds for requests under way when the process is told to stop


def serve(settings: Settings) -> int:
    """Run the application in this process. Access is not logged: private links would stand in the log."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for noisy in ("httpx", "httpcore", "apscheduler", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listening = take_address(settings)  # first of all: a second start must not print a link that kills the first one's
    asyncio.run(prepare(settings))
    from dashboard.web import create_app

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings), host=settings.host, port=settings.port, loop="uvloop", http="httptools",
            access_log=False, log_config=None, server_header=False, timeout_graceful_shutdown=GRACE,
            proxy_headers=bool(settings.trusted_proxies), forwarded_allow_ips=settings.trusted_proxies or None,
        )
    )  # fmt: skip
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: None)  # uvicorn raises it once more after its orderly stop
    server.run(sockets=[listening])
    return 0 if server.started else 1


def take_address(settings: Settings) -> socket.socket:
    """The socket to listen on; SettingsError in words when somebody else has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as problem:
        taken.close()
        where = f"{settings.host}, port {settings.port}"
        raise SettingsError(f"Cannot listen on {where}: {problem.strerror}. Stop what is there, or set PORT.") from None
    return taken


async def prepare(settings: Settings) -> None:
    """Bring the schema up to date and say where to go."""
    ran = await migrate()
    if ran:
        print(f"Database: {len(ran)} migrations applied.", flush=True)
    print(f"Backdesk is at {settings.base_url}", flush=True)
    if not await User.exists():
        print(f"\nNobody has an account yet. Open this link once to create the owner and the first organization:\n"
              f"\n    {await set_up_link()}\n", flush=True)  # fmt: skip


async def set_up_link() -> str:
    """A fresh one-time link; an earlier one that was never used dies."""
    await one_time.void("setup", email="")
    return await one_time.issue(await one_time.prepare("setup", clock.now()))
