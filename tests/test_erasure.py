"""T-E1, the proof: somebody who was forgotten is nowhere: not in a dump, not in PostgreSQL's files or its log, not among
the uploads, in no log of ours, and not in a backup from before, once it is restored."""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests import canaries
from tests.erasure.person import TRACES
from tests.running import ROOT, Running, running
from tests.test_crashes import found, query
from tests.test_restore import an_empty_place

pytestmark = pytest.mark.slow
HEX = re.compile(rb"\\\\x((?:[0-9a-f]{2})+)")  # bytea in a dump


def person(its: Running, *arguments: str) -> str:
    command = [sys.executable, "-m", "tests.erasure.person", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=its.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_job(its: Running, job: str) -> None:
    """By hand, as soon as the clock of the running application is not at it."""
    for _ in range(120):
        done = its.command("jobs", "run", job)
        if "running already" not in done.stderr:
            break
        time.sleep(1)
    assert done.returncode == 0 and "failed" not in done.stdout, done.stdout + done.stderr


def traces_in(content: bytes) -> set[str]:
    text = content.lower()
    return {trace for trace in TRACES if trace.encode() in text or trace.encode("utf-16-le") in text}


def in_dump(its: Running) -> set[str]:
    """As text, with what stands there as hexadecimal numbers read as bytes."""
    dump = canaries.dump(its.env["DATABASE_URL"])
    return traces_in(dump) | traces_in(HEX.sub(lambda match: bytes.fromhex(match[1].decode()), dump))


def in_folder(folder: Path) -> dict[str, set[str]]:
    hits = {}
    for place in folder.rglob("*"):
        try:
            if place.is_file() and (hit := traces_in(place.read_bytes())):
                hits[str(place.relative_to(folder))] = hit
        except FileNotFoundError:
            continue
    return hits


async def in_server(its: Running) -> dict[str, set[str]]:
    """The files of its database, the write-ahead log, and what the server wrote down."""
    [place] = await query(
        its,
        "SELECT current_setting('data_directory') AS folder, oid FROM pg_database WHERE datname = current_database()",
    )
    folder = Path(place["folder"])
    hits = {f"base {name}": hit for name, hit in in_folder(folder / "base" / str(place["oid"])).items()}
    hits |= {f"pg_wal {name}": hit for name, hit in in_folder(folder / "pg_wal").items()}
    log = folder / "server.log"
    return hits | ({"server.log": traces_in(log.read_bytes())} if log.exists() and traces_in(log.read_bytes()) else {})


async def nothing_under_way(its: Running) -> None:
    """What is being sent or handled at the moment of a backup is looked at again by the next process; wait for it, and
    for what is about to be."""
    busy = (
        "SELECT 1 FROM delivery WHERE state = 'sending' OR (state = 'queued' AND due_at <= now()) "
        "UNION ALL SELECT 1 FROM inbound_event WHERE state IN ('waiting', 'processing')"
    )
    async with asyncio.timeout(120):
        while await query(its, busy):
            await asyncio.sleep(0.2)


async def test_somebody_who_was_forgotten_is_nowhere():
    with running() as its, running() as other, tempfile.TemporaryDirectory() as kept:
        found(its)
        its.start()
        await asyncio.to_thread(person, its)
        await nothing_under_way(its)
        backup = its.command("backup", f"{kept}/before")
        assert backup.returncode == 0, backup.stderr
        await query(its, "CHECKPOINT")
        assert in_dump(its) == set(TRACES)
        assert in_folder(its.folder) and any(name.startswith("base") for name in await in_server(its))

        await asyncio.to_thread(person, its, "erase")
        for job in ("finish_erasures", "forget_people"):
            await asyncio.to_thread(run_job, its, job)
        assert in_dump(its) == set()
        assert await in_server(its) == {}
        assert in_folder(its.folder) == {}
        assert its.log() and traces_in(its.log().encode()) == set()

        await an_empty_place(other)
        restored = other.command("restore", f"{kept}/before", "--erasures", str(its.folder / "erasures.jsonl"))
        assert restored.returncode == 0, restored.stdout + restored.stderr
        assert "Forgotten again: 1." in restored.stdout and "All promises kept." in restored.stdout
        assert in_dump(other) == set()
        assert await in_server(other) == {}
        assert in_folder(other.folder) == {}
        again = its.command("backup", f"{kept}/after")
        assert again.returncode == 0 and in_folder(Path(kept) / "after") == {}


async def test_restoring_without_the_register_says_who_is_back():
    with running() as its, running() as other, tempfile.TemporaryDirectory() as kept:
        found(its)
        assert its.command("backup", f"{kept}/b").returncode == 0
        await an_empty_place(other)
        restored = other.command("restore", f"{kept}/b")
        assert restored.returncode == 0 and "No erasures.jsonl was found" in restored.stdout
