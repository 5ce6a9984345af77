"""The application as a process of its own, on its own database, to be killed, restarted and visited by a browser."""

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from dashboard.commands.simulate import signature
from tests import canaries, server

ROOT = Path(__file__).parent.parent
counter = 0


offered = itertools.count(random.randrange(100))


def free_port() -> int:
    """One that stays free until it is used: below those the system hands out to whoever asks for any, and another range
    for each worker of the run. The nine that follow are free, too."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 20_000 + worker % 12 * 1000 + next(offered) % 100 * 10
        with socket.socket() as found, contextlib.suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port


class Running:
    """One database and data directory; `start` and `kill` processes on it."""

    root, executable = ROOT, sys.executable

    def __init__(self, name: str, **env: str) -> None:
        global counter
        counter += 1
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        database = f"run_{server.RUN}_{worker}_{counter}"
        self.folder = Path(tempfile.mkdtemp(prefix="bdrun"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT),
            "DATABASE_URL": server.copy(os.environ["BACKDESK_TEST_SERVER"], database), "DATA_DIR": str(self.folder),
            "PORT": str(self.port), "STRIPE_WEBHOOK_SECRET": canaries.STRIPE_HOOKS, "AUTH_FROM_EMAIL": "desk@acme.example",
            "INTERNAL_API_SECRET": canaries.EVERY["INTERNAL_API_SECRET"],
        } | env  # fmt: skip
        self.env = {key: value for key, value in self.env.items() if value}
        self.processes: list[subprocess.Popen] = []

    def command(self, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        """Run `backdesk …` beside the application."""
        done = subprocess.run(
            [sys.executable, "-c", "from dashboard.commands import main; main()", *arguments], cwd=ROOT,
            env=self.env | env, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        canaries.look(f"what backdesk {arguments[0]} said", done.stdout + done.stderr)
        return done

    def fill(self, module: str) -> None:
        """Run a module of ours that writes rows into its database."""
        done = subprocess.run(
            [sys.executable, "-m", module], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def start(self, port: int | None = None, wait: bool = True, first: str = "", **env: str) -> subprocess.Popen:
        port = port or self.port
        log = (self.folder / f"server-{port}.log").open("a")
        process = subprocess.Popen(
            [sys.executable, "-c", f"{first}\nfrom dashboard.commands import main; main(['run'])"], cwd=ROOT,
            env=self.env | env | {"PORT": str(port), "BASE_URL": self.url}, stdout=log, stderr=log,
        )  # fmt: skip
        self.processes.append(process)
        if wait:
            self.wait_until_up(process, port)
        return process

    def wait_until_up(self, process: subprocess.Popen, port: int) -> None:
        until = time.monotonic() + 240  # a busy machine; how fast a start is, make bench says
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10)
                return
            if process.poll() is not None:
                raise AssertionError(f"ended with {process.returncode}: {self.log()}")
            time.sleep(0.05)
        raise AssertionError(f"did not come up: {self.log()}")

    def log(self) -> str:
        return "\n".join(path.read_text()[-3000:] for path in self.folder.glob("server-*.log"))

    def post_event(self, event: dict, port: int | None = None, slug: str = "acme") -> int:
        """Post a signed event as Stripe would; the status, or 0 when nobody answered."""
        body = json.dumps(event).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port or self.port}/webhooks/stripe/{slug}", body,
            {"Stripe-Signature": signature(body, canaries.STRIPE_HOOKS, int(time.time()))},
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as problem:
            return problem.code
        except OSError:
            return 0

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise AssertionError("SIGTERM did not end the process within a minute") from None
        for path in self.folder.rglob("*.log"):
            canaries.look(f"{path.name} of a process", path.read_bytes())
        if dsn := self.env.get("DATABASE_URL"):  # an embedded server has ended with its last process
            canaries.look("a dump of a process's database", canaries.dump(dsn))


@contextlib.contextmanager
def running(name: str = "app", **env: str):
    """A database and data directory for processes; they are stopped at the end."""
    its = Running(name, **env)
    try:
        yield its
    finally:
        its.stop()
