"""The folder of the embedded server: its user, its mode, its first database, the place of its socket."""

import hashlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dashboard.embedded.programs import EmbeddedServerError, binary, group, run, user_name

SYSTEM_USER = "embedded_postgres"
SOCKET = ".s.PGSQL.5432"
INITDB_OPTIONS = (
    *("--username=postgres", "--auth-local=trust", "--auth-host=reject"),
    *("--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C"),
)
LONGEST_SOCKET_PATH = 107  # bytes of sun_path, without the closing NUL


def server_user(folder: Path) -> int | None:
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


def let_through(user: int, *folders: Path) -> None:
    """The server's user may walk through (not list) the folders above its data and its programs."""
    for folder in folders:
        for step in (folder, *folder.parents):
            state = step.stat()
            if state.st_uid != user and not state.st_mode & 0o001:
                step.chmod(state.st_mode & 0o7777 | 0o001)


def initialise(folder: Path, user: int | None) -> None:
    """A new cluster under a temporary name first: a kill half-way leaves nothing that looks like a database."""
    if folder.exists() and any(folder.iterdir()):
        return
    half = folder.with_name("postgres.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if user is not None:
        os.chown(half, user, group(user))
    made = run([str(binary("initdb")), "-D", str(half), *INITDB_OPTIONS], user, half)
    if made.returncode:
        reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EmbeddedServerError(f"A new database could not be made in {folder}: {reason}")
    if folder.exists():
        folder.rmdir()
    half.rename(folder)


def check(folder: Path, user: int | None) -> None:
    """The folder's mode is the server's only door (it trusts every local user), so a wider one is refused."""
    state = folder.stat()
    if state.st_uid != (os.geteuid() if user is None else user):
        owner = user_name(state.st_uid)
        raise EmbeddedServerError(f"{folder} belongs to {owner}. Start as {owner} or root, or choose another DATA_DIR.")
    if state.st_mode & 0o077:
        raise EmbeddedServerError(f"{folder} is open to other users. Close it with: chmod 700 '{folder}'")
    version = folder / "PG_VERSION"
    if not version.exists():
        raise EmbeddedServerError(f"{folder} is not a PostgreSQL folder. Move it away, or choose another DATA_DIR.")
    ours = re.search(r"(\d+)\.", run([str(binary("postgres")), "--version"], None, folder.parent).stdout)
    if ours and version.read_text().strip() != ours[1]:
        raise EmbeddedServerError(
            f"{folder} was made by PostgreSQL {version.read_text().strip()}, this is {ours[1]}. "
            "Back up with the earlier release of Backdesk, then restore the backup with this one."
        )


def socket_dir(folder: Path, user: int | None) -> Path:
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
        let_through(user, short.parent)
    try:
        short.mkdir(mode=0o700)
        os.chown(short, owner, -1)
    except FileExistsError:
        pass
    state = short.lstat()
    if state.st_uid != owner or state.st_mode & 0o170777 != 0o040700:
        raise EmbeddedServerError(
            f"{short} is not a folder only {user_name(owner)} can open. Remove it, then start again."
        )
    return short
