"""Two hundred visitors ask in the chat while the model takes ten seconds: how fast staff pages are meanwhile."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass

from benchmarks.pages import TOKENS, Line
from benchmarks.surroundings import ROOT, Place, application, p, process, timed

VISITORS, QUESTIONS, SLOW = 200, 2, 10.0  # each asks so often; seconds
PROMISE = 1000.0  # ms, p95
PAGES = ("/large/tickets", "/large/approvals", "/large/orders", "/large/today")
ASKED = "How much is the professional audit, and how long does it take?"
BUSY = b"HTTP/1.1 500 Busy\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
READY = """
    UPDATE organization SET support = support || '{"daily_cap_micros": 1000000000000}' WHERE slug = 'small'"""

# Without articles nobody would ask the model.
KNOWS = """
import asyncio
from dashboard import clock
from dashboard.accounts.tables import Organization
from dashboard.commands.surroundings import connected
from dashboard.knowledge import loading

async def load():
    async with connected():
        await loading.load(await Organization.objects().get(Organization.slug == "small"), clock.now())

asyncio.run(load())"""


@dataclass
class Figures:
    """`quiet`: the pages with nobody in the chat. `asked`: how many questions the model had at once, at most."""

    quiet: list[Line]
    busy: list[Line]
    asked: int
    answered: Counter[int]


class SlowModel:
    """A server that takes a question, waits, and says that it is busy."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled at the end: whoever was waiting has gone.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
            await reader.readexactly(length)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.sleep(SLOW)
            finally:
                self.now -= 1
            writer.write(BUSY)
            await writer.drain()
        writer.close()


def run(where: Place) -> Figures:
    """The pages before, and from the first question until the last answer."""
    model, loop = SlowModel(), asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(model.serve, "127.0.0.1", 0), loop).result()
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    where.run(READY)
    subprocess.run([sys.executable, "-c", KNOWS], check=True, cwd=ROOT, env=where.env)
    env = {
        "OPENAI_API_KEY": "sk-benchmark", "OPENAI_MODEL": "slow", "OPENAI_BASE_URL": base,
        "TRUSTED_PROXIES": "127.0.0.1", "PASSWORD_WORK": "least",
    }  # fmt: skip
    cookie = f"__Host-sid={TOKENS['large']}"
    try:
        with process(where, *application(), **env) as (port, _, _):
            quiet = [_line(port, path, cookie, 20) for path in PAGES]
            asked = asyncio.run_coroutine_threadsafe(_all_ask(port), loop)
            took: dict[str, list[float]] = {path: [] for path in PAGES}
            while not asked.done():
                for path in PAGES:
                    took[path] += timed(port, path, cookie, 2)
            busy = [Line(path, p(took[path], 50), p(took[path], 95)) for path in PAGES]
            return Figures(quiet, busy, model.most, Counter(asked.result()))
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)


async def _close(server: asyncio.Server) -> None:
    server.close()
    late = asyncio.all_tasks() - {asyncio.current_task()}
    for each in late:
        each.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def _line(port: int, path: str, cookie: str, times: int) -> Line:
    took = timed(port, path, cookie, times)
    return Line(path, p(took, 50), p(took, 95))


async def _all_ask(port: int) -> list[int]:
    answers = await asyncio.gather(*(_asks(port, number) for number in range(VISITORS)))
    return [status for each in answers for status in each]


async def _asks(port: int, number: int) -> list[int]:
    return [await _ask(port, number) for _ in range(QUESTIONS)]


async def _ask(port: int, number: int) -> int:
    """One question from an address of the visitor's own; the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"message": f"{ASKED} I am number {number}."}).encode()
    head = (
        f"POST /api/support/small/public HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Forwarded-For: 10.7.{number // 250}.{number % 250 + 1}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])
