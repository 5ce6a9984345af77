"""Pages that update themselves: one LISTEN connection per process fans hints out to the open pages."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from math import inf

from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import ServerSentEvent, ServerSentEventMessage

from dashboard import clock
from dashboard.accounts import sessions
from dashboard.accounts.current import CurrentOrganization, CurrentUser, viewer
from dashboard.accounts.sessions import Visitor
from dashboard.accounts.tables import Organization
from dashboard.database import current_engine, row

log = logging.getLogger(__name__)
CHANNEL = "backdesk"
CHECK_EVERY = 2.5  # seconds; with the two between checks, a stream ends within five of the right to it
PROBE_EVERY = 20.0
ROOM = 50
SPREAD = 5.0  # seconds within which visitors' pages look again when hints were missed
THREAD = "chat-"  # how topics begin that are for the visitor of one conversation alone

ALLOWED = """
    SELECT 1 AS one FROM app_session s JOIN app_user u ON u.id = s.user JOIN membership m ON m.user = s.user
    WHERE s.token_hash = {} AND s.expires_at > {} AND s.last_seen_at > {} AND u.disabled_at IS NULL
      AND m.organization = {}"""


class Hub:
    """The open pages of this process, by organization. A page that cannot keep up is told to refresh."""

    def __init__(self) -> None:
        self.pages: dict[int, set[asyncio.Queue[str]]] = {}
        self.threads: dict[str, set[asyncio.Event]] = {}  # the pages of visitors, by their conversation
        self.heard: dict[str, dict[str, float]] = {}  # when a topic was last named, by organization
        self.when: dict[str, asyncio.Event] = {}  # workers of this process that wake on a topic
        self.closing = asyncio.Event()

    def hear(self, payload: str) -> None:
        """A hint `<organization>:<topic>` from the database; `*:<topic>` is for every organization."""
        organization, _, topic = payload.partition(":")
        if topic in self.when:
            self.when[topic].set()
        if topic.startswith(THREAD):
            for news in self.threads.get(topic, ()):
                news.set()
            return
        self.heard.setdefault(organization, {})[topic] = time.time()
        if organization == "*":
            listening = [queue for pages in self.pages.values() for queue in pages]
            if topic == "all":
                self._tell_visitors(within=SPREAD)
        else:
            listening = list(self.pages.get(int(organization), ())) if organization.isdecimal() else []
        for queue in listening:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                topic = "all"
            queue.put_nowait(topic)

    def said_since(self, organization_id: int, moment: float) -> list[str]:
        """The topics that were named for an organization from a moment (Unix time) on."""
        heard = (self.heard.get(str(organization_id), {}) | self.heard.get("*", {})).items()
        return [topic for topic, when in heard if when >= moment]

    @contextlib.contextmanager
    def page(self, organization_id: int):
        queue: asyncio.Queue[str] = asyncio.Queue(ROOM)
        pages = self.pages.setdefault(organization_id, set())
        pages.add(queue)
        try:
            yield queue
        finally:
            pages.discard(queue)

    @contextlib.contextmanager
    def thread(self, topic: str):
        """Set whenever something is new in one conversation. It holds nothing but this while it waits."""
        news = asyncio.Event()
        self.threads.setdefault(topic, set()).add(news)
        try:
            yield news
        finally:
            listening = self.threads[topic]
            listening.discard(news)
            if not listening:
                del self.threads[topic]

    def _tell_visitors(self, within: float = 0.0) -> None:
        """All of them, spread over so many seconds: thousands of pages do not ask at one moment."""
        waiting = [news for listening in self.threads.values() for news in listening]
        for number, news in enumerate(waiting):
            asyncio.get_running_loop().call_later(within * number / len(waiting), news.set)

    def close(self) -> None:
        """Ends every stream, so that the process can stop."""
        self.closing.set()
        self._tell_visitors()
        for pages in self.pages.values():
            for queue in pages:
                with contextlib.suppress(asyncio.QueueFull):
                    queue.put_nowait("")

    async def listen(self) -> None:
        """Hear the database's hints for as long as the process lives; a lost connection is opened again."""
        while not self.closing.is_set():
            try:
                await self._listen_once()
            except Exception as problem:
                log.warning("the live listener lost its connection: %s", type(problem).__name__)
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        gone = asyncio.Event()
        connection = await current_engine().get_new_connection()
        try:
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(CHANNEL, lambda *message: self.hear(message[3]))
            self.hear("*:all")  # what was said while nobody listened is gone: refresh everything
            for waiting in self.when.values():
                waiting.set()
            while not gone.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), PROBE_EVERY)
                    return
                await connection.execute("SELECT 1", timeout=5)  # a network that died says nothing by itself
        finally:
            connection.terminate()


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


async def messages(
    hub: Hub, visitor: Visitor, organization: Organization, since: float = inf
) -> AsyncGenerator[ServerSentEventMessage, None]:
    """Topics that changed since a moment (Unix time), until the person may not see them any more or the process
    stops."""
    checked = time.monotonic()
    with hub.page(organization.id) as queue:
        yield ServerSentEventMessage(comment="open", retry=3000, data=None)
        for missed in hub.said_since(organization.id, since):
            yield ServerSentEventMessage(data=missed)
        while not hub.closing.is_set():
            try:
                topic = await asyncio.wait_for(queue.get(), CHECK_EVERY)
            except TimeoutError:
                topic = None
            if time.monotonic() - checked >= 2:
                if not await _still_allowed(visitor, organization):
                    return
                checked = time.monotonic()
            if topic:
                yield ServerSentEventMessage(data=topic)
            elif topic is None:
                yield ServerSentEventMessage(comment="ping", data=None)


async def _still_allowed(visitor: Visitor, organization: Organization) -> bool:
    """Asked without touching the session: an open page alone does not keep anybody signed in."""
    now = clock.now()
    return bool(await row(ALLOWED, sessions.digest(visitor.token), now, now - sessions.IDLE, organization.id))


@get("/{org:str}/live", name="live", guards=[viewer])
async def stream(
    request: Request, organization: CurrentOrganization, user: CurrentUser, since: FromQuery[float] = inf
) -> ServerSentEvent:
    """The stream behind every open page of an organization. `since` is when the page began to be read."""
    return ServerSentEvent(messages(request.app.state.hub, user, organization, since))
