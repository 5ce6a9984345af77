"""What works in the background of every process: the in-tray, the out-tray, the clock and the live listener."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

from litestar import Litestar

from dashboard import clock, live
from dashboard.accounts import credentials
from dashboard.database import current_engine
from dashboard.deliveries import dispatcher, held
from dashboard.deliveries.lanes import Lanes
from dashboard.deliveries.tables import KINDS
from dashboard.runs import actions as runs
from dashboard.runs.clockwork import Clockwork
from dashboard.schedule import SCHEDULE
from dashboard.webhooks import handlers, ledger

log = logging.getLogger(__name__)
SWEEP = 2.0
MEND_EVERY = 5.0
POOL = {"min_size": 2, "max_size": 12}


async def drain_in_tray() -> bool:
    return await ledger.work(handlers.HANDLERS, clock.now())


def drain_out_tray(kind: str, lanes: Lanes) -> Callable[[], Awaitable[bool]]:
    """The step for one kind of delivery: each has a loop of its own, so a slow provider holds up no other."""

    async def step() -> bool:
        return bool(await dispatcher.work(credentials.integrations_for, clock.now(), kind, lanes))

    return step


async def mend_out_tray() -> bool:
    """Rescue what a dead worker left behind, and let go what waited for a channel that is connected by now."""
    await dispatcher.rescue(credentials.integrations_for, clock.now())
    await held.release_ready(credentials.integrations_for, clock.now())
    return False


async def loop(step: Callable[[], Awaitable[bool]], hint: asyncio.Event, every: float = SWEEP) -> None:
    """Work while there is something due, then wait for a hint or the next sweep. Trouble is logged and tried again."""
    while True:
        try:
            hint.clear()
            while await step():
                pass
        except Exception:
            log.exception("a background step failed; it is tried again")
            await asyncio.sleep(1)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(hint.wait(), every)


@contextlib.asynccontextmanager
async def pool(app: Litestar) -> AsyncIterator[None]:
    """Connections are pooled for as long as the application runs."""
    await current_engine().start_connection_pool(**POOL)
    try:
        yield
    finally:
        await current_engine().close_connection_pool(seconds=3)


@contextlib.asynccontextmanager
async def background(app: Litestar) -> AsyncIterator[None]:
    """The loops and the clock. On SIGTERM streams end first, then steps under way finish."""
    hub: live.Hub = app.state.hub
    lanes = Lanes()
    hub.when["outbox"] = app.state.out_tray
    clockwork = Clockwork(SCHEDULE, lambda job, due_at: runs.run(job, clock.now(), due_at=due_at), clock.now)
    app.state.clockwork = clockwork
    tasks = [
        asyncio.create_task(loop(drain_in_tray, app.state.in_tray)),
        asyncio.create_task(loop(drain_in_tray, app.state.in_tray)),
        *(asyncio.create_task(loop(drain_out_tray(kind, lanes), app.state.out_tray)) for kind in KINDS),
        asyncio.create_task(loop(mend_out_tray, asyncio.Event(), MEND_EVERY)),
        asyncio.create_task(clockwork.run()),
    ]
    restore = _end_streams_on_sigterm(hub)
    try:
        async with live.running(hub):
            yield
    finally:
        restore()
        await asyncio.gather(clockwork.finish(), runs.finish_background())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_streams_on_sigterm(hub: live.Hub) -> Callable[[], None]:
    """uvicorn waits for open streams before it tells the lifespan; so they must hear of the signal themselves."""
    loop = asyncio.get_running_loop()
    try:
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        for number, previous in before.items():

            def handle(received, frame, previous=previous):
                loop.call_soon_threadsafe(hub.close)
                if callable(previous):
                    previous(received, frame)

            signal.signal(number, handle)
    except ValueError:  # not the main thread: whoever runs us handles signals
        return lambda: None

    def restore() -> None:
        for number, previous in before.items():
            signal.signal(number, previous)

    return restore
