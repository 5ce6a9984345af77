"""Accepted signed webhooks per second, beside a bare handler that verifies, inserts and commits."""

import asyncio
import json
import time

from benchmarks.surroundings import SECRET, Place, application, process
from dashboard.commands.simulate import signature
from dashboard.integrations import stripe_samples

EVENTS, CONNECTIONS, ROUNDS = 4000, 16, 3


def run(where: Place) -> tuple[float, float]:
    """(ours, bare) per second, each the best of three rounds taken in turn."""
    ours, bare = 0.0, 0.0
    with process(where, *application()) as (port, _, _), process(where, "-m", "benchmarks.bare") as (bare_port, _, _):
        for number in range(ROUNDS):
            ours = max(ours, asyncio.run(post(port, "/webhooks/stripe/small", f"ours{number}")))
            bare = max(bare, asyncio.run(post(bare_port, "/bare", f"bare{number}")))
            where.run("TRUNCATE inbound_event")
    return ours, bare


def requests(path: str, name: str) -> list[bytes]:
    """Signed requests, ready to be written to a socket."""
    now, made = int(time.time()), []
    for number in range(EVENTS):
        event = stripe_samples.event("product.updated", f"{name}{number}", now=now, event_id=f"evt_{name}_{number}")
        event["data"]["object"] |= {"description": "x" * 2000}
        body = json.dumps(event).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Stripe-Signature: {signature(body, SECRET, now)}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def post(port: int, path: str, name: str) -> float:
    """Requests per second over a few keep-alive connections."""
    waiting = requests(path, name)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            writer.write(waiting.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return EVENTS / (time.perf_counter() - began)
