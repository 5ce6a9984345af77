"""Migrations that are killed: forked processes, each of which dies by SIGKILL before the statement it is told.

`python -m tests.dying` reads "DSN N" lines and answers each with one line of JSON: how the process ended, and the
statements it had begun. A fork is fast enough to die at every statement; the code that runs is the code of the start.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import asyncpg

# Reading changes nothing, so dying before it is dying after the statement that came before.
READING = ("SELECT", "SHOW", "SET ", "WITH RECURSIVE TYPEINFO", "WITH RECURSIVE\n    TYPEINFO")


def die_before(number: int, begun: list[str]) -> None:
    """Write down every statement that changes something; kill this process before the `number`-th."""

    def meet(query: str) -> None:
        if query.strip().upper().startswith(READING):
            return
        if len(begun) + 1 == number:
            tell("killed", begun)
            os.kill(os.getpid(), signal.SIGKILL)
        begun.append(" ".join(query.split())[:120])

    real, real_inner = asyncpg.Connection.execute, asyncpg.Connection._execute

    async def execute(self, query, *args, **more):
        if not args:  # with arguments it goes through the other door
            meet(query)
        return await real(self, query, *args, **more)

    async def inner(self, query, *args, **more):
        meet(query)
        return await real_inner(self, query, *args, **more)

    asyncpg.Connection.execute, asyncpg.Connection._execute = execute, inner


def tell(how: str, begun: list[str], problem: str = "") -> None:
    os.write(1, (json.dumps({"how": how, "begun": begun, "problem": problem}) + "\n").encode())


def migrate(dsn: str, number: int) -> None:
    """In the forked process: bring that database up to date, or die on the way."""
    from dashboard import database

    database.current_engine().config["dsn"] = dsn
    begun: list[str] = []
    die_before(number, begun)
    try:
        asyncio.run(database.migrate())
        tell("done", begun)
    except Exception:
        tell("failed", begun, traceback.format_exc()[-1500:])


def serve() -> None:
    from piccolo.apps.migrations.commands.base import BaseMigrationManager

    import dashboard.piccolo_app
    import piccolo_conf

    folder = dashboard.piccolo_app.APP_CONFIG.resolved_migrations_folder_path
    BaseMigrationManager().get_migration_modules(folder)  # loaded once, before the forks
    assert piccolo_conf.DB
    for line in sys.stdin:
        dsn, number = line.split()
        child = os.fork()
        if not child:
            migrate(dsn, int(number))
            os._exit(0)
        os.waitpid(child, 0)


class Starter:
    """The forking process, asked from a test."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.dying"]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, dsn: str, die_before: int = 0) -> dict:
        """Start on that database: `how` is killed, done or failed; `begun` are the statements that change something."""
        assert self._process.stdin and self._process.stdout
        print(dsn, die_before, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve()
