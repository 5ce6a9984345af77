"""Pages that update themselves: one LISTEN connection per process fans hints out to the open pages."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator

from litestar import Request, get
from litestar.response import ServerSentEvent, ServerSentEventMessage

from dashboard import clock
from dashboard.accounts import sessions
from dashboard.accounts.current import CurrentOrganization, CurrentUser, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Membership, Organization
from dashboard.database import current_engine

log = logging.getLogger(__name__)
CHANNEL = "backdesk"
CHECK_EVERY = 4.0
ROOM = 50


class Hub:
    """The open pages of this process, by organization. A page that cannot keep up is told to refresh."""

    def __init__(self) -> None:
        self.pages: dict[int, set[asyncio.Queue[str]]] = {}
        self.when: dict[str, asyncio.Event] = {}  # workers of this process that wake on a topic
        self.closing = asyncio.Event()

    def hear(self, payload: str) -> None:
        """A hint `<organization>:<topic>` from the database."""
        organization, _, topic = payload.partition(":")
        if topic in self.when:
            self.when[topic].set()
        if organization.isdecimal():
            for queue in self.pages.get(int(organization), ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(topic)

    @contextlib.contextmanager
    def page(self, organization_id: int):
        queue: asyncio.Queue[str] = asyncio.Queue(ROOM)
        pages = self.pages.setdefault(organization_id, set())
        pages.add(queue)
        try:
            yield queue
        finally:
            pages.discard(queue)

    def close(self) -> None:
        """Ends every stream, so that the process can stop."""
        self.closing.set()
        for pages in self.pages.values():
            for queue in pages:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait("")

    async def listen(self) -> None:
        """Hear the database's hints for as long as the process lives; a lost connection is opened again."""
        while not self.closing.is_set():
            gone = asyncio.Event()
            try:
                connection = await current_engine().get_new_connection()
                connection.add_termination_listener(lambda _, gone=gone: gone.set())
                await connection.add_listener(CHANNEL, lambda *message: self.hear(message[3]))
                for organization in list(self.pages):
                    self.hear(f"{organization}:all")  # what was said while nobody listened is gone: refresh everything
                await gone.wait()
            except (OSError, Exception) as problem:
                log.warning("the live listener lost its connection: %s", type(problem).__name__)
            await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.listen())
    try:
        yield
    finally:
        hub.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def messages(hub: Hub, visitor: Visitor, organization: Organization) -> AsyncGenerator[ServerSentEventMessage, None]:
    """Topics that changed, until the person may not see them any more or the process stops."""
    yield ServerSentEventMessage(comment="open", retry=3000, data=None)
    with hub.page(organization.id) as queue:
        while not hub.closing.is_set():
            try:
                topic = await asyncio.wait_for(queue.get(), CHECK_EVERY)
            except TimeoutError:
                topic = None
            if not await _still_allowed(visitor, organization):
                return
            if topic:
                yield ServerSentEventMessage(data=topic)
            elif topic is None:
                yield ServerSentEventMessage(comment="ping", data=None)


async def _still_allowed(visitor: Visitor, organization: Organization) -> bool:
    if await sessions.find(visitor.token, clock.now()) is None:
        return False
    return await Membership.exists().where(
        Membership.user == visitor.id, Membership.organization == organization.id
    )


@get("/{org:str}/live", name="live", guards=[viewer])
async def stream(request: Request, organization: CurrentOrganization, user: CurrentUser) -> ServerSentEvent:
    """The stream behind every open page of an organization."""
    return ServerSentEvent(messages(request.app.state.hub, user, organization))
