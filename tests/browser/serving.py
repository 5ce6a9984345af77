"""The application on a port of this very process, so that a test looks at the rows it made itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import uvicorn
from litestar import Litestar

from dashboard.settings import Settings
from dashboard.web import create_app
from tests import canaries
from tests.running import free_port


@contextlib.asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Litestar, str]]:
    """(application, address); without its background loops: the test drives those."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = canaries.watch(create_app(replace(settings, port=port, base_url=url), background=False))
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1, timeout_keep_alive=60
        )
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield app, url
    finally:
        server.should_exit = True
        await task
