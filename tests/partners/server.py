"""A small HTTP/1.1 server: one request per connection, answered by a handler that may also ask for a fault."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Reply:
    """`body` is sent as JSON unless it is bytes already."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, bytes]:
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = {"Content-Type": "application/json"} | self.headers
        head |= {"Content-Length": str(len(raw)), "Connection": "close"}
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        return "\r\n".join(lines).encode(), raw


class Hang(Exception):
    """Close the connection without a word."""


Read = Callable[[], Awaitable[None]]
Send = Callable[[Reply, float], Awaitable[None]]


class Server:
    """Subclasses answer in `handle(request, read, send)`: `read()` fetches the body, `send(reply, pause)` answers,
    with a pause of so many seconds between single bytes."""

    def __init__(self) -> None:
        self.port = 0
        self._listener: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._listener.wait_closed()

    async def handle(self, request: Request, read: Read, send: Send) -> None:
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            request = parsed((await reader.readuntil(b"\r\n\r\n")).decode())

            async def read() -> None:
                request.body = await reader.readexactly(int(request.headers.get("content-length", "0")))

            async def send(reply: Reply, pause: float = 0) -> None:
                head, raw = reply.encoded()
                writer.write(head)
                for piece in [raw] if not pause else [raw[i : i + 1] for i in range(len(raw))]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)

            await self.handle(request, read, send)
        except (Hang, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def parsed(head: str) -> Request:
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers)
