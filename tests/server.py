"""One PostgreSQL for the whole run: the embedded one, or TEST_DATABASE_URL. Workers copy a migrated template."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests import canaries

RUN = os.environ.setdefault("BACKDESK_TEST_RUN", str(os.getpid()))  # two runs may share one server
TEMPLATE = f"backdesk_template_{RUN}"
ROOT = Path(__file__).parent.parent


def with_database(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _on_server(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def start() -> tuple[str, Path | None]:
    """Start the server, make the migrated template; (dsn, folder to remove afterwards)."""
    folder = None
    dsn = os.environ.get("TEST_DATABASE_URL", "")
    if not dsn:
        from dashboard import embedded

        folder = Path(tempfile.mkdtemp(prefix="bd"))
        dsn = embedded.start(folder)
        dsn = dsn.replace("//postgres:@", f"//postgres:{canaries.DATABASE_PASSWORD}@")  # not asked for, but carried
        asyncio.run(
            _on_server(
                dsn,
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "SELECT pg_reload_conf()",
            )
        )
    asyncio.run(_on_server(dsn, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)", f"CREATE DATABASE {TEMPLATE}"))
    migrate = "import asyncio; from dashboard.database import migrate; asyncio.run(migrate())"
    env = os.environ | {"DATABASE_URL": with_database(dsn, TEMPLATE), "PYTHONUTF8": "1"}
    subprocess.run([sys.executable, "-c", migrate], check=True, cwd=ROOT, env=env)
    return dsn, folder


def stop(dsn: str, folder: Path | None) -> None:
    asyncio.run(_on_server(dsn, f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)"))
    if folder is not None:
        from dashboard import embedded

        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def log(dsn: str) -> bytes:
    """What the server wrote down, where it is ours to read."""

    async def folder() -> str:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval("SHOW data_directory")
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as beside:
        path = Path(beside.submit(asyncio.run, folder()).result()) / "server.log"
    return path.read_bytes() if path.exists() else b""


def copy(dsn: str, name: str) -> str:
    """A fresh database from the template; its DSN."""
    drop = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
    create = f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"

    async def attempt() -> None:
        for _ in range(50):
            try:
                await _on_server(dsn, drop, create)
                return
            except asyncpg.ObjectInUseError:  # another worker is copying the template this moment
                await asyncio.sleep(0.1)
        await _on_server(dsn, drop, create)

    with ThreadPoolExecutor(1) as beside:  # the caller may have an event loop already
        beside.submit(asyncio.run, attempt()).result()
    return with_database(dsn, name)
