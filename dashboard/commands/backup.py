"""`backdesk backup` and `restore`: one folder with a consistent dump, the files, and a manifest of their sums."""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dashboard import clock, embedded
from dashboard.commands.surroundings import connected
from dashboard.database import rows
from dashboard.settings import Settings

DUMP, MANIFEST, FILES = "database.dump", "manifest.json", "files"


async def backup(settings: Settings, folder: str | None) -> int:
    """Write a new folder; it appears under its name only when everything in it is complete and on disk."""
    began = time.monotonic()
    name = f"{clock.now():%Y-%m-%dT%H%M%SZ}"
    target = Path(folder) if folder else settings.data_dir / "backups" / name
    if target.exists():
        print(f"{target} is there already. Name a folder that is not.", file=sys.stderr)
        return 2
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    if not await _run("pg_dump", settings, "--format=custom", "--file", str(partial / DUMP)):
        return 2
    source = settings.data_dir / FILES
    if source.is_dir():
        await asyncio.to_thread(shutil.copytree, source, partial / FILES)
    manifest = {"made_at": clock.now().isoformat(), "sums": await asyncio.to_thread(_sums, partial)}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1))
    _flush(partial)
    partial.rename(target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"Backup of {size / 1e6:.1f} MB in {time.monotonic() - began:.1f} s: {target}")
    return 0


async def restore(settings: Settings, folder: str, erasures: str | None = None) -> int:
    """Bring a backup into an empty database and files folder, forget again whoever was forgotten after it was made (the
    register of erasures: `erasures`, or the one in DATA_DIR or beside the backup), then check every promise."""
    began, source = time.monotonic(), Path(folder)
    if not (source / MANIFEST).is_file():
        print(f"{source} is no backup: it has no {MANIFEST}.", file=sys.stderr)
        return 2
    expected = json.loads((source / MANIFEST).read_text())["sums"]
    damaged = [name for name, sum in (await asyncio.to_thread(_sums, source)).items() if expected.get(name) != sum]
    if damaged or len(expected) != len(_sums(source)):
        print(f"The backup is damaged or incomplete: {', '.join(damaged[:5]) or 'files are missing'}.", file=sys.stderr)
        return 2
    async with connected():
        used = await rows("SELECT 1 AS one FROM pg_tables WHERE schemaname = 'public' LIMIT 1")
    files = settings.data_dir / FILES
    if used or (files.is_dir() and any(files.iterdir())):
        print("This database or its files folder is not empty. Restore into a new one.", file=sys.stderr)
        return 2
    if not await _run("pg_restore", settings, "--exit-on-error", "--no-owner", "--dbname", "{dsn}", str(source / DUMP)):
        return 2
    if (source / FILES).is_dir():
        await asyncio.to_thread(shutil.copytree, source / FILES, files, dirs_exist_ok=True)
        files.chmod(0o700)
    print(f"Restored in {time.monotonic() - began:.1f} s. Checking…")
    await _forget_again(settings, source, erasures)
    from dashboard.commands import verify

    return await verify.report()


async def _forget_again(settings: Settings, source: Path, erasures: str | None) -> None:
    from dashboard.database import migrate
    from dashboard.erasure import actions, cleaning, register
    from dashboard.leads import words

    near = [settings.data_dir, source.parent, source.parent.parent]
    places = [Path(erasures)] if erasures else [folder / register.FILE for folder in near]
    if not any(place.is_file() for place in places):
        print(f"No {register.FILE} was found: who was forgotten after this backup was made is back. Name the file "
              "with --erasures.")  # fmt: skip
    await migrate()
    async with connected():
        people = await actions.forget_again([*register.read(places), *await register.entries()])
        if people:
            await words.tidy()
            await cleaning.clean()
            print(f"Forgotten again: {people}.")


async def _run(program: str, settings: Settings, *arguments: str) -> bool:
    """Run one of PostgreSQL's programs; the password travels in the environment, never in the arguments."""
    parts = urlsplit(settings.database_url)
    password = parts.password or ""
    without = parts._replace(netloc=parts.netloc.replace(f":{password}@", "@")) if password else parts
    dsn = urlunsplit(without) if password else settings.database_url
    filled = [dsn if argument == "{dsn}" else argument for argument in arguments]
    if dsn not in filled:
        filled = ["--dbname", dsn, *filled]
    env = os.environ | ({"PGPASSWORD": password} if password else {})
    process = await asyncio.create_subprocess_exec(
        str(embedded.binary(program)), *filled, env=env, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    if process.returncode:
        print(f"{program} failed: {errors.decode(errors='replace').strip()[:500]}", file=sys.stderr)
    return process.returncode == 0


def _sums(folder: Path) -> dict[str, str]:
    """sha256 of every file but the manifest, by its name inside the folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
