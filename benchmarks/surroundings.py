"""What every benchmark stands on: a PostgreSQL of its own, processes of the application, a client that does little."""

import asyncio
import contextlib
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from dashboard import embedded

ROOT = Path(__file__).parent.parent
SECRET = "whsec_for_the_benchmarks"
KEY = "benchmark key benchmark key 0123456789"


@dataclass
class Place:
    """One database with its data directory, for as long as the benchmarks run."""

    folder: Path
    dsn: str

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.dsn, "DATA_DIR": str(self.folder), "SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET,
        }  # fmt: skip

    def run(self, *statements: str) -> None:
        """Execute statements without a time limit."""

        async def work() -> None:
            connection = await asyncpg.connect(self.dsn)
            try:
                for statement in statements:
                    await connection.execute(statement, timeout=1200)
            finally:
                await connection.close()

        asyncio.run(work())

    def fetch(self, sql: str, *values: object) -> asyncpg.Record:
        """One row."""

        async def work() -> asyncpg.Record:
            connection = await asyncpg.connect(self.dsn)
            try:
                return await connection.fetchrow(sql, *values)
            finally:
                await connection.close()

        return asyncio.run(work())


@contextlib.contextmanager
def place() -> Iterator[Place]:
    """A fresh server with a migrated database; everything is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bdbench"))
    made = Place(folder, embedded.start(folder))
    try:
        migrate = "import asyncio; from dashboard.database import migrate; asyncio.run(migrate())"
        subprocess.run([sys.executable, "-c", migrate], check=True, cwd=ROOT, env=made.env)
        yield made
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def process(where: Place, *arguments: str, **env: str) -> Iterator[tuple[int, subprocess.Popen, float]]:
    """A server of ours, up and answering: (port, process, seconds from start to first answer)."""
    port, began = free_port(), time.perf_counter()
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=where.env | env | {"PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            if started.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"{arguments} did not start")
            time.sleep(0.005)
        yield port, started, time.perf_counter() - began
    finally:
        started.terminate()
        started.wait(20)


def application() -> tuple[str, ...]:
    return ("-c", "from dashboard.commands import main; main(['run'])")


def get(port: int, path: str, cookie: str = "", **headers: str) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie} | headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def timed(port: int, path: str, cookie: str, times: int) -> list[float]:
    """Milliseconds of each of `times` requests, one after the other on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    found = []
    for _ in range(times):
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    connection.close()
    return found


def p(values: list[float], share: int) -> float:
    """The percentile of measured values."""
    return statistics.quantiles(values, n=100)[share - 1]


def memory(pid: int) -> float:
    """Resident megabytes of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0
