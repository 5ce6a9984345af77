"""The server's process: started, waited for, found among the living, stopped."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from dashboard.embedded.folder import SOCKET
from dashboard.embedded.programs import EmbeddedServerError, as_user, binary, environment, group

LARGEST_LOG = 5_000_000
OPTIONS = {
    "port": "5432",
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Values of rows and statements stay out of the log: they are people's data.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    # A segment of the write-ahead log that was used up is deleted, not kept for reuse with what people were in it.
    "wal_recycle": "off",
}

_children: list[subprocess.Popen[bytes]] = []  # servers started here, kept to reap them


def launch(folder: Path, socket_dir: Path, user: int | None, deadline: float) -> subprocess.Popen[bytes] | None:
    """Start the server and return it, or None when one lives in the folder; what a dead one left is cleared first."""
    while found := living(folder):
        if _main(found):
            return None  # starting or recovering: `wait_until_it_answers` gives it time
        if time.monotonic() > deadline:
            pids = ", ".join(str(process.pid) for process in found)
            raise EmbeddedServerError(f"Workers of a killed PostgreSQL still use {folder}. End them: kill {pids}")
        time.sleep(0.05)  # they leave by themselves, and must before another server may write
    # Nobody is in the folder, so any pid noted here is dead, reused by a stranger, or half-written.
    for left in (folder / "postmaster.pid", socket_dir / f"{SOCKET}.lock", socket_dir / SOCKET):
        left.unlink(missing_ok=True)
    options = OPTIONS | {"unix_socket_directories": str(socket_dir)}
    command = [str(binary("postgres")), "-D", str(folder)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    output = _open_log(folder, user)
    try:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal is for the application, which then stops the server
            **as_user(user, folder),
        )
    finally:
        os.close(output)
    _children.append(server)
    return server


def wait_until_it_answers(folder: Path, uri: str, launched: subprocess.Popen[bytes] | None, deadline: float) -> None:
    """Until the server really answers; recovery after a crash may take a while."""
    while asked(uri) != str(folder):
        if launched.poll() is not None if launched else not living(folder):
            raise EmbeddedServerError(f"PostgreSQL in {folder} ended at its start: {_last_words(folder)}")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"PostgreSQL in {folder} does not answer yet ({_last_words(folder)}). "
                f"If it is recovering, start again in a minute; else look into {log(folder)}."
            )
        time.sleep(0.02)


def end(folder: Path, deadline: float) -> bool:
    """Fast stop: open transactions are rolled back, then a clean shutdown. True if there was a server."""
    main = _main(living(folder))
    for process in main:
        process.send_signal(signal.SIGINT)
    while living(folder):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"The embedded PostgreSQL in {folder} did not stop. Look into {log(folder)}.")
        time.sleep(0.02)
    return bool(main)


def living(folder: Path) -> list[psutil.Process]:
    """The living processes of a server in this folder: PostgreSQL's processes all work inside their data folder."""
    _children[:] = [child for child in _children if child.poll() is None]  # reap the dead, or they would look alive
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        info = process.info
        if info["name"] == "postgres" and info["cwd"] == str(folder) and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _main(found: list[psutil.Process]) -> list[psutil.Process]:
    """The server itself among its processes: its workers call themselves `postgres: what they do`."""
    main = []
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            if not " ".join(process.cmdline()).startswith("postgres:"):
                main.append(process)
    return main


def asked(uri: str) -> str:
    """The data folder of the server at the address, in its own words; empty when it does not answer."""
    command = [str(binary("psql")), "-XAtwd", uri, "-c", "SHOW data_directory"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=environment())
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout.strip()


def log(folder: Path) -> Path:
    return folder / "server.log"


def _open_log(folder: Path, user: int | None) -> int:
    path = log(folder)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_name("server.log.1"))
    output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if user is not None:
        os.fchown(output, user, group(user))
    return output


def _last_words(folder: Path) -> str:
    try:
        lines = log(folder).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "its log is empty"
