"""A visitor's page as a browser's script sees it: facts by JSON, streams of events, on a real port."""

import asyncio
import contextlib
from dataclasses import dataclass, replace

import httpx
import uvicorn

from dashboard import live
from dashboard.chat.seats import Seats
from dashboard.web import create_app
from tests import canaries
from tests.running import free_port

PATIENCE = 60  # seconds; a busy machine


@dataclass
class Event:
    type: str
    data: str
    id: str


@contextlib.asynccontextmanager
async def house(settings, seats: Seats | None = None):
    """The application on a port of this process, its listener running; (application, address)."""
    port = free_port()
    app = canaries.watch(
        create_app(replace(settings, port=port, base_url=f"http://127.0.0.1:{port}"), background=False)
    )
    app.state.seats = seats or Seats()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    )
    async with live.running(app.state.hub):
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.02)
        try:
            yield app, f"http://127.0.0.1:{port}"
        finally:
            app.state.hub.close()
            server.should_exit = True
            await serving


class Page:
    """A page in a frame: it names its thread by a header."""

    def __init__(self, client: httpx.AsyncClient, brand: str = "acme", token: str = "") -> None:
        self.client, self.brand, self.token, self.newest = client, brand, token, 0

    def _headers(self, accept: str, **more: str) -> dict[str, str]:
        return {"X-Conversation": self.token, "Accept": accept, "Sec-Fetch-Site": "same-origin"} | more

    async def post(self, path: str, **data) -> httpx.Response:
        answer = await self.client.post(
            f"/chat/{self.brand}/{path}", data=data, headers=self._headers("application/json")
        )
        if answer.status_code == 200 and path != "answer":
            self.token = answer.json()["conversation"]
        return answer

    async def says(self, text: str, key: str = "") -> int:
        """Keep a message; its number."""
        answer = await self.post("messages", message=text, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()["number"]

    async def answer(self, number: int) -> list[Event]:
        headers = self._headers("text/event-stream")
        async with self.client.stream(
            "POST", f"/chat/{self.brand}/answer", data={"number": number}, headers=headers
        ) as stream:
            assert stream.status_code == 200
            return [each async for each in events(stream)]

    @contextlib.asynccontextmanager
    async def following(self):
        """The live stream; yields a function that waits for the next event of a type."""
        headers = self._headers("text/event-stream", **{"Last-Event-ID": str(self.newest)})
        async with self.client.stream("GET", f"/chat/{self.brand}/live", headers=headers) as stream:
            assert stream.status_code == 200, stream.status_code
            coming = events(stream)

            async def next_of(kind: str) -> Event:
                async with asyncio.timeout(PATIENCE):
                    async for each in coming:
                        if each.type == "message":
                            self.newest = int(each.id)
                        if each.type == kind:
                            return each
                raise AssertionError(f"The stream ended before a {kind} came.")

            yield next_of


async def events(stream: httpx.Response):
    """What a stream says, as a browser would read it."""
    event = {"event": "message", "data": [], "id": ""}
    async for line in stream.aiter_lines():
        name, _, text = line.partition(": ")
        if not line:
            if event["data"]:
                yield Event(event["event"], "\n".join(event["data"]), event["id"])
            event = {"event": "message", "data": [], "id": ""}
        elif name == "data" or line == "data:":
            event["data"].append(text)
        elif name in ("event", "id"):
            event[name] = text
