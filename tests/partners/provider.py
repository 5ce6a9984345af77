"""One server that is Stripe, Resend, Telegram and OpenAI at once, told apart by path."""

import argparse
import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import canaries
from tests.partners import vendors
from tests.partners.server import Hang, Read, Reply, Request, Send, Server
from tests.partners.smtp import mail_server

# close, and any status from 300 up: nothing was accepted. All others: accepted and in the journal, then …
AFTER_ACCEPTING = ("slow", "held", "drip", "malformed", "wrong_type", "empty", "html", "huge", "cut")


@dataclass
class Mode:
    name: str
    times: int | None = None
    error: dict[str, Any] | None = None
    retry_after: str | None = "1"
    delay: float = 30.0
    hold: "Hold | None" = None


class Hold:
    """A service that has accepted one request and keeps its answer back, so that a test need not guess how long."""

    def __init__(self) -> None:
        self.asked, self.answer = asyncio.Event(), asyncio.Event()


class Journal:
    """Every accepted send, one JSON line each, on disk before the answer goes out; read again at the start."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[dict[str, Any]] = []
        if path is not None and path.exists():
            self.entries = [json.loads(line) for line in path.read_text().splitlines()]
        self._file = path.open("a") if path is not None else None

    def append(self, *entries: dict[str, Any]) -> None:
        self.entries.extend(entries)
        if self._file is not None:
            self._file.write("".join(json.dumps(entry) + "\n" for entry in entries))
            self._file.flush()
            os.fsync(self._file.fileno())


class Provider(Server):
    def __init__(self, journal: Journal | None = None) -> None:
        super().__init__()
        self.journal = journal or Journal()
        self.requests: list[tuple[str, Request]] = []
        self.objects: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, tuple[Any, bytes]] = {}
        self.writes: Any = None  # what the model makes of a prompt; None: a careful answer
        self._modes: dict[str, Mode] = {}

    def mode(self, service: str, mode: str, times: int | None = None, **more: Any) -> None:
        """From now on, `times` requests (or all) to the service meet this: ok, an HTTP status such as 500 or 429
        (`error`: fields of the vendor's error body, `retry_after`: the header, None for without), close, or one of
        AFTER_ACCEPTING (`delay`: seconds, for slow and between the bytes of drip)."""
        if not (mode in (*AFTER_ACCEPTING, "ok", "close") or mode.isdecimal()):
            raise ValueError(mode)
        self._modes[service] = Mode(mode, times, **more)

    def hold(self, service: str) -> Hold:
        """The next request is accepted and sets `asked`; it is answered once the test sets `answer`."""
        hold = Hold()
        self.mode(service, "held", 1, hold=hold)
        return hold

    def sent(self, service: str) -> list[dict[str, Any]]:
        """What the service accepted: {service, id, key, path, body}."""
        return [entry for entry in self.journal.entries if entry["service"] == service]

    def asked(self, service: str) -> list[Request]:
        """Every request that came, accepted or not."""
        return [request for name, request in self.requests if name == service]

    async def handle(self, request: Request, read: Read, send: Send) -> None:
        if request.path.startswith("/_"):
            await read()
            await send(self._control(request), 0)
            return
        service, vendor = vendors.of(request.path)
        self.requests.append((service, request))
        mode = self._next(service)
        if mode.name == "close":
            raise Hang
        await read()
        if not request.path.endswith("/setWebhook"):  # which is there to tell Telegram a secret
            canaries.look(f"body of a request to {service}", request.body)
        if mode.name.isdecimal():
            status = int(mode.name)
            headers = {"Retry-After": mode.retry_after} if status in (429, 503) and mode.retry_after else {}
            await send(Reply(status, vendors.error(service, status, mode.error), headers), 0)
            return
        reply = vendor(self, request)
        await self._misbehave(mode, reply, send)

    async def _misbehave(self, mode: Mode, reply: Reply, send: Send) -> None:
        if mode.name == "cut":
            raise Hang
        if mode.name == "slow":
            await asyncio.sleep(mode.delay)
        if mode.hold is not None:
            mode.hold.asked.set()
            await mode.hold.answer.wait()
        bodies = {"malformed": b'{"id": "cut of', "wrong_type": b'["not", "an", "object"]', "empty": b""}
        if mode.name in bodies:
            reply = Reply(reply.status, bodies[mode.name])
        if mode.name == "html":
            reply = Reply(reply.status, b"<html>It works!</html>", {"Content-Type": "text/html"})
        if mode.name == "huge":
            reply = Reply(reply.status, b'{"id":"' + b"x" * 10_000_000 + b'"}')
        await send(reply, mode.delay if mode.name == "drip" else 0)

    def _next(self, service: str) -> Mode:
        mode = self._modes.get(service)
        if mode is None or mode.times == 0:
            return Mode("ok")
        if mode.times is not None:
            mode.times -= 1
        return mode

    def _control(self, request: Request) -> Reply:
        """For tests in another process: POST /_mode, POST /_objects, GET /_journal."""
        if request.path == "/_mode":
            self.mode(**request.json)
        elif request.path == "/_objects":
            self.objects[request.json["id"]] = request.json
        return Reply(200, self.journal.entries)


@asynccontextmanager
async def provider(journal: Path | None = None, port: int = 0) -> AsyncIterator[Provider]:
    """A provider on loopback for the length of the block."""
    partner = Provider(Journal(journal))
    await partner.start(port)
    try:
        yield partner
    finally:
        await partner.stop()


async def main() -> None:
    """Prints the port (and that of the mail server) once it listens; runs until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--smtp-port", type=int)
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args()
    async with provider(options.journal, options.port) as partner:
        if options.smtp_port is None:
            print(partner.port, flush=True)
            await asyncio.Event().wait()
        async with mail_server(port=options.smtp_port, journal=partner.journal) as mail:
            print(partner.port, mail.port, flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
