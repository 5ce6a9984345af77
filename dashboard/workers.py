"""What works in the background of every process: the in-tray, the out-tray, the clock and the live listener."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

from litestar import Litestar

from dashboard import clock, live
from dashboard.accounts import credentials
from dashboard.approvals import drafting, sending
from dashboard.campaigns.batches import OPENING
from dashboard.campaigns.engine.work import Rounds
from dashboard.database import current_engine, translate
from dashboard.deliveries import batches as mail_batches
from dashboard.deliveries import dispatcher, held
from dashboard.deliveries.lanes import Lanes
from dashboard.deliveries.tables import KINDS
from dashboard.leads import batches, engine
from dashboard.runs import actions as runs
from dashboard.runs.clockwork import Clockwork
from dashboard.schedule import SCHEDULE
from dashboard.webhooks import handlers, ledger

log = logging.getLogger(__name__)
SWEEP = 2.0
MEND_EVERY = 5.0
IN_TRAY_WORKERS = 2
BATCH_WORKERS = 2
MAIL_BATCH_WORKERS = 3
DRAFTERS = 2
HOLD_SWEEP = 0.5  # seconds a reply may go out later than its ten
POOL = {"min_size": 2, "max_size": 12}


async def drain_in_tray() -> bool:
    return await ledger.work(handlers.HANDLERS, clock.now())


def drain_out_tray(kind: str, lanes: Lanes) -> Callable[[], Awaitable[bool]]:
    """The step for one kind of delivery: each has a loop of its own, so a slow provider holds up no other."""

    async def step() -> bool:
        return bool(await dispatcher.work(credentials.integrations_for, clock.now(), kind, lanes))

    return step


def hand_over_batches(lanes: Lanes) -> Callable[[], Awaitable[bool]]:
    """Mails of campaigns, many in one call."""

    async def step() -> bool:
        return bool(await mail_batches.work(credentials.integrations_for, clock.now(), lanes))

    return step


def run_campaigns() -> Callable[[], Awaitable[bool]]:
    """People come in, mails go into the out-tray, outcomes come back."""
    rounds = Rounds()

    async def step() -> bool:
        return await rounds.step(clock.now())

    return step


async def mend_out_tray() -> bool:
    """Rescue what a dead worker left behind, and let go what waited for a channel that is connected by now."""
    await dispatcher.rescue(credentials.integrations_for, clock.now())
    await held.release_ready(credentials.integrations_for, clock.now())
    await mail_batches.tidy(clock.now())
    return False


async def draft_replies() -> bool:
    return await drafting.work(credentials.integrations_for, clock.now())


async def send_approved() -> bool:
    return await sending.work(clock.now())


def carry_out_batches(hub: live.Hub) -> Callable[[], Awaitable[bool]]:
    """What was asked for many leads at once; a batch goes on until it is done or the process stops."""

    async def step() -> bool:
        return await engine.work(OPENING, lambda: not hub.closing.is_set())

    return step


class Loops:
    """Steps that are done again and again for as long as the process lives."""

    def __init__(self) -> None:
        self._stopping = False
        self._hints: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, step: Callable[[], Awaitable[bool]], hint: asyncio.Event, every: float = SWEEP) -> None:
        self._hints.append(hint)
        self._tasks.append(asyncio.create_task(self._loop(step, hint, every)))

    async def _loop(self, step: Callable[[], Awaitable[bool]], hint: asyncio.Event, every: float) -> None:
        """Work while there is something due, then wait for a hint or the next sweep. Trouble is tried again."""
        while not self._stopping:
            try:
                hint.clear()
                while not self._stopping and await step():
                    pass
            except Exception as problem:
                if translate(problem) is None:
                    log.exception("a background step failed; it is tried again")
                else:
                    log.warning("a background step waits for the database: %s", type(problem).__name__)
                await asyncio.sleep(1)
            if not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hint.wait(), every)

    async def finish(self, seconds: float = 8) -> None:
        """Let the steps under way end, so that nothing is left half sent; then stop them."""
        self._stopping = True
        for hint in self._hints:
            hint.set()
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


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
    loops = Loops()
    for _ in range(IN_TRAY_WORKERS):
        loops.start(drain_in_tray, app.state.in_tray)
    for kind in KINDS:
        loops.start(drain_out_tray(kind, lanes), app.state.out_tray)
    for _ in range(MAIL_BATCH_WORKERS):
        loops.start(hand_over_batches(lanes), app.state.out_tray)
    hub.when["campaigns"] = asyncio.Event()
    loops.start(run_campaigns(), hub.when["campaigns"])
    said = hub.when.setdefault("conversations", asyncio.Event())
    for _ in range(DRAFTERS):
        loops.start(draft_replies, said)
    loops.start(drafting.tidy, asyncio.Event(), SWEEP)
    loops.start(send_approved, asyncio.Event(), HOLD_SWEEP)
    loops.start(mend_out_tray, asyncio.Event(), MEND_EVERY)
    hub.when[batches.TOPIC] = asyncio.Event()
    for _ in range(BATCH_WORKERS):
        loops.start(carry_out_batches(hub), hub.when[batches.TOPIC])
    leading = asyncio.create_task(clockwork.run())
    restore = _end_streams_on_sigterm(hub)
    try:
        async with live.running(hub):
            yield
    finally:
        restore()
        await asyncio.gather(clockwork.finish(), runs.finish_background(), loops.finish())
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)


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
